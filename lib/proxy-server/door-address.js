'use strict';

/** Where a native door listens, as `net.Server.listen` takes it, and how Node's servers say that it cannot. */

const net = require('node:net');
const { EACCES, ENOENT } = require('node:os').constants.errno;
const util = require('node:util');
const { optionError } = require('./options.js');

/**
 * A port or a path. As in Node, text that is no number is a path, and a port counts more than the option `path`.
 *
 * @param {unknown} where the first argument of `listen`
 * @param {string} [path] the option
 * @returns {{ port?: number, path?: string }}
 * @throws {RangeError} if it is neither
 */
function placeOf(where, path) {
  if (typeof where === 'string' && where.trim() !== '' && Number.isNaN(Number(where)))
    return unixPlace(where);
  if ((where === undefined || where === null) && path !== undefined) return unixPlace(path);
  return { port: portOf(where) };
}

function unixPlace(path) {
  if (process.platform !== 'win32') return { path };
  throw optionError(
    'path',
    'The native door cannot listen at a pipe of Windows; listen without the options object',
  );
}

function portOf(port) {
  const number = typeof port === 'string' && port.trim() !== '' ? Number(port) : port;
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number;
  const error = new RangeError(`options.port should be >= 0 and < 65536. Received ${util.inspect(port)}.`);
  error.code = 'ERR_SOCKET_BAD_PORT';
  throw error;
}

/** What `address()` gives: an object, or the path of a Unix socket. */
function shownAddress({ address, port }) {
  if (typeof port !== 'number') return address;
  return { address, family: net.isIPv6(address) ? 'IPv6' : 'IPv4', port };
}

/**
 * The error of Node's servers. The engine says what failed, and the system's number.
 *
 * @param {Error} error the engine's
 * @param {string} address
 * @param {number} [port]
 * @param {{ monitorAddress?: string, monitorPort: number, accessLogPath?: string }} settings
 */
function openError(error, address, port, { monitorAddress, monitorPort, accessLogPath }) {
  const [, what, number] = /^(\w+) (\d+)$/.exec(error.message) ?? [];
  // Node calls a folder that there is not a lack of permission.
  const isNoFolder = what === 'listen' && port === undefined && Number(number) === ENOENT;
  const errno = -(isNoFolder ? EACCES : Number(number));
  const [code, reason] = util.getSystemErrorMap().get(errno) ?? [];
  if (code === undefined) return error;
  if (what === 'accessLog') {
    const shown = new Error(`${code}: ${reason}, open '${accessLogPath}'`);
    return Object.assign(shown, { code, errno, syscall: 'open', path: accessLogPath });
  }
  const place = what === 'metrics' ? [monitorAddress, monitorPort] : [address, port ?? NO_PORT];
  return listenError({ code, errno, reason }, ...place);
}

function listenError({ code, errno, reason }, address, port) {
  const shown = new Error(`listen ${code}: ${reason} ${address}${port > 0 ? `:${port}` : ''}`);
  return Object.assign(shown, { code, errno, syscall: 'listen', address, ...(port !== 0 && { port }) });
}

/** Node's servers say it of paths. */
const NO_PORT = -1;

module.exports = { openError, placeOf, shownAddress };
