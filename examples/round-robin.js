'use strict';

/** Gives requests to several targets in turn. One that cannot be reached is passed over: the next one is asked. */

const http = require('node:http');
const { createProxyServer } = require('rs-proxy-middleware');

const TARGETS = (process.env.TARGETS ?? 'http://localhost:9000,http://localhost:9001').split(',');

const proxy = createProxyServer();
let turn = 0;

const server = http.createServer((req, res) => ask(req, res, TARGETS.length));

function ask(req, res, left) {
  const target = TARGETS[turn];
  turn = (turn + 1) % TARGETS.length;
  proxy.web(req, res, { target }, (error) => {
    if (res.headersSent) return;
    // Without a connection nothing was sent. A body of up to 64 KiB is kept for the next one; with a larger one this fails, too.
    if (error.phase === 'connect' && left > 1) {
      ask(req, res, left - 1);
      return;
    }
    res.statusCode = error.status ?? 502;
    res.end(`No target can be reached: ${error.code}\n`);
  });
}

server.listen(process.env.PORT ?? 8000, () => {
  console.log(`Listening on port ${server.address().port}`);
});
