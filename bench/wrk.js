'use strict';

const path = require('node:path');
const { execFile } = require('node:child_process');
const { promisify } = require('node:util');
const { REQUEST_HEADERS } = require('./payload.js');

const HEADERS = Object.entries(REQUEST_HEADERS).map(([name, value]) => `${name}: ${value}`);

/**
 * Loads one contestant for `seconds`.
 *
 * @typedef {{ requests: number, microseconds: number, p50: number, p99: number, socketErrors: number,
 *   badStatus: number }} Load latencies in µs
 * @returns {Promise<Load>}
 */
async function runWrk(url, { method, body, connections }, seconds, prefix) {
  const [command, ...args] = [
    ...prefix,
    ...['wrk', '-t', '1', '-c', String(connections), '-d', `${seconds}s`],
    ...['-s', path.join(__dirname, 'load.lua'), url, '--', method, body, ...HEADERS],
  ];
  const { stdout } = await promisify(execFile)(command, args).catch((error) => {
    // The original message repeats the whole command line with every header.
    throw new Error(`wrk: ${error.stderr?.trim() || error.code}`, { cause: error });
  });
  return JSON.parse(stdout.slice(stdout.lastIndexOf('\n{') + 1));
}

module.exports = { HEADERS, runWrk };
