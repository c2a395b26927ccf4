'use strict';

/**
 * The option `upstreamProxy`: the proxy between us and the targets, named by its URL or by the environment, as most programs read that.
 */

const net = require('node:net');
const { optionError } = require('./options.js');

const PORTS = { 'http:': 80, 'https:': 443, 'socks5:': 1080, 'socks5h:': 1080 };
const WANT = "a URL such as http://user:password@proxy:3128, https://proxy or socks5://proxy:1080, or 'env'";

/**
 * @typedef {object} NativeProxy as the engine is told; `NativeProxy` in src/binding/config.rs
 * @property {boolean} socks
 * @property {boolean} secure it speaks TLS
 * @property {string} host
 * @property {number} port
 * @property {string} [authorization]
 * @property {string[]} [credentials]
 */

/**
 * The proxy that leads to a target.
 *
 * @param {string | undefined} named the option
 * @param {URL} target
 * @param {Record<string, string | undefined>} [environment]
 * @returns {NativeProxy | undefined} none
 * @throws {TypeError} that says what is wrong with it
 */
function upstreamProxy(named, target, environment = process.env) {
  if (!named) return undefined;
  if (named !== 'env') return parse(named, 'The option upstreamProxy');
  const isSecure = target.protocol === 'https:' || target.protocol === 'wss:';
  const read = (name) => environment[name.toLowerCase()] || environment[name];
  const name = isSecure ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = read(name);
  if (!proxy || isExempt(target, isSecure, read('NO_PROXY') ?? '')) return undefined;
  // Many leave the protocol out.
  const url = proxy.includes('://') ? proxy : `http://${proxy}`;
  return parse(url, `The option upstreamProxy says 'env', and ${name}`);
}

function parse(named, what) {
  const url = URL.canParse(named) ? new URL(named) : undefined;
  if (url === undefined || !Object.hasOwn(PORTS, url.protocol) || url.hostname === '')
    throw optionError('upstreamProxy', `${what} must be ${WANT}`);
  const credentials = [url.username, url.password].map(decoded);
  const isTold = url.username !== '' || url.password !== '';
  const isSocks = url.protocol.startsWith('socks5');
  const basic = Buffer.from(credentials.join(':')).toString('base64');
  return {
    socks: isSocks,
    secure: url.protocol === 'https:',
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || PORTS[url.protocol]),
    authorization: isTold && !isSocks ? `Basic ${basic}` : undefined,
    credentials: isTold && isSocks ? credentials : undefined,
  };
}

/** What is no encoding means itself. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Whether a target is among those that are asked without a proxy: `*`, hosts with all below them (with or without a dot or a star in
 * front), addresses, networks such as 10.0.0.0/8; each perhaps with a port.
 */
function isExempt(target, isSecure, list) {
  const host = target.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const port = target.port || (isSecure ? '443' : '80');
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => isMeant(entry.toLowerCase(), host, port));
}

function isMeant(entry, host, port) {
  if (entry === '*') return true;
  const [, name, wanted] = /^(?:\[(?=.*\]))?(.*?)\]?(?::(\d+))?$/.exec(entry);
  // An IPv6 address without brackets has no port.
  if (net.isIPv6(entry)) return isSameAddress(entry, host);
  if (wanted !== undefined && wanted !== port) return false;
  if (name.includes('/')) return isInNetwork(name, host);
  if (net.isIP(name) !== 0) return isSameAddress(name, host);
  const domain = name.replace(/^\*?\./, '');
  return host === domain || host.endsWith(`.${domain}`);
}

const familyOf = (address) => (net.isIPv6(address) ? 'ipv6' : 'ipv4');

function isSameAddress(address, host) {
  if (net.isIP(host) === 0) return false;
  const list = new net.BlockList();
  list.addAddress(address, familyOf(address));
  return list.check(host, familyOf(host));
}

function isInNetwork(network, host) {
  const [address, prefix] = network.split('/');
  const isNetwork = net.isIP(address) !== 0 && /^\d{1,3}$/.test(prefix);
  if (!isNetwork || net.isIP(host) === 0 || Number(prefix) > (net.isIPv6(address) ? 128 : 32)) return false;
  const list = new net.BlockList();
  list.addSubnet(address, Number(prefix), familyOf(address));
  return list.check(host, familyOf(host));
}

module.exports = { upstreamProxy };
