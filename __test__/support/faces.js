'use strict';

/** The proxy under test behind a real server, through each of its faces. */

const { createProxyMiddleware, createProxyServer } = require('../../index.js');
const { httpServer } = require('./peers.js');

/**
 * `createProxyServer(options).web(req, res)` behind Node's server. Events are recorded; an `error` is answered with 502 and its code unless
 * `answer` says otherwise.
 *
 * @param {object} options
 * @param {{ answer?: boolean }} [settings]
 */
async function proxyServer(options, { answer = true } = {}) {
  const proxy = createProxyServer(options);
  const events = [];
  if (answer) {
    proxy.on('error', (error, req, res) => {
      events.push({ event: 'error', error });
      if (res.headersSent) return;
      res.writeHead(error.status ?? 502, { 'x-error': error.code });
      res.end(error.message);
    });
  }
  proxy.on('econnreset', (error) => events.push({ event: 'econnreset', error }));
  const { server, port, url } = await httpServer((req, res) => proxy.web(req, res));
  return { proxy, server, port, url, events };
}

/** `createProxyMiddleware(options)` as the request listener of Node's server. */
async function proxyMiddleware(options) {
  const events = [];
  const on = { econnreset: (error) => events.push({ event: 'econnreset', error }), ...options.on };
  const middleware = createProxyMiddleware({ ...options, on });
  const next = (res) => (error) => {
    res.statusCode = error ? 500 : 404;
    res.end(error ? `next: ${error.message}` : 'next');
  };
  const { server, port, url } = await httpServer((req, res) => middleware(req, res, next(res)));
  return { server, port, url, events };
}

module.exports = { proxyMiddleware, proxyServer };
