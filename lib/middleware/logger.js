'use strict';

/**
 * The user's logger, made safe: what it throws must neither fail a request nor end the process.
 *
 * @typedef {{ info(...args: unknown[]): void, warn(...args: unknown[]): void, error(...args: unknown[]): void }} Logger
 */

/**
 * @param {{ logger?: Logger }} options
 * @returns {Logger} silent if the user has none
 */
function getLogger({ logger }) {
  if (!logger) return SILENT;
  // The method is looked up with each line: tests and tools replace it.
  return {
    info: (...args) => say(logger, 'info', args),
    warn: (...args) => say(logger, 'warn', args),
    error: (...args) => say(logger, 'error', args),
  };
}

const SILENT = { info() {}, warn() {}, error() {} };

/** Calls a method of a logger. */
function say(logger, level, args) {
  try {
    const result = logger[level](...args);
    if (typeof result?.then === 'function') Promise.resolve(result).catch((reason) => report(logger, reason));
  } catch (thrown) {
    report(logger, thrown);
  }
}

/** The loggers whose failure was reported. */
const reported = new WeakSet();

function report(logger, thrown) {
  if (reported.has(logger)) return;
  reported.add(logger);
  process.emitWarning(`The logger failed: ${thrown?.message ?? typeof thrown}; this is said once.`, {
    type: 'ProxyWarning',
    code: 'RS_PROXY_LOGGER',
  });
}

module.exports = { getLogger, say };
