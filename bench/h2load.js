'use strict';

const fs = require('node:fs/promises');
const os = require('node:os');
const path = require('node:path');
const { execFile } = require('node:child_process');
const { promisify } = require('node:util');
const { HEADERS } = require('./wrk.js');

/**
 * Loads one contestant for `seconds` with HTTP/2 over TLS: so many connections, with so many streams on each at a time.
 *
 * @returns {Promise<import('./wrk.js').Load>}
 */
async function runH2load(url, { connections, streams }, seconds, prefix) {
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'rs-proxy-bench-'));
  const log = path.join(directory, 'requests.log');
  const [command, ...args] = [
    ...prefix,
    ...['h2load', '-t', '1', '-c', String(connections), '-m', String(streams), '-D', String(seconds)],
    ...[`--log-file=${log}`, ...HEADERS.flatMap((header) => ['-H', header]), url],
  ];
  try {
    const { stdout } = await promisify(execFile)(command, args);
    if (!/^Application protocol: h2$/m.test(stdout)) throw new Error('h2load: no HTTP/2 was spoken');
    return { ...counted(stdout), ...quantiles(await fs.readFile(log, 'latin1')) };
  } catch (error) {
    if (error.stderr === undefined) throw error;
    // The original message repeats the whole command line with every header.
    throw new Error(`h2load: ${error.stderr.trim() || error.code}`, { cause: error });
  } finally {
    await fs.rm(directory, { recursive: true });
  }
}

/** What h2load prints at its end. */
function counted(text) {
  const one = (pattern) => Number(pattern.exec(text)[1]);
  const rate = one(/, ([\d.]+) req\/s/);
  const requests = one(/^requests: .* (\d+) done/m);
  return {
    requests,
    // The time it prints is rounded to hundredths of whatever unit fits.
    microseconds: rate === 0 ? 0 : (requests / rate) * 1e6,
    socketErrors: one(/ (\d+) errored/) + one(/ (\d+) timeout/),
    badStatus: one(/ (\d+) 4xx/) + one(/ (\d+) 5xx/),
  };
}

/** A line for each request: when it began, its status, how many µs it took. */
function quantiles(log) {
  const took = Float64Array.from(log.trimEnd().split('\n'), (line) => Number(line.split('\t')[2])).sort();
  const quantile = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))];
  return { p50: quantile(0.5), p99: quantile(0.99) };
}

module.exports = { runH2load };
