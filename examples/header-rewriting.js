'use strict';

/** Rewrites header fields both ways: of the request before the target gets it, of the response before the client gets it. */

const http = require('node:http');
const { createProxyServer } = require('rs-proxy-middleware');

const proxy = createProxyServer({
  target: process.env.TARGET ?? 'http://localhost:9000',
  // The same for every request; what depends on the request is a listener's work.
  headers: { 'x-gateway': 'example' },
});

proxy.on('proxyReq', (proxyReq, req) => {
  proxyReq.setHeader('x-request-path', req.url);
  proxyReq.removeHeader('cookie');
});

proxy.on('proxyRes', (proxyRes) => {
  delete proxyRes.headers['x-powered-by'];
  proxyRes.headers['cache-control'] = 'no-store';
});

const server = http.createServer((req, res) => proxy.web(req, res));
server.listen(process.env.PORT ?? 8000, () => {
  console.log(`Listening on port ${server.address().port}`);
});
