'use strict';

/** Flags that more than one command has. */

const { Option } = require('commander');
const values = require('./values.js');

/**
 * What the doors of `rs-proxy`, `rs-proxy dynamic` and `rs-proxy serve` have in common.
 *
 * @template {import('commander').Command} T
 * @param {T} command
 * @param {{ usualLog: string }} usual the format of the log where no flag says another, for `--help`
 * @returns {T}
 */
function servingFlags(command, { usualLog }) {
  return command
    .addOption(
      new Option('--log <format>', `a line for each request (default: ${usualLog})`).choices([
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
    .option(
      '--grace <time>',
      'for requests in progress, once a signal has come (default: 10s)',
      values.milliseconds,
    );
}

/**
 * @template {import('commander').Command} T
 * @param {T} command
 * @returns {T}
 */
function doorFlags(command) {
  command.option('--host <address>', 'address to listen on (default: 127.0.0.1; ::, for all)');
  return servingFlags(command, { usualLog: 'short' }).option(
    '--metrics-port <number>',
    'serve /metrics and /healthz on this port of 127.0.0.1',
    values.port,
  );
}

module.exports = { doorFlags, servingFlags };
