'use strict';

/**
 * Who may register routes: whoever is on the same machine, and no web page that is open there. A page can send requests to local ports
 * (which browsers mark), or have its own name lead to them (which the `Host` field shows).
 */

const net = require('node:net');

const LOOPBACK = new net.BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const MAPPED = /^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i;

/**
 * Whether a request may register routes.
 *
 * @param {import('node:http').IncomingMessage} req
 * @param {{ legacy: boolean, allowHosts: string[] }} options
 */
function mayRegister(req, { legacy, allowHosts }) {
  const address = (req.socket ?? req.connection)?.remoteAddress;
  if (legacy) return address === '127.0.0.1';
  return isLocal(address) && !isFromPage(req.headers) && isOwnHost(req.headers.host, allowHosts);
}

/** A Unix socket has no address: who can open it, is here. */
function isLocal(address) {
  if (address === undefined || address === '') return true;
  const plain = address.replace(MAPPED, '');
  return net.isIP(plain) !== 0 && LOOPBACK.check(plain, net.isIPv6(plain) ? 'ipv6' : 'ipv4');
}

function isFromPage({ origin, 'sec-fetch-site': site }) {
  return origin !== undefined || (site !== undefined && site !== 'same-origin' && site !== 'none');
}

function isOwnHost(host, allowHosts) {
  if (host === undefined || host === '') return true;
  const name = hostName(host);
  if (name === undefined) return false;
  if (net.isIP(name.replace(/^\[|\]$/g, '')) !== 0) return true;
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    allowHosts.some((own) => own.toLowerCase() === name)
  );
}

function hostName(host) {
  try {
    return new URL(`http://${host}`).hostname.replace(/\.$/, '');
  } catch {
    return undefined;
  }
}

/** Whether a listener at this address is for this machine alone. */
function isLoopback(address) {
  return address === 'localhost' || (address !== '' && isLocal(address));
}

module.exports = { isFromPage, isLoopback, isOwnHost, mayRegister };
