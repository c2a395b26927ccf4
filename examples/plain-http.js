'use strict';

const http = require('node:http');
const { createProxyServer } = require('rs-proxy-middleware');

const proxy = createProxyServer({
  target: process.env.TARGET ?? 'http://localhost:9000',
  xfwd: true,
});

proxy.on('proxyRes', (proxyRes) => {
  proxyRes.headers['x-proxied-by'] = 'example';
});

proxy.on('error', (error, req, res) => {
  if (res.headersSent) return;
  res.statusCode = error.status ?? 502;
  res.end(`The service cannot be reached: ${error.code}\n`);
});

const server = http.createServer((req, res) => proxy.web(req, res));
server.listen(process.env.PORT ?? 8000, () => {
  console.log(`Listening on port ${server.address().port}`);
});
