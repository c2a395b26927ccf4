'use strict';

const http = require('node:http');
const https = require('node:https');
const { Readable } = require('node:stream');
const { ofLength } = require('./body.js');

/** Connections are kept, as httpxy keeps them. */
const AGENT_OPTIONS = { keepAlive: true, maxSockets: 256, maxFreeSockets: 64 };
const agents = { http: new http.Agent(AGENT_OPTIONS), https: new https.Agent(AGENT_OPTIONS) };

/** Methods that may be sent twice (RFC 9110 §9.2.2). */
const IDEMPOTENT = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PUT', 'TRACE']);

/**
 * @typedef {object} Order one request as it goes to the wire
 * @property {import('./address.js').Address} address
 * @property {string} method
 * @property {string} path
 * @property {Record<string, string | string[]>} headers
 * @property {import('./body.js').Body} body
 * @property {{ agent?: unknown, signal?: AbortSignal, ssl?: object, timeout?: number }} options
 */

/**
 * Sends a request over Node's own client: only that honours every agent and TLS option.
 *
 * @param {Order} order
 * @returns {Promise<http.IncomingMessage>} the response, when its head is there
 */
async function send(order) {
  const { agent } = order.options;
  const chosen = agent === undefined ? agents[order.address.isSecure ? 'https' : 'http'] : agent || false;
  try {
    return await attempt(order, chosen);
  } catch (error) {
    if (!error[MAY_REPEAT]) throw error;
    return attempt(order, false);
  }
}

/** On an error: the connection was an old one, closed by its other end, and the request can be sent anew without harm. */
const MAY_REPEAT = Symbol('may repeat');

function attempt({ address, method, path, headers, body, options }, agent) {
  return new Promise((resolve, reject) => {
    const { timeout, signal, ssl } = options;
    const source = sourceOf(body.stream, headers['content-length']);
    const request = (address.isSecure ? https : http).request({
      ...ssl,
      ...(address.socketPath ? { socketPath: address.socketPath } : { port: address.port }),
      hostname: withoutBrackets(address.host),
      method,
      path,
      headers,
      agent,
      ...(signal && { signal }),
      ...(timeout > 0 && { timeout }),
    });
    let hasAnswered = false;
    request.once('response', (response) => {
      hasAnswered = true;
      if (source !== undefined) response.once('close', () => drainRest(request, source));
      resolve(response);
    });
    request.once('upgrade', (response, socket) => {
      socket.destroy();
      reject(upgradeError());
    });
    request.on('error', (error) => {
      const isStale = request.reusedSocket && error.code === 'ECONNRESET';
      if (isStale && IDEMPOTENT.has(method) && source === undefined) error[MAY_REPEAT] = true;
      // Whoever gives the body learns that nobody takes it.
      if (!hasAnswered) source?.destroy();
      reject(error);
    });
    if (timeout > 0) request.once('timeout', () => request.destroy(timeoutError()));
    if (source === undefined) {
      request.end(body.bytes);
    } else {
      source.on('error', (error) => request.destroy(error));
      source.pipe(request);
    }
  });
}

function sourceOf(stream, length) {
  return stream === undefined || length === undefined
    ? stream
    : Readable.from(ofLength(stream, Number(length)));
}

/** A target that has answered need not read the rest of the body, but whoever gives it must not be left waiting. */
function drainRest(request, source) {
  if (request.writableFinished) return;
  source.unpipe(request);
  request.destroy();
  source.resume();
}

function upgradeError() {
  return Object.assign(new Error('The target switched protocols without being asked'), {
    code: 'ECONNRESET',
  });
}

function timeoutError() {
  return Object.assign(new Error('Proxy request timed out'), { code: 'ETIMEDOUT' });
}

function withoutBrackets(host) {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

module.exports = { send };
