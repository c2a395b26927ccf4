'use strict';

/** A proxy inside a server of one's own, which answers some requests itself and chooses a target for the others. */

const http = require('node:http');
const { createProxyServer } = require('rs-proxy-middleware');

const WEBSITE = process.env.TARGET ?? 'http://localhost:9000';
const API = process.env.API ?? 'http://localhost:9001';

const proxy = createProxyServer();

const server = http.createServer((req, res) => {
  if (req.url === '/health') return res.end('healthy\n');
  if (req.url.startsWith('/internal/')) {
    res.statusCode = 404;
    return res.end('There is nothing here.\n');
  }
  const target = req.url.startsWith('/api/') ? API : WEBSITE;
  return proxy.web(req, res, { target }, (error) => {
    if (res.headersSent) return;
    res.statusCode = error.status ?? 502;
    res.end(`${target} cannot be reached: ${error.code}\n`);
  });
});

server.listen(process.env.PORT ?? 8000, () => {
  console.log(`Listening on port ${server.address().port}`);
});
