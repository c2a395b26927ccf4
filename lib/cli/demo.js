'use strict';

/** A small target, so that the proxy can be tried without one. */

const http = require('node:http');
const { once } = require('node:events');

/** Starts it on a free loopback port. */
async function startDemo() {
  const server = http.createServer((req, res) => {
    if (req.url.startsWith('/echo')) {
      if (req.headers['content-type'] !== undefined)
        res.setHeader('content-type', req.headers['content-type']);
      req.pipe(res);
      return;
    }
    res.setHeader('content-type', 'application/json');
    const { method, url, headers } = req;
    res.end(
      `${JSON.stringify({ message: 'Hello from the built-in target', method, url, headers }, null, 2)}\n`,
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}

module.exports = { startDemo };
