'use strict';

/** What the program is to do: what its file says, and above that its flags. */

const fs = require('node:fs');
const path = require('node:path');
const { problemOf } = require('./schema.js');
const schema = require('./proxy.schema.json');

const DEFAULTS = {
  port: 8000,
  host: '127.0.0.1',
  changeOrigin: false,
  xfwd: false,
  log: 'short',
  workers: 1,
  grace: 10_000,
};

/** A mistake of whoever has started the program; its message says what to do. */
class UsageError extends Error {}

/**
 * @param {Record<string, any>} flags those that were given
 * @returns {Settings}
 * @throws {UsageError}
 *
 * @typedef {object} Settings
 * @property {string} [target]
 * @property {{ path: string, target: string, rewrite?: Record<string, string> }[]} routes
 * @property {number} port
 * @property {string} host
 * @property {{ cert: string, key: string }} [tlsFiles] their paths
 * @property {{ cert: string, key: string }} [tls] what is in them
 */
function readSettings(flags) {
  const { config, tlsCert, tlsKey, ...others } = flags;
  const file = config === undefined ? {} : readConfig(config);
  const settings = { ...DEFAULTS, ...file, ...others };
  const tls = tlsCert === undefined && tlsKey === undefined ? settings.tls : { cert: tlsCert, key: tlsKey };
  return { ...settings, tlsFiles: tls, tls: tls && readTls(tls), routes: routesOf(settings) };
}

/** Relative paths in a file are relative to it. */
function readConfig(name) {
  const config = parse(name, readFile(name, 'The file of --config'));
  const problem = problemOf(config, schema);
  if (problem !== undefined) throw new UsageError(`${name}: ${problem}`);
  const { logFile, tls, ...others } = config;
  delete others.$schema;
  const resolve = (file) => path.resolve(path.dirname(name), file);
  return {
    ...others,
    ...(logFile !== undefined && { logFile: resolve(logFile) }),
    ...(tls !== undefined && { tls: { cert: resolve(tls.cert), key: resolve(tls.key) } }),
  };
}

function parse(name, text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${name} is not JSON: ${error.message}`, { cause: error });
  }
}

function readTls({ cert, key }) {
  if (cert === undefined) throw new UsageError('--tls-key needs --tls-cert: the file with the certificate');
  if (key === undefined) throw new UsageError('--tls-cert needs --tls-key: the file with the private key');
  return { cert: readFile(cert, 'The certificate'), key: readFile(key, 'The private key') };
}

function readFile(name, what) {
  try {
    return fs.readFileSync(name, 'utf8');
  } catch (error) {
    throw new UsageError(`${what} cannot be read: ${error.message}`, { cause: error });
  }
}

/** A target and rules without routes are one route: for everything. */
function routesOf({ target, routes = [], rewrite }) {
  const own = routes.map((route) => ({ ...route, rewrite: route.rewrite ?? rewrite }));
  const isWhole = own.some((route) => route.path === '/');
  if (target === undefined || isWhole) return own;
  return rewrite === undefined && own.length === 0 ? [] : [...own, { path: '/', target, rewrite }];
}

module.exports = { DEFAULTS, UsageError, readSettings, readTls };
