'use strict';

/** Each face with requests and upgrades on one port, as applications have them. */

const http = require('node:http');
const https = require('node:https');
const { createProxyMiddleware, createProxyServer } = require('../../index.js');
const { testServer } = require('./peers.js');
const { CERTIFICATE, KEY } = require('./tls.js');

/** @param {import('node:http').RequestListener} listener */
const serverOf = (listener, isSecure) =>
  isSecure ? https.createServer({ key: KEY, cert: CERTIFICATE }, listener) : http.createServer(listener);

const MAKERS = {
  createProxyServer({ on = {}, ...options }, isSecure) {
    const proxy = createProxyServer(options);
    for (const [event, listener] of Object.entries(on)) proxy.on(event, listener);
    const server = serverOf((req, res) => void proxy.web(req, res), isSecure);
    return server.on('upgrade', (req, socket, head) => void proxy.ws(req, socket, head));
  },

  /** Nobody hands it the server's upgrades: it takes them by itself, from the first request on. */
  createProxyMiddleware(options, isSecure) {
    const middleware = createProxyMiddleware({ ...options, ws: true });
    return serverOf((req, res) => middleware(req, res, () => res.writeHead(404).end()), isSecure);
  },
};

/** For `describe.each`. */
const FORWARDERS = Object.keys(MAKERS);

/**
 * A server that forwards all it gets, until the end of the test.
 *
 * @param {keyof typeof MAKERS} face
 * @param {object} options of the proxy, with its listeners as `on`
 * @param {{ isSecure?: boolean }} [settings]
 */
async function forwarder(face, options, { isSecure = false } = {}) {
  const server = await testServer(MAKERS[face](options, isSecure));
  return { ...server, url: `${isSecure ? 'https' : 'http'}://127.0.0.1:${server.port}` };
}

module.exports = { FORWARDERS, forwarder };
