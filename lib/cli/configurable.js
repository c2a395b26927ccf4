'use strict';

/** `rs-proxy serve`: configurable-http-proxy's command line and API in front of the native door. */

const fs = require('node:fs');
const { setTimeout } = require('node:timers/promises');
const { BackendRoutes, loadBackend } = require('../configurable/backend-routes.js');
const { ConfigurableProxy } = require('../configurable/configurable-proxy.js');
const { listenOptions, listening, shownPlace } = require('../configurable/listening.js');
const { Log } = require('../configurable/log.js');
const { redirectServer } = require('../configurable/redirect.js');
const { configurableFlags } = require('./configurable-flags.js');
const { configurableSettings } = require('./configurable-settings.js');
const { DEFAULTS, UsageError } = require('./settings.js');

/** For the last bytes, once the time of grace is over. */
const LAST = 1000;
/** As the original ends when a signal has come. */
const ENDED_BY_SIGNAL = 2;

/**
 * @param {(act: (flags: Record<string, any>) => Promise<void>) => (...args: unknown[]) => Promise<void>} attempting says what went wrong
 * @returns {import('commander').Command}
 */
function configurableCommand(attempting) {
  return configurableFlags().action(attempting(serve));
}

async function serve(flags) {
  const log = new Log(flags.logLevel ?? 'info');
  const { end } = await openAll(flags, process.env, log);
  endOnSignal(log, end);
  if (flags.pidFile !== undefined) writePid(flags.pidFile, log);
}

/**
 * Opens all that the flags say.
 *
 * @param {Record<string, any>} flags
 * @param {Record<string, string | undefined>} environment
 * @param {Log} log is told where they listen
 * @returns {Promise<{ front: import('node:events').EventEmitter, servers: import('node:http').Server[], end(): Promise<void> }>} `servers`:
 *   the API's, and those that are asked for
 */
async function openAll(flags, environment, log) {
  const { warnings, settings, ...others } = configurableSettings(flags, environment);
  for (const warning of warnings) log.warn(warning);
  const proxy = new ConfigurableProxy({ ...settings, ...(await backendOf(settings, log)), log });
  const opened = { front: undefined, servers: [] };
  const end = () => endAll({ ...opened, proxy, grace: flags.grace ?? DEFAULTS.grace });
  try {
    await openEach(proxy, { settings, ...others }, opened, log);
  } catch (error) {
    await end();
    throw error;
  }
  return { ...opened, end };
}

/** Opens one after the other, and puts them into `opened`. */
async function openEach(proxy, { door, nodeTls, places, settings }, opened, log) {
  const openServer = async (what, place, server) => {
    opened.servers.push(await open(what, place, () => server.listen(listenOptions(place))));
    return server.address();
  };
  const isSecure = settings.proxy.ssl !== undefined || nodeTls !== undefined;
  const start = () =>
    nodeTls === undefined
      ? proxy.openDoor(places.public, door)
      : proxy.nodeServer(nodeTls, places.public, door);
  opened.front = await open('proxy', places.public, start);
  const front = opened.front.address();
  log.info(`Proxying ${url(isSecure, front)} to ${settings.defaultTarget ?? '(no default)'}`);
  const api = await openServer('API', places.api, proxy.apiServer());
  log.info(`Proxy API at ${url(settings.apiSsl !== undefined, api)}/api/routes`);
  if (places.metrics !== undefined) {
    const address = await openServer('server of metrics', places.metrics, proxy.metricsServer());
    log.info(`Serve metrics at ${url(false, address)}/metrics`);
  }
  if (places.redirect !== undefined) {
    const to = places.redirectTo ?? front.port;
    const address = await openServer('redirection', places.redirect, redirectServer(to));
    log.info(`Added HTTP to HTTPS redirection from ${url(false, address)} to ${to}`);
  }
}

/** Listens, and says what cannot. */
async function open(what, place, start) {
  try {
    return await listening(place, start);
  } catch (error) {
    if (error.syscall === undefined) throw error;
    throw new Error(`The ${what} cannot listen: ${error.message}`, { cause: error });
  }
}

async function backendOf({ storageBackend: name, ...settings }, log) {
  if (name === undefined) return undefined;
  try {
    return { routes: new BackendRoutes(await loadBackend(name, settings), { ...settings, log }) };
  } catch (error) {
    throw new UsageError(`--storage-backend: ${error.message}`, { cause: error });
  }
}

const url = (isSecure, address) => `${isSecure ? 'https' : 'http'}://${shownPlace(address)}`;

function writePid(file, log) {
  log.info(`Writing pid ${process.pid} to ${file}`);
  fs.writeFileSync(file, `${process.pid}`);
  process.on('exit', () => fs.rmSync(file, { force: true }));
}

/** What is under way at the public place may come to its end; the rest is let go of at once, for whoever comes next. */
async function endAll({ front, servers, proxy, grace }) {
  proxy.close();
  for (const server of servers) {
    server.close();
    server.closeIdleConnections();
  }
  if (front === undefined) return;
  const ended = new AbortController();
  const closed = new Promise((resolve) => front.close(resolve)).finally(() => ended.abort());
  // The native door sees to it itself, Node's server would wait for ever.
  await Promise.race([
    closed,
    setTimeout(grace + LAST, undefined, { signal: ended.signal }).catch(() => closed),
  ]);
}

/** A second signal ends it at once. */
function endOnSignal(log, end) {
  let isEnding = false;
  const onSignal = (signal) => {
    if (isEnding) process.exit(ENDED_BY_SIGNAL);
    isEnding = true;
    log.warn(signal === 'SIGINT' ? 'Interrupted' : 'Terminated');
    end().then(() => process.exit(ENDED_BY_SIGNAL));
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, onSignal);
}

module.exports = { configurableCommand, openAll };
