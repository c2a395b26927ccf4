'use strict';

/** The flags that all doors of the program have. */

const { Option } = require('commander');
const values = require('./values.js');

/**
 * @template {import('commander').Command} T
 * @param {T} command
 * @returns {T}
 */
function doorFlags(command) {
  return command
    .option('--host <address>', 'address to listen on (default: 127.0.0.1; ::, for all)')
    .addOption(
      new Option('--log <format>', 'a line for each request (default: short)').choices([
        'short',
        'common',
        'combined',
        'json',
        'off',
      ]),
    )
    .option('--log-file <file>', 'append those lines to a file')
    .option(
      '-w, --workers <number>',
      'threads that serve requests (default: 1; auto: one for each core)',
      values.workers,
    )
    .option('--metrics-port <number>', 'serve /metrics and /healthz on this port of 127.0.0.1', values.port)
    .option(
      '--grace <time>',
      'for requests in progress, once a signal has come (default: 10s)',
      values.milliseconds,
    );
}

module.exports = { doorFlags };
