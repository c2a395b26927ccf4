'use strict';

/**
 * The logger of version 2: one for the whole process. The level and the provider of the middleware that was made last hold for all.
 */

const { format } = require('node:util');
const { say } = require('../logger.js');

/* eslint-disable no-console -- Version 2 writes to the console unless it is told otherwise. */
const CONSOLE = {
  log: console.log,
  debug: console.log,
  info: console.info,
  warn: console.warn,
  error: console.error,
};
/* eslint-enable no-console */

const WEIGHTS = { debug: 10, info: 20, warn: 30, error: 50, silent: 80 };

let provider = CONSOLE;
let weight = WEIGHTS.info;

/** Lines are formatted before the provider gets them. */
function write(level, args) {
  if (weight <= WEIGHTS[level]) say(provider, level, [format(...args)]);
}

const logger = {
  debug: (...args) => write('debug', args),
  info: (...args) => write('info', args),
  warn: (...args) => write('warn', args),
  error: (...args) => write('error', args),
};

/**
 * @param {{ logLevel?: string, logProvider?: (provider: typeof CONSOLE) => typeof CONSOLE }} options
 * @throws {Error} if one of them cannot be used
 */
function configureLogger({ logLevel, logProvider }) {
  if (logLevel) {
    if (!Object.hasOwn(WEIGHTS, logLevel)) throw new Error('[HPM] Log level error. Invalid logLevel.');
    weight = WEIGHTS[logLevel];
  }
  if (logProvider) {
    if (typeof logProvider !== 'function')
      throw new Error('[HPM] Log provider config error. Expecting a function.');
    provider = logProvider(CONSOLE);
  }
}

module.exports = { configureLogger, logger };
