'use strict';

/** Middlewares beside the originals: the same options, the same requests. */

const { createProxyMiddleware } = require('../../index.js');
const { httpServer, rawExchange, rawTarget } = require('./peers.js');
const { lastRequest, readRequest, readResponse } = require('./messages.js');

/** The originals by version; the last one has no entry for `require`. */
const ORIGINALS = {
  2: async () => require('http-proxy-middleware-2'),
  3: async () => require('http-proxy-middleware-3'),
  4: () => import('http-proxy-middleware'),
};

/**
 * Runs a scenario with ours and with an original, one after the other.
 *
 * @template T
 * @param {2 | 3 | 4} version
 * @param {(make: Function) => Promise<T>} scenario
 * @param {Function} [ours]
 * @returns {Promise<{ ours: T, theirs: T }>}
 */
async function beside(version, scenario, ours = createProxyMiddleware) {
  const original = await ORIGINALS[version]();
  return { theirs: await scenario(original.createProxyMiddleware), ours: await scenario(ours) };
}

/** A logger that keeps what it is told: level and arguments. */
function recordingLogger() {
  const lines = [];
  const logger = {};
  for (const level of ['log', 'debug', 'info', 'warn', 'error'])
    logger[level] = (...args) => lines.push([level, ...args]);
  return { lines, logger };
}

/**
 * Asks a server with this request listener.
 *
 * @param {import('node:http').RequestListener} listener
 * @param {string} line method and path
 * @param {string[]} [lines] of the head
 */
async function ask(listener, line, lines, body) {
  const { port } = await httpServer(listener);
  return readResponse(await rawExchange(port, lastRequest(line, lines, body)), line.split(' ')[0]);
}

/** A listener that calls a middleware, and answers what it hands on; `calls` are the arguments of `next`. */
function withNext(middleware) {
  const calls = [];
  const listener = (req, res) =>
    middleware(req, res, (...args) => {
      calls.push(args);
      res.statusCode = args.length > 0 && args[0] ? 500 : 404;
      res.end(`next ${req.url}`);
    });
  return { calls, listener };
}

/** A target that answers with its name; `asked()` gives the start lines of the requests that it got. */
async function namedTarget(name = 'target', status = '200 OK') {
  const head = `HTTP/1.1 ${status}\r\nX-Target: ${name}\r\nContent-Length: ${name.length}\r\nConnection: close\r\n\r\n`;
  const target = await rawTarget((connection) =>
    connection.onRequest((request) =>
      connection.socket.end(request.startsWith('HEAD ') ? head : head + name),
    ),
  );
  const requests = () => target.connections.map(({ text }) => readRequest(text));
  return { ...target, requests, asked: () => requests().map(({ start }) => start) };
}

/** Nobody listens there. */
const DOWN = 'http://127.0.0.1:1';

module.exports = { DOWN, ORIGINALS, ask, beside, namedTarget, recordingLogger, withNext };
