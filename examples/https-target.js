'use strict';

/** Plain HTTP towards the clients, HTTPS towards the target, whose certificate is verified. */

const fs = require('node:fs');
const http = require('node:http');
const { createProxyServer } = require('rs-proxy-middleware');

const proxy = createProxyServer({
  target: process.env.TARGET ?? 'https://localhost:9443',
  // The target is asked for the certificate of its own name, not for that of the client's Host field.
  changeOrigin: true,
  // Whose certificates to trust in place of the public authorities; `secure: false` would trust everybody.
  ca: process.env.CA ? fs.readFileSync(process.env.CA) : undefined,
});

proxy.on('error', (error, req, res) => {
  if (res.headersSent) return;
  res.writeHead(error.status ?? 502, { 'content-type': 'text/plain' });
  res.end(`No secure connection to the target: ${error.code}\n`);
});

const server = http.createServer((req, res) => proxy.web(req, res));
server.listen(process.env.PORT ?? 8000, () => {
  console.log(`Listening on port ${server.address().port}`);
});
