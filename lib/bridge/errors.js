'use strict';

/**
 * Makes errors that look like Node's own for the same event. What an error means (code, status, phase, side) is decided in the engine;
 * here it only gets its shape.
 */

const os = require('node:os');
const { types } = require('node:util');

/** libuv's numbers for resolver errors, which `os.constants` does not have. */
const RESOLVER_ERRNO = { ENOTFOUND: -3008, EAI_AGAIN: -3001 };

/**
 * @typedef {Error & {
 *   code: string, status: number, phase: string, side: 'client' | 'upstream' | 'internal',
 *   errno?: number, syscall?: string, address?: string, port?: number, hostname?: string,
 *   timeout?: 'connect' | 'head' | 'idle' | 'total', isAnswered: boolean
 * }} ProxyError
 */

/**
 * The error that the engine packed (src/binding/error.rs).
 *
 * @param {string} text
 * @returns {ProxyError}
 */
function unpackError(text) {
  const [code, status, phase, side, syscall, address, port, hostname, timeout, answered, ...message] =
    text.split('\n');
  const error = new Error(message.join('\n'));
  const errno = RESOLVER_ERRNO[code] ?? (syscall && -os.constants.errno[code]);
  if (errno) error.errno = errno;
  error.code = code;
  if (syscall) error.syscall = syscall;
  if (address) error.address = address;
  if (port) error.port = Number(port);
  if (hostname) error.hostname = hostname;
  if (timeout) timedOut(error, timeout);
  return describeError(error, Number(status), phase, side, answered !== '');
}

/**
 * What a user's hook threw or rejected with. An error keeps its identity; anything else becomes the cause of one.
 *
 * @param {string} hook the name of the event or option
 * @param {unknown} thrown
 * @returns {ProxyError}
 */
function hookError(hook, thrown) {
  if (types.isNativeError(thrown)) return thrown;
  const error = new Error(`The ${hook} hook failed with something that is not an Error`, { cause: thrown });
  error.code = 'ERR_PROXY_HOOK';
  return describeError(error, 500, 'hook', 'internal');
}

/** A hook that took longer than `hookTimeout`. */
function hookTimeoutError(hook, milliseconds) {
  const error = new Error(`The ${hook} hook has not settled within ${milliseconds} ms (option hookTimeout)`);
  error.code = 'ERR_PROXY_HOOK_TIMEOUT';
  return describeError(error, 504, 'hook', 'internal');
}

/** An error of Node's look, made on this side of the boundary. */
function proxyError(code, message, status, phase, side) {
  const error = new Error(message);
  error.code = code;
  return describeError(error, status, phase, side);
}

/** The codes of the limits that the option `timeouts` has set; the others have those of the originals. */
const EXCEEDED = {
  connect: ['ERR_PROXY_CONNECT_TIMEOUT', 'The target could not be connected to'],
  head: ['ERR_PROXY_HEAD_TIMEOUT', 'The target has not begun to answer'],
  idle: ['ERR_PROXY_IDLE_TIMEOUT', 'The target has neither taken nor sent anything'],
  total: ['ERR_PROXY_TOTAL_TIMEOUT', 'The target has not answered completely'],
};

/**
 * A limit that has run out where Node's client is used; the engine makes its own.
 *
 * @param {'connect' | 'head' | 'idle' | 'total'} limit
 * @param {number} milliseconds
 * @param {boolean} isNamed it was set by the option `timeouts`
 * @param {string} phase
 */
function timeoutError(limit, milliseconds, isNamed, phase) {
  const [code, what] = EXCEEDED[limit];
  const usual =
    limit === 'connect' ? ['ECONNECT_TIMEOUT', 'ECONNECT_TIMEOUT'] : ['ECONNRESET', 'socket hang up'];
  const named = [code, `${what} within ${milliseconds} ms (option timeouts.${limit})`];
  const error = proxyError(...(isNamed ? named : usual), 504, phase, 'upstream');
  return timedOut(error, limit);
}

function timedOut(error, limit) {
  error.timeout = limit;
  error.cause = new Error(`The target exceeded the ${limit} time-out`);
  return error;
}

/** Details that are ours: there for whoever asks, not in the way of whoever prints the error. */
function describeError(error, status, phase, side, isAnswered = false) {
  for (const [key, value] of Object.entries({ status, phase, side, isAnswered })) {
    Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
  }
  return error;
}

module.exports = { describeError, hookError, hookTimeoutError, proxyError, timeoutError, unpackError };
