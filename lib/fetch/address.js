'use strict';

/**
 * @typedef {object} Address where a request is sent, whatever its URL says
 * @property {boolean} isSecure
 * @property {string} [host]
 * @property {number} [port]
 * @property {string} [socketPath]
 * @property {string} base the path in front of the request's
 */

/**
 * `http://host:port/base`, `https:`, `ws:`, `wss:`, `unix:/path`, `{ host, port }` or `{ socketPath }`.
 *
 * @param {string | { host?: string, port?: number, socketPath?: string }} addr
 * @returns {Address}
 */
function parseAddress(addr) {
  if (typeof addr !== 'string') {
    const { host, port, socketPath } = addr ?? {};
    if (!socketPath && !port) throw new TypeError('ProxyAddr must have either `port` or `socketPath`');
    return { isSecure: false, host: host || 'localhost', port, socketPath, base: '' };
  }
  if (addr.startsWith('unix:')) {
    return { isSecure: false, host: 'localhost', socketPath: addr.slice('unix:'.length), base: '' };
  }
  const url = new URL(addr);
  return { ...addressOf(url), base: url.pathname === '/' ? '' : url.pathname };
}

/** The address that a URL names. */
function addressOf(url) {
  if (!PROTOCOLS.has(url.protocol)) {
    throw new TypeError(`The address must be http:, https:, ws:, wss: or unix:, not ${url.protocol}`);
  }
  const isSecure = url.protocol === 'https:' || url.protocol === 'wss:';
  return { isSecure, host: url.hostname, port: Number(url.port) || usualPort(isSecure), base: '' };
}

const PROTOCOLS = new Set(['http:', 'https:', 'ws:', 'wss:']);

function usualPort(isSecure) {
  return isSecure ? 443 : 80;
}

/** What `Host` says of it. */
function authority({ host, port, socketPath, isSecure }) {
  if (socketPath) return 'localhost';
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return Number(port) === usualPort(isSecure) ? name : `${name}:${port}`;
}

module.exports = { addressOf, authority, parseAddress };
