'use strict';

/** Proxies whose routes are registered by requests, as the README of dynamic-reverse-proxy serves them. */

const { httpServer, rawExchange } = require('./peers.js');
const { readResponse } = require('./messages.js');

const EVENTS = ['proxyError', 'registerError', 'routeRegistered'];

/** A target that says what it was asked for. */
async function target() {
  return httpServer((req, res) => res.end(`${req.method} ${req.url} ${req.headers['x-forwarded-for']}`));
}

/**
 * Serves a proxy as the README does, and keeps the events that it emits.
 *
 * @param {object} proxy
 */
async function serve(proxy) {
  const events = heard(proxy);
  const server = await httpServer((req, res) => {
    if (req.url.match(/^\/register/i)) proxy.registerRouteRequest(req, res);
    else proxy.proxyRequest(req, res);
  });
  return { ...server, proxy, events };
}

/** What a proxy emits from now on. */
function heard(proxy) {
  const events = [];
  for (const event of EVENTS) proxy.on(event, (...args) => events.push([event, args]));
  return events;
}

/**
 * Asks for something, on a connection of its own.
 *
 * @param {number} port
 * @param {string} line method and path
 * @param {{ body?: string, lines?: string[] }} [more]
 */
async function ask(port, line, { body = '', lines = [] } = {}) {
  const head = [`${line} HTTP/1.1`, `Host: localhost:${port}`, 'Connection: close', ...lines];
  if (body !== '') head.push(`Content-Length: ${Buffer.byteLength(body)}`);
  const text = `${head.join('\r\n')}\r\n\r\n${Buffer.from(body).toString('latin1')}`;
  return readResponse(await rawExchange(port, text), line.split(' ')[0]);
}

/** Registers a route by a request. */
function register(port, route, lines) {
  return ask(port, 'POST /register', {
    body: typeof route === 'string' ? route : JSON.stringify(route),
    lines,
  });
}

/** What was emitted, without the objects of requests. */
function told(events) {
  return events.map(([event, args]) => {
    if (event === 'routeRegistered') return [event, { ...args[0] }];
    if (event === 'registerError') return [event, args[0].message, args.length];
    const [error, host] = args;
    return [
      event,
      error.code ?? error.message,
      host && Object.keys(host),
      host && Object.getPrototypeOf(host).prefix,
      args.length,
    ];
  });
}

/** A port at which nobody listens. */
const NOBODY = 1;

module.exports = { NOBODY, ask, heard, register, serve, target, told };
