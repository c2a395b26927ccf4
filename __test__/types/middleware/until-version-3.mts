/** Code written for version 3's bridge to version 2. Compiled with its types, and with ours in their place; never run. */

import express from 'express';
import { legacyCreateProxyMiddleware } from 'http-proxy-middleware-3';
import type { LegacyOptions } from 'http-proxy-middleware-3';
import type { Filter, Options, Plugin } from 'http-proxy-middleware-3/dist/types.js';

const target = 'http://127.0.0.1:9000';
const app = express();

app.use(legacyCreateProxyMiddleware({ target }));
app.use(legacyCreateProxyMiddleware('/api', { target, changeOrigin: true }));
app.use(legacyCreateProxyMiddleware(['/api', '/ajax'], { target }));
app.use(legacyCreateProxyMiddleware((path, req) => path === '/' && req.method === 'GET', { target }));

const options: LegacyOptions = {
  target,
  logLevel: 'debug',
  logProvider: () => console,
  onError: (error, req, res) => void [error.message, req.url, res],
  onProxyReq: (proxyReq, req, res) => {
    proxyReq.setHeader('x-url', req.url ?? '');
    void res.headersSent;
  },
  onProxyRes: (proxyRes) => {
    proxyRes.headers['x-added'] = 'foobar';
  },
  onProxyReqWs: (proxyReq, _req, socket) => void [proxyReq.path, socket.destroyed],
  onOpen: (proxySocket) => void proxySocket.destroyed,
  onClose: (_proxyRes, proxySocket) => void proxySocket.destroyed,
  pathRewrite: { '^/api': '' },
};
legacyCreateProxyMiddleware(options);

const filter: Filter = '/api';
const plugin: Plugin = () => {};
const today: Options = { target, pathFilter: filter, plugins: [plugin] };
legacyCreateProxyMiddleware(today);

// @ts-expect-error a listener is a function
legacyCreateProxyMiddleware({ target, onProxyReq: 5 });
// @ts-expect-error a context is no number
legacyCreateProxyMiddleware(5, { target });
