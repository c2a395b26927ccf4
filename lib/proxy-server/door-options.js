'use strict';

/**
 * What `listen(port, { … })` takes, and what cannot be served through it. That is refused by name: a door that leaves an option out would be
 * worse than none.
 */

const http = require('node:http');
const { reasonForNode } = require('./door-needs.js');
const { isRoutes } = require('./door-routes.js');
const { optionError } = require('./options.js');

const LONGEST_TIMER = 2 ** 31 - 1;
const MOST_FIELDS = 1000;
const LARGEST_HEAD = 1024 * 1024;
const MOST_CONNECTIONS = 1_000_000;

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

/** The numbers among them, named as in `http.Server` where that has them. */
const LIMITS = {
  bodyTimeout: milliseconds(60_000),
  grace: { ...milliseconds(10_000), is: (value) => value === 0 || milliseconds().is(value) },
  headersTimeout: milliseconds(60_000),
  keepAliveTimeout: milliseconds(5000),
  maxConnections: number(1, MOST_CONNECTIONS, 10_000),
  maxHeaderSize: number(1024, LARGEST_HEAD, 32 * 1024),
  maxHeadersCount: number(1, MOST_FIELDS, 100),
  maxRequestsPerSocket: number(1, LONGEST_TIMER, 1000),
  maxUrlLength: number(1, LARGEST_HEAD, 8 * 1024),
  writeTimeout: milliseconds(60_000),
};

/** Elsewhere there are no pairs of sockets. */
const CAN_HAND_OVER = process.platform !== 'win32';

const OTHERS = {
  host: { is: (value) => typeof value === 'string' && value !== '', want: 'an address or a name' },
  routes: {
    is: isRoutes,
    want: 'a list of { path, target, rewrite }: a path that begins with a slash, a target, and perhaps a table of rules as of pathRewrite',
  },
  trustProxy: {
    is: (value) => typeof value === 'boolean',
    want: 'true or false; lists of networks are not supported yet',
  },
  fallback: {
    is: (value) => CAN_HAND_OVER && (typeof value === 'function' || value instanceof http.Server),
    want: CAN_HAND_OVER
      ? 'a request listener, such as an Express application, or an http.Server'
      : 'left out on this system',
  },
};

/**
 * The settings of a door, with their defaults.
 *
 * @param {Record<string, unknown>} options
 * @returns {{ host?: string, fallback?: Function | http.Server, trustProxy: boolean, limits: Record<string, number>, routes?: import('./door-routes.js').Route[] }}
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
  const { fallback, host, routes, trustProxy } = options;
  return { host, fallback, trustProxy: trustProxy === true, limits, routes };
}

const INSTEAD = 'listen without the options object, listen(port, hostname), serves it through Node';

/**
 * Refuses what the door can serve neither by itself nor by handing it over to Node.
 *
 * @param {import('./node-side.js').Subject} subject
 */
function checkSubject(subject) {
  const { options } = subject.proxy;
  if (options.ssl) throw optionError('ssl', `The native door cannot honour the option ssl yet; ${INSTEAD}`);
  const { decisions, nodesOption } = subject;
  if (
    !options.target &&
    !options.forward &&
    !decisions.routes &&
    !decisions.router &&
    nodesOption === undefined
  )
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

module.exports = { CAN_HAND_OVER, checkAlone, checkSubject, doorOptions };
