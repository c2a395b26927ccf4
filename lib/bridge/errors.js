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
  if (timeout) {
    error.timeout = timeout;
    error.cause = new Error(`The target exceeded the ${timeout} time-out`);
  }
  return withDetails(error, Number(status), phase, side, answered !== '');
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
  return withDetails(error, 500, 'hook', 'internal');
}

/** A hook that took longer than `hookTimeout`. */
function hookTimeoutError(hook, milliseconds) {
  const error = new Error(`The ${hook} hook has not settled within ${milliseconds} ms (option hookTimeout)`);
  error.code = 'ERR_PROXY_HOOK_TIMEOUT';
  return withDetails(error, 504, 'hook', 'internal');
}

/** An error of Node's look, made on this side of the boundary. */
function proxyError(code, message, status, phase, side) {
  const error = new Error(message);
  error.code = code;
  return withDetails(error, status, phase, side);
}

/** Details that are ours: there for whoever asks, not in the way of whoever prints the error. */
function withDetails(error, status, phase, side, isAnswered = false) {
  for (const [key, value] of Object.entries({ status, phase, side, isAnswered })) {
    Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
  }
  return error;
}

module.exports = { hookError, hookTimeoutError, proxyError, unpackError };
