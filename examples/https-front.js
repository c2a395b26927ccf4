'use strict';

/** HTTPS towards the clients, plain HTTP towards the target. */

const { createProxyServer } = require('rs-proxy-middleware');
const { certificate } = require('./support/certificate.js');

const proxy = createProxyServer({
  target: process.env.TARGET ?? 'http://localhost:9000',
  ssl: certificate(),
  // The target cannot see that the client came over HTTPS, so it is told.
  xfwd: true,
});

proxy.on('error', (error, req, res) => {
  if (res.headersSent) return;
  res.writeHead(error.status ?? 502, { 'content-type': 'text/plain' });
  res.end(`The target cannot be reached: ${error.code}\n`);
});

proxy.listen(process.env.PORT ?? 8443, '127.0.0.1', () => {
  console.log(`Listening on port ${proxy.address().port}`);
});
