'use strict';

/** `createProxyServer` in front of a target that answers, with what comes of its calls. */

const { createProxyServer } = require('../../index.js');
const { lastRequest, readRequest, readResponse } = require('./messages.js');
const { answeringTarget, httpServer, rawExchange } = require('./peers.js');

const GOOD = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';

/**
 * A proxy behind a server. Errors are recorded, and answered with their status.
 *
 * @param {object} [options] of the proxy
 * @param {object} [settings]
 * @param {string} [settings.answer] the target's
 * @param {(proxy: object, target: object) => void} [settings.prepare] changes the proxy before it is asked
 * @param {(req: object) => object} [settings.perCall] options of each call
 */
async function webBench(options = {}, { answer = GOOD, prepare = () => {}, perCall } = {}) {
  const target = await answeringTarget(answer);
  const proxy = createProxyServer({ target: target.url, ...options });
  const heard = [];
  proxy.on('error', (error, req, res) => {
    heard.push(error);
    if (!res.headersSent) res.writeHead(error.status ?? 502).end('told');
  });
  prepare(proxy, target);
  const outcomes = [];
  const { port } = await httpServer((req, res) => outcomes.push(proxy.web(req, res, perCall?.(req))));
  const ask = async (text = lastRequest('GET /a')) => readResponse(await rawExchange(port, text));
  const sent = () => target.connections.map(({ text }) => readRequest(text));
  return { target, proxy, port, heard, outcomes, ask, sent };
}

module.exports = { webBench };
