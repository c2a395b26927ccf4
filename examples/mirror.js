'use strict';

/** Sends each request to a second place as well, whose answers nobody sees: to try a new version with real traffic, for instance. */

const http = require('node:http');
const { createProxyServer } = require('rs-proxy-middleware');

const MIRROR = new URL(process.env.MIRROR ?? 'http://localhost:9001');

const proxy = createProxyServer({
  target: process.env.TARGET ?? 'http://localhost:9000',
  forward: MIRROR,
});

proxy.on('error', (error, req, res, target) => {
  console.error(`${target.href}: ${error.message}`);
  // Clients are not to suffer from a mirror that fails.
  if (target.href === MIRROR.href || res.headersSent) return;
  res.writeHead(error.status ?? 502, { 'content-type': 'text/plain' });
  res.end(`The target cannot be reached: ${error.code}\n`);
});

const server = http.createServer((req, res) => proxy.web(req, res));
server.listen(process.env.PORT ?? 8000, () => {
  console.log(`Listening on port ${server.address().port}`);
});
