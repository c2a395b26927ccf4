/** The middleware's types, in the frameworks that take it. Compiled, never run. */

import * as http from 'node:http';
import express from 'express';
import { createProxyMiddleware } from 'rs-proxy-middleware';

const app = express();
app.use('/api', createProxyMiddleware({ target: 'http://127.0.0.1:9000', changeOrigin: true }));

app.use(
  createProxyMiddleware<express.Request, express.Response>({
    target: 'http://127.0.0.1:9000',
    on: {
      proxyReq: (proxyReq, req, res) => {
        proxyReq satisfies http.ClientRequest;
        proxyReq.setHeader('x-path', req.originalUrl);
        res satisfies express.Response;
      },
      proxyRes: (proxyRes, req, res) => {
        proxyRes.headers['x-status'] = String(proxyRes.statusCode);
        req satisfies express.Request;
        res satisfies express.Response;
      },
      error: (error) => {
        error satisfies Error;
      },
    },
  }),
);

const proxy = createProxyMiddleware({ target: 'http://127.0.0.1:9000' });
http.createServer((req, res) => {
  void proxy(req, res);
  void proxy(req, res, (error) => {
    void error;
  });
});

// @ts-expect-error an event that does not exist
createProxyMiddleware({ target: 'http://127.0.0.1:9000', on: { proxyRequest: () => {} } });
