'use strict';

/** What listeners see of `proxyReq` and `proxyRes`, with ours and with http-proxy-3. */

const { createProxyServer } = require('http-proxy-3');
const { lastRequest } = require('./messages.js');
const { answeringTarget, httpServer, rawExchange } = require('./peers.js');

const THEIRS = createProxyServer;
const FIELDS = 'X-Twice: a\r\nX-Twice: b\r\nSet-Cookie: c=d\r\nSet-Cookie: e=f\r\n';
const OK = `HTTP/1.1 200 Fine\r\n${FIELDS}Content-Length: 4\r\n\r\ngood`;
const POST = lastRequest('POST /a?b', ['Content-Length: 4', 'X-Mine: 1', 'Origin: http://me'], 'body');

/** What `look`, a listener of `event`, sees through a proxy of this make; and what the target and the client got. */
async function seen(create, event, look, { answer = OK, request = POST, options = {} } = {}) {
  const target = await answeringTarget(answer);
  const proxy = create({ target: target.url, ...options });
  proxy.on('error', (error, req, res) => {
    if (!res.headersSent) res.writeHead(502).end(error.message);
  });
  let result;
  proxy.on(event, (...args) => {
    result = look(...args, target);
  });
  const { port } = await httpServer((req, res) => proxy.web(req, res));
  const text = await rawExchange(port, request);
  return { result: await result, sent: target.connections[0]?.text ?? '', text, target };
}

module.exports = { FIELDS, OK, POST, THEIRS, seen };
