'use strict';

/**
 * What http-proxy's passes share, as functions for those who import them: `require('http-proxy/lib/http-proxy/common')`. Requests that the
 * engine forwards do not come here; for whoever sends one with `http.request(setupOutgoing({}, options, req))`, the result is what the
 * engine would have sent.
 */

const { setupSocket } = require('../bridge/sockets.js');
const { hasToken, stripHopByHop } = require('./hop-by-hop.js');

const isSSL = /^https|wss/;

/** What the target says about the connection. */
const TARGET_PARTS = [
  'host',
  'hostname',
  'socketPath',
  'pfx',
  'key',
  'passphrase',
  'cert',
  'ca',
  'ciphers',
  'secureProtocol',
];

/**
 * Fills in the options of `http.request` for forwarding a request.
 *
 * @param {Record<string, any>} outgoing is edited
 * @param {Record<string, any>} options
 * @param {import('node:http').IncomingMessage} req
 * @param {'target' | 'forward'} [leg]
 * @returns {Record<string, any>} `outgoing`
 */
function setupOutgoing(outgoing, options, req, leg = 'target') {
  const target = toTarget(options[leg]);
  const isSecure = isSSL.test(target.protocol ?? '');
  for (const part of TARGET_PARTS) outgoing[part] = target[part];
  outgoing.port = Number(target.port) || (isSecure ? 443 : 80);
  outgoing.hostname = withoutBrackets(outgoing.hostname);
  outgoing.method = options.method || req.method;
  outgoing.headers = outgoingHeaders(options, req, authority(target, outgoing.port));
  if (options.auth) outgoing.auth = options.auth;
  if (options.ca) outgoing.ca = options.ca;
  if (isSecure) outgoing.rejectUnauthorized = options.secure ?? true;
  outgoing.agent = options.agent || false;
  outgoing.localAddress = options.localAddress;
  if (!outgoing.agent && outgoing.headers.connection === undefined) outgoing.headers.connection = 'close';
  const base = options.prependPath === false ? '' : pathOf(target);
  const path = options.toProxy ? req.url : originForm(req.url);
  outgoing.path = urlJoin(base || '/', options.ignorePath ? '' : path);
  outgoing.url = target.href ?? `${isSecure ? 'https' : 'http'}://${authority(target, outgoing.port)}`;
  return outgoing;
}

function outgoingHeaders(options, req, host) {
  const headers = { ...req.headers };
  if (headers[':authority'] !== undefined) headers.host = headers[':authority'];
  // A WebSocket handshake is about this connection and the next one.
  const { upgrade } = headers;
  const connection = upgrade !== undefined && hasToken(headers.connection, 'upgrade') && headers.connection;
  stripHopByHop(headers);
  if (connection) Object.assign(headers, { upgrade, connection });
  const isHostChosen = addHeaders(headers, options.headers);
  // Basic credentials of ours would yield to a field that is there already.
  if (options.auth) delete headers.authorization;
  if (options.changeOrigin && !isHostChosen) headers.host = host;
  return headers;
}

/**
 * Adds the fields of the `headers` option; they replace those of the same name, whatever its case.
 *
 * @returns {boolean} whether there is a `Host` that is the user's last word: one in another case than `changeOrigin` writes
 */
function addHeaders(headers, added = {}) {
  let isHostChosen = false;
  for (const [name, value] of Object.entries(added ?? {})) {
    if (value === undefined) continue;
    const lower = name.toLowerCase();
    for (const other of Object.keys(headers)) if (other.toLowerCase() === lower) delete headers[other];
    headers[name] = value;
    if (lower === 'host' && name !== lower) isHostChosen = true;
  }
  return isHostChosen;
}

function toTarget(target) {
  return typeof target === 'string' ? new URL(target) : target;
}

/** Host, and port where it is not the protocol's own. */
function authority({ host, hostname, protocol }, port) {
  const name = `${host || hostname || 'localhost'}`;
  if (/^(?:[^:]+|\[.*\]):\d+$/.test(name)) return name;
  const bracketed = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
  return port === (isSSL.test(protocol ?? '') ? 443 : 80) ? bracketed : `${bracketed}:${port}`;
}

/** Node looks up names and addresses, not what stands for them in a URL. */
function withoutBrackets(name) {
  return typeof name === 'string' && name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name;
}

function pathOf({ path, pathname, search }) {
  return pathname === undefined || pathname === null ? (path ?? '') : `${pathname}${search ?? ''}`;
}

/** Path and query of a request target as they stand there: nothing is resolved, nothing encoded anew. */
function originForm(url = '') {
  const path = url.split('#', 1)[0].replace(/^https?:\/\/[^/?]*/i, '');
  return path === '' || path.startsWith('/') || path.startsWith('?') ? path : `/${path}`;
}

/** The port that the client has addressed. */
function getPort(req) {
  const host = req.headers[':authority'] ?? req.headers.host;
  // The colons of an IPv6 address stand before none but its last digits, in brackets.
  return /:(\d+)$/.exec(host ?? '')?.[1] ?? (hasEncryptedConnection(req) ? '443' : '80');
}

/** Whether the client's connection is encrypted. */
function hasEncryptedConnection(req) {
  const connection = req.connection ?? req.socket;
  return Boolean(connection?.encrypted || connection?.pair);
}

/**
 * Joins paths with one slash between them, and their queries with `&`. Slashes that a path has of its own are kept.
 *
 * @param {...string} parts
 */
function urlJoin(...parts) {
  const queries = [];
  let path = '';
  for (const part of parts) {
    const mark = part.indexOf('?');
    if (mark >= 0) queries.push(part.slice(mark + 1));
    const segment = mark < 0 ? part : part.slice(0, mark);
    if (segment === '') continue;
    if (path.endsWith('/')) path += segment.startsWith('/') ? segment.slice(1) : segment;
    else path += segment.startsWith('/') ? segment : `/${segment}`;
  }
  return queries.length > 0 ? `${path}?${queries.join('&')}` : path;
}

/**
 * Rewrites an attribute of `Set-Cookie` fields.
 *
 * @param {string | string[]} header
 * @param {Record<string, string | null | undefined>} config new values by old value; `*` stands for every other, an empty one removes
 * @param {'domain' | 'path'} property
 */
function rewriteCookieProperty(header, config, property) {
  if (Array.isArray(header)) return header.map((line) => rewriteCookieProperty(line, config, property));
  return `${header}`.replace(COOKIE_ATTRIBUTES[property], (match, prefix, old) => {
    const key = [old, '*'].find((name) => Object.hasOwn(config, name));
    if (key === undefined) return match;
    return config[key] ? prefix + config[key] : '';
  });
}

const COOKIE_ATTRIBUTES = { domain: /(;\s*domain=)([^;]+)/i, path: /(;\s*path=)([^;]+)/i };

module.exports = {
  getPort,
  hasEncryptedConnection,
  isSSL,
  rewriteCookieProperty,
  setupOutgoing,
  setupSocket,
  urlJoin,
};
