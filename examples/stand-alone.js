'use strict';

/** A stand-alone proxy: everything goes to one target. It needs no server of its own. */

const { createProxyServer } = require('rs-proxy-middleware');

const proxy = createProxyServer({ target: process.env.TARGET ?? 'http://localhost:9000' });

proxy.on('error', (error, req, res) => {
  if (res.headersSent) return;
  res.writeHead(error.status ?? 502, { 'content-type': 'text/plain' });
  res.end(`The target cannot be reached: ${error.code}\n`);
});

proxy.listen(process.env.PORT ?? 8000, '127.0.0.1', () => {
  console.log(`Listening on port ${proxy.address().port}`);
});
