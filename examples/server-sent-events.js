'use strict';

/** A service that sends an event every second, and a proxy in front of it: events arrive as they are sent, and the service sees clients leave. */

const http = require('node:http');
const { createProxyServer } = require('rs-proxy-middleware');

const INTERVAL = Number(process.env.INTERVAL ?? 1000);

const service = http.createServer((req, res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  let id = 0;
  const timer = setInterval(() => {
    id += 1;
    res.write(`id: ${id}\ndata: ${new Date().toISOString()}\n\n`);
  }, INTERVAL);
  res.on('close', () => {
    clearInterval(timer);
    console.log(`A client has left after ${id} events`);
  });
});

const proxy = createProxyServer();
const server = http.createServer((req, res) => {
  proxy.web(req, res, { target: `http://127.0.0.1:${service.address().port}` });
});

service.listen(0, '127.0.0.1', () => {
  server.listen(process.env.PORT ?? 8000, () => {
    console.log(`Listening on port ${server.address().port}`);
  });
});
