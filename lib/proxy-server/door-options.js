'use strict';

/**
 * What `listen(port, { … })` takes, and what cannot be served through it. That is refused by name: a door that leaves an option out would be
 * worse than none.
 */

const cluster = require('node:cluster');
const http = require('node:http');
const net = require('node:net');
const { reasonForNode } = require('./door-needs.js');
const { OBSERVATION, observationSettings } = require('./door-observation.js');
const { hasTargets, isRoutes } = require('./door-routes.js');
const { optionError } = require('./options.js');

const LONGEST_TIMER = 2 ** 31 - 1;
const MOST_FIELDS = 1000;
const LARGEST_HEAD = 1024 * 1024;
const MOST_CONNECTIONS = 1_000_000;
const MOST_STREAMS = 1000;
const MOST_THREADS = 256;

const number = (least, most, usual) => ({
  is: (value) => Number.isInteger(value) && value >= least && value <= most,
  want: `a whole number from ${least} to ${most}`,
  usual,
});
const milliseconds = (usual) => ({
  is: (value) => Number.isFinite(value) && value >= 1 && value <= LONGEST_TIMER,
  want: `a number of milliseconds from 1 to ${LONGEST_TIMER}`,
  usual,
});

/** The numbers among them, named as in `http.Server` and `net.Server` where those have them. */
const LIMITS = {
  backlog: number(1, 65_535, 511),
  bodyTimeout: milliseconds(60_000),
  grace: { ...milliseconds(10_000), is: (value) => value === 0 || milliseconds().is(value) },
  headersTimeout: milliseconds(60_000),
  keepAliveTimeout: milliseconds(5000),
  maxConcurrentStreams: number(1, MOST_STREAMS, 100),
  maxConnections: number(1, MOST_CONNECTIONS, 10_000),
  maxInFlight: number(1, MOST_CONNECTIONS, undefined),
  maxHeaderSize: number(1024, LARGEST_HEAD, 32 * 1024),
  maxHeadersCount: number(1, MOST_FIELDS, 100),
  maxRequestsPerSocket: number(1, LONGEST_TIMER, 1000),
  maxUrlLength: number(1, LARGEST_HEAD, 8 * 1024),
  minBodyRate: number(0, LONGEST_TIMER, 0),
  threads: number(1, MOST_THREADS, 1),
  writeTimeout: milliseconds(60_000),
};

/** Elsewhere there are no pairs of sockets. */
const CAN_HAND_OVER = process.platform !== 'win32';
const isBoolean = (value) => typeof value === 'boolean';

const OTHERS = {
  ...OBSERVATION,
  h2c: { is: (value) => typeof value === 'boolean', want: 'true or false' },
  host: { is: (value) => typeof value === 'string' && value !== '', want: 'an address or a name' },
  routes: {
    is: isRoutes,
    want: 'a list of { path, target, rewrite }: a path that begins with a slash, a target, and perhaps a table of rules as of pathRewrite',
  },
  path: { is: (value) => typeof value === 'string' && value !== '', want: 'the path of a Unix socket' },
  readableAll: { is: isBoolean, want: 'true or false' },
  reusePort: { is: isBoolean, want: 'true or false' },
  trustProxy: {
    is: (value) => typeof value === 'boolean' || isNetworks(value),
    want: 'true, false, or a list of networks such as 10.0.0.0/8',
  },
  fallback: {
    is: (value) => CAN_HAND_OVER && (typeof value === 'function' || value instanceof http.Server),
    want: CAN_HAND_OVER
      ? 'a request listener, such as an Express application, or an http.Server'
      : 'left out on this system',
  },
  writableAll: { is: isBoolean, want: 'true or false' },
};

function isNetworks(value) {
  return Array.isArray(value) && value.every(isNetwork);
}

function isNetwork(text) {
  const [, address, length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bits = { 4: 32, 6: 128 }[net.isIP(address ?? '')];
  return bits !== undefined && (length === undefined || Number(length) <= bits);
}

/**
 * The settings of a door, with their defaults.
 *
 * @param {Record<string, unknown>} options
 * @returns {{ host?: string, path?: string, fallback?: Function | http.Server, routes?: import('./door-routes.js').Route[], settings: object }} `settings` as in
 *   src/binding/door.rs
 */
function doorOptions(options) {
  const limits = Object.fromEntries(Object.entries(LIMITS).map(([name, { usual }]) => [name, usual]));
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const rule = Object.hasOwn(LIMITS, name) ? LIMITS[name] : OTHERS[name];
    if (rule === undefined || !Object.hasOwn({ ...LIMITS, ...OTHERS }, name))
      throw optionError(name, `The option ${name} of listen is not known`);
    if (!rule.is(value)) throw optionError(name, `The option ${name} of listen must be ${rule.want}`);
    if (Object.hasOwn(LIMITS, name)) limits[name] = value;
  }
  const settings = {
    plainHttp2: options.h2c === true,
    trustProxy: options.trustProxy ?? false,
    reusePort: options.reusePort ?? sharesItsPorts(),
    readableAll: options.readableAll === true,
    writableAll: options.writableAll === true,
    ...observationSettings(options),
    ...limits,
  };
  const { fallback, host, path, routes } = options;
  return { host, path, fallback, routes, settings };
}

/** How WebSockets are forwarded (`NativeUpgrades` in src/binding/door.rs). */
function upgradeSettings({ tunnelTimeout, upgradeTimeout, verifyUpgrade, xfwdWsProtoAsHttp }) {
  return {
    verify: verifyUpgrade !== false,
    headTimeout: upgradeTimeout > 0 ? upgradeTimeout : undefined,
    idleTimeout: tunnelTimeout > 0 ? tunnelTimeout : undefined,
    saysHttp: xfwdWsProtoAsHttp === true,
  };
}

/** The workers of a cluster listen at the same ports, as servers of Node's do there. Windows cannot have that without Node's help. */
function sharesItsPorts() {
  return cluster.isWorker && process.platform !== 'win32';
}

const INSTEAD = 'listen without the options object, listen(port, hostname), serves it through Node';

/**
 * Refuses what the door can serve neither by itself nor by handing it over to Node.
 *
 * @param {import('./node-side.js').Subject} subject
 */
function checkSubject(subject) {
  const { options } = subject.proxy;
  const { decisions, nodesOption } = subject;
  if (!options.target && !options.forward && !hasTargets(decisions) && nodesOption === undefined)
    throw optionError('target', 'The native door needs the option target, or routes');
  if (!CAN_HAND_OVER) checkAlone(subject);
}

/**
 * Refuses what the door cannot serve by itself, on systems where it cannot hand it over either.
 *
 * @param {import('./node-side.js').Subject} subject
 * @param {string} [coming] an event that is about to be listened to
 */
function checkAlone(subject, coming) {
  const name = reasonForNode(subject, coming);
  if (name !== undefined)
    throw optionError(name, `The native door cannot serve ${name} on this system; ${INSTEAD}`);
}

module.exports = { CAN_HAND_OVER, checkAlone, checkSubject, doorOptions, upgradeSettings };
