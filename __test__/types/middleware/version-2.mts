/** Code written for http-proxy-middleware 2. Compiled with its types, and with those of our `legacy` in their place; never run. */

import type * as http from 'node:http';
import express from 'express';
import { createProxyMiddleware, fixRequestBody, responseInterceptor } from 'http-proxy-middleware-2';
import type { Filter, Options, RequestHandler } from 'http-proxy-middleware-2';

const target = 'http://127.0.0.1:9000';
const app = express();

app.use(createProxyMiddleware({ target }));
app.use(createProxyMiddleware('/api', { target, changeOrigin: true }));
app.use('/api', createProxyMiddleware('http://127.0.0.1:9000/api'));
app.use(createProxyMiddleware(['/api', '/ajax'], { target }));
app.use(createProxyMiddleware(['/api/**', '!**/bad.json'], { target }));
const byFunction: Filter = (path, req) => path.startsWith('/') && req.method === 'GET';
const handler: RequestHandler = createProxyMiddleware(byFunction, { target, ws: true });
app.use(handler);

const options: Options = {
  target,
  pathRewrite: { '^/api': '' },
  router: { 'a.test': target },
  logLevel: 'silent',
  logProvider: () => console,
  onError: (error, req, res) => {
    res.writeHead(500, { 'Content-Type': 'text/plain' });
    res.end(`${error.message} ${req.url}`);
  },
  onProxyReq: (proxyReq, req) => {
    proxyReq.setHeader('x-url', req.url);
  },
  onProxyRes: (proxyRes, req, res) => {
    proxyRes.headers['x-added'] = req.url;
    void res.headersSent;
  },
  onProxyReqWs: (proxyReq) => void proxyReq.path,
  onOpen: (proxySocket) => void proxySocket.destroyed,
  onClose: (_proxyRes, proxySocket) => void proxySocket.destroyed,
};
createProxyMiddleware(options);
createProxyMiddleware({ target, pathRewrite: async (path) => path, router: async () => target });
createProxyMiddleware({ target, onProxyReq: fixRequestBody });
createProxyMiddleware({
  target,
  selfHandleResponse: true,
  onProxyRes: responseInterceptor(async (buffer, proxyRes, req, res) => {
    proxyRes satisfies http.IncomingMessage;
    res.setHeader('x-url', req.url ?? '');
    return buffer;
  }),
});

// @ts-expect-error a level that does not exist
createProxyMiddleware({ target, logLevel: 'loud' });
// @ts-expect-error a listener is a function
createProxyMiddleware({ target, onProxyReq: 5 });
// @ts-expect-error a context is no number
createProxyMiddleware(5, { target });
