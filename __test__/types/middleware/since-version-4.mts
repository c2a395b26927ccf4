/** Code written for http-proxy-middleware 4. Compiled with its types, and with ours in their place; never run. */

import type * as http from 'node:http';
import type * as net from 'node:net';
import { Hono } from 'hono';
import { createProxyMiddleware, definePlugin } from 'http-proxy-middleware';
import type { Filter, OnProxyEvent, Options } from 'http-proxy-middleware';
import { createHonoProxyMiddleware } from 'http-proxy-middleware/hono';

const target = 'http://127.0.0.1:9000';

createProxyMiddleware({ target, pathFilter: (path) => path.match(/^\/a/) });
createProxyMiddleware({ target, pathFilter: (path) => (path === '/' ? 'yes' : null) });
const matching: Filter = (path) => path.match(/x/);
createProxyMiddleware({ target, pathFilter: matching });

createProxyMiddleware({
  target,
  pathRewrite: (path, req, res, options) => {
    if (options) options.headers = { 'x-a': req.url ?? '' };
    res?.setHeader('x-b', '1');
    return path;
  },
});
createProxyMiddleware({
  router: (req, res, options) => {
    options.secure = false;
    res?.setHeader('x-b', '1');
    return `http://${req.headers.host}`;
  },
});
createProxyMiddleware({ router: async (req, _res, options) => `${options.target ?? req.url}` });

const plugin = definePlugin((proxyServer, options) => {
  proxyServer.on('error', (error, req) => void [error.message, req?.url]);
  void options.router;
});
createProxyMiddleware({ target, plugins: [plugin] });

const on: OnProxyEvent = {
  error: (error, req, res) => void [error.message, req.url, res],
  proxyReqWs: (proxyReq, req, socket, options, head) => {
    head satisfies Buffer;
    socket satisfies net.Socket;
    void [proxyReq.path, req.url, options.target];
  },
  proxyRes: async (proxyRes) => {
    proxyRes satisfies http.IncomingMessage;
  },
};
createProxyMiddleware({ target, on });
createProxyMiddleware({ target, followRedirects: 5 } satisfies Options);

new Hono().use('/api/*', createHonoProxyMiddleware({ target, pathFilter: '/api' }));

// @ts-expect-error an event that does not exist
createProxyMiddleware({ target, on: { proxyRequest: () => {} } });
// @ts-expect-error a router gives a target
createProxyMiddleware({ target, router: () => undefined });
// @ts-expect-error a plugin is a function
definePlugin('x');
// @ts-expect-error options are needed
createHonoProxyMiddleware();
