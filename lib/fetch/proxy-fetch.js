'use strict';

/**
 * httpxy's `proxyFetch`: a request of the web's own kind, sent to an address that its URL does not name.
 */

const { Readable } = require('node:stream');
const { stripHopByHop } = require('../proxy-server/hop-by-hop.js');
const { addressOf, authority, parseAddress } = require('./address.js');
const { bodyOf, buffered } = require('./body.js');
const { send } = require('./send.js');

/**
 * @param {string | import('../../index.js').ProxyAddr} addr where the connection goes
 * @param {string | URL | Request} input gives path and query, and the request
 * @param {RequestInit | Request} [init] wins over `input`
 * @param {import('../../index.js').ProxyFetchOptions} [options]
 * @returns {Promise<Response>}
 */
async function proxyFetch(addr, input, init, options = {}) {
  const address = parseAddress(addr);
  const url = new URL(input.url ?? input);
  const { method = 'GET', headers, body, signal } = { ...partsOf(input), ...partsOf(init) };
  const most = mostRedirects(options.followRedirects);
  const given = bodyOf(body);
  const order = {
    address,
    method,
    path: joinPath(address.base, url.pathname + url.search),
    headers: headersOf(headers),
    body: most > 0 ? await buffered(given) : given,
    options: {
      agent: options.agent,
      signal: signal ?? undefined,
      ssl: options.ssl,
      timeout: options.timeout,
    },
  };
  if (options.xfwd) addForwarded(order.headers, url);
  if (options.changeOrigin) order.headers.host = authority(address);
  frame(order);
  return toResponse(await follow(order, most), options.Response);
}

/** What a `Request`, of any make, or its `init` says of the request. */
function partsOf({ method, headers, body, signal } = {}) {
  return Object.fromEntries(
    Object.entries({ method, headers, body, signal }).filter(([, value]) => value !== undefined),
  );
}

/** Names are lower-case; a repeated one has an array. Fields about a connection are not forwarded. */
function headersOf(given) {
  const fields = Symbol.iterator in Object(given) ? [...given] : Object.entries(given ?? {});
  const headers = Object.create(null);
  for (const [name, value] of fields) {
    if (value === undefined || value === null) continue;
    const lower = name.toLowerCase();
    headers[lower] = lower in headers ? [headers[lower], value].flat() : value;
  }
  stripHopByHop(headers);
  return headers;
}

/** First hop wins, as in httpxy. */
function addForwarded(headers, url) {
  headers['x-forwarded-for'] ||= url.hostname;
  headers['x-forwarded-port'] ||= url.port || (url.protocol === 'https:' ? '443' : '80');
  headers['x-forwarded-proto'] ||= url.protocol.slice(0, -1);
  headers['x-forwarded-host'] ||= url.host;
}

/** The framing is that of the body that is sent. */
function frame({ headers, body }) {
  delete headers['transfer-encoding'];
  const { bytes, stream, type } = body;
  if (bytes !== undefined) headers['content-length'] = `${bytes.length}`;
  else if (stream === undefined) delete headers['content-length'];
  else if (!/^\d+$/.test(headers['content-length'] ?? '')) {
    delete headers['content-length'];
    headers['transfer-encoding'] = 'chunked';
  }
  if (type !== undefined) headers['content-type'] ??= type;
}

function mostRedirects(option) {
  if (typeof option === 'number') return option;
  return option ? DEFAULT_REDIRECTS : 0;
}

const DEFAULT_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Sends a request, and what its answers redirect to. */
async function follow(first, most) {
  let order = first;
  for (let hops = 0; ; hops += 1) {
    const response = await send(order);
    const { location } = response.headers;
    if (hops >= most || !REDIRECTS.has(response.statusCode) || !location) return response;
    // Read to its end, so that its connection can be used again.
    response.resume();
    order = redirected(order, response.statusCode, location);
  }
}

function redirected(order, status, location) {
  const { address } = order;
  const current = new URL(`${address.isSecure ? 'https' : 'http'}://${authority(address)}${order.path}`);
  const url = new URL(location, current);
  const headers = Object.assign(Object.create(null), order.headers);
  const isSameOrigin = url.origin === current.origin;
  if (!isSameOrigin) {
    headers.host = url.host;
    for (const name of ['authorization', 'cookie', 'proxy-authorization']) delete headers[name];
  }
  const keepsMethod = status === 307 || status === 308;
  if (!keepsMethod) for (const name of BODY_FIELDS) delete headers[name];
  return {
    ...order,
    address: isSameOrigin ? address : addressOf(url),
    method: keepsMethod || order.method === 'HEAD' ? order.method : 'GET',
    path: url.pathname + url.search,
    headers,
    body: keepsMethod ? order.body : {},
  };
}

const BODY_FIELDS = ['content-length', 'content-type', 'content-encoding', 'transfer-encoding'];

/** Statuses whose `Response` must not have a body. */
const WITHOUT_BODY = new Set([204, 205, 304]);

function toResponse(message, Constructor = Response) {
  const { rawHeaders, statusCode, statusMessage } = message;
  const names = { ...message.headers };
  stripHopByHop(names);
  delete names['transfer-encoding'];
  const headers = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (Object.hasOwn(names, rawHeaders[i].toLowerCase())) headers.push([rawHeaders[i], rawHeaders[i + 1]]);
  }
  const init = { status: statusCode, statusText: statusMessage, headers };
  try {
    if (WITHOUT_BODY.has(statusCode)) {
      message.resume();
      return new Constructor(null, init);
    }
    // Who chose the constructor is given Node's stream as it is.
    return new Constructor(Constructor === Response ? Readable.toWeb(message) : message, init);
  } catch (error) {
    // A status that a `Response` cannot have. Nobody is going to read the body.
    message.destroy();
    throw error;
  }
}

/** As httpxy joins: the path `/` alone adds nothing to a base. */
function joinPath(base, path) {
  if (base === '') return path;
  if (path === '/') return base;
  return base.endsWith('/') ? base + path.slice(1) : base + path;
}

module.exports = { proxyFetch };
