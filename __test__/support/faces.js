'use strict';

/** The proxy under test behind a real server, through each of its faces. */

const { createProxyMiddleware, createProxyServer } = require('../../index.js');
const { httpServer } = require('./peers.js');

/**
 * @typedef {object} Settings
 * @property {(req: object, res: object, forward: () => Promise<void>) => unknown} [app] what stands in front of the proxy; calls `forward`
 *   when it is the proxy's turn
 * @property {(listener: Function) => Promise<{ server: object, port: number, url: string }>} [serve] makes the server
 */

const forwardAtOnce = (req, res, forward) => forward();

/**
 * `createProxyServer(options).web(req, res)` behind Node's server. Events are recorded; an `error` is answered with 502 and its code unless
 * `answer` says otherwise.
 *
 * @param {object} options with listeners as `on`, as the middleware has them
 * @param {Settings & { answer?: boolean }} [settings]
 */
async function proxyServer(
  { on = {}, ...options },
  { answer = true, app = forwardAtOnce, serve = httpServer } = {},
) {
  const proxy = createProxyServer(options);
  const events = [];
  for (const [event, listener] of Object.entries(on)) proxy.on(event, listener);
  if (answer && on.error === undefined) {
    proxy.on('error', (error, req, res) => {
      events.push({ event: 'error', error });
      if (res.headersSent) return;
      res.writeHead(error.status ?? 502, { 'x-error': error.code });
      res.end(error.message);
    });
  }
  proxy.on('econnreset', (error) => events.push({ event: 'econnreset', error }));
  const { server, port, url } = await serve((req, res) => app(req, res, () => proxy.web(req, res)));
  return { proxy, server, port, url, events };
}

/**
 * `createProxyMiddleware(options)` as the request listener of Node's server.
 *
 * @param {object} options
 * @param {Settings} [settings]
 */
async function proxyMiddleware(options, { app = forwardAtOnce, serve = httpServer } = {}) {
  const events = [];
  const on = { econnreset: (error) => events.push({ event: 'econnreset', error }), ...options.on };
  const middleware = createProxyMiddleware({ ...options, on });
  const next = (res) => (error) => {
    res.statusCode = error ? 500 : 404;
    res.end(error ? `next: ${error.message}` : 'next');
  };
  const { server, port, url } = await serve((req, res) =>
    app(req, res, () => middleware(req, res, next(res))),
  );
  return { server, port, url, events };
}

/** For `describe.each`: the name of each face, and how to put it behind a server. */
const FACES = [
  ['createProxyServer', proxyServer],
  ['createProxyMiddleware', proxyMiddleware],
];

module.exports = { FACES, proxyMiddleware, proxyServer };
