'use strict';

/** Tells the client in its own words what went wrong, and the operator why. */

const http = require('node:http');
const { createProxyServer } = require('rs-proxy-middleware');

const MESSAGES = {
  400: 'The request cannot be understood.',
  502: 'The service cannot be reached.',
  503: 'The gateway is overloaded.',
  504: 'The service takes too long.',
};

const proxy = createProxyServer({
  target: process.env.TARGET ?? 'http://localhost:9000',
  connectTimeout: 1000,
  proxyTimeout: Number(process.env.PROXY_TIMEOUT ?? 5000),
});

proxy.on('error', (error, req, res) => {
  console.error(`${req.method} ${req.url}: ${error.code} (${error.phase}): ${error.message}`);
  // Half a response was sent; the proxy has broken it off.
  if (res.headersSent) return;
  const status = error.status ?? 500;
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(`${JSON.stringify({ status, code: error.code, message: MESSAGES[status] ?? 'Sorry.' })}\n`);
});

proxy.on('econnreset', (error, req) => {
  console.error(`${req.method} ${req.url}: the client did not wait for the answer`);
});

const server = http.createServer((req, res) => proxy.web(req, res));
server.listen(process.env.PORT ?? 8000, () => {
  console.log(`Listening on port ${server.address().port}`);
});
