'use strict';

/** Makes a target slow, to see how a client copes with it. */

const http = require('node:http');
const { createProxyServer } = require('rs-proxy-middleware');

const LATENCY = Number(process.env.LATENCY ?? 500);

const proxy = createProxyServer({ target: process.env.TARGET ?? 'http://localhost:9000' });

// Node holds the request's body back until somebody reads it, so nothing of it is lost meanwhile.
const server = http.createServer((req, res) => setTimeout(() => proxy.web(req, res), LATENCY));

server.listen(process.env.PORT ?? 8000, () => {
  console.log(`Listening on port ${server.address().port}`);
});
