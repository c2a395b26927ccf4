'use strict';

/**
 * What `listen(port, { … })` takes, and which proxies the engine can serve without JavaScript. What it cannot honour is refused by name: a
 * door that forwards nothing of a listener's edits, or leaves an option out, would be worse than none.
 */

const { LAST_RESORT } = require('./call.js');
const { SHAPING } = require('./config.js');
const { isKnownOption, optionError } = require('./options.js');
const { isRoutes } = require('./door-routes.js');
const { isBuiltIn } = require('./passes.js');

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
  fallback: { is: () => false, want: 'left out; it is not supported yet' },
};

/**
 * The settings of a door, with their defaults.
 *
 * @param {Record<string, unknown>} options
 * @returns {{ host?: string, trustProxy: boolean, limits: Record<string, number>, routes?: import('./door-routes.js').Route[] }}
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
  const { host, routes } = options;
  return { host, trustProxy: options.trustProxy === true, limits, routes };
}

/** Events of requests: their listeners would have to be called. Those of upgrades are never emitted, for there are none. */
const EVENTS = new Set(['econnreset', 'end', 'error', 'proxyReq', 'proxyRes', 'start']);

/** Of those that the engine's configuration is made of, the door does not look at these. */
const NOT_OF_THE_DOOR = new Set(['allowDuplicateHost', 'lookup', 'ssl']);

/** Options that the door honours, and those that mean nothing without listeners and upgrades. All others would be left out without a word. */
const HONOURED = new Set([
  ...[...SHAPING].filter((name) => !NOT_OF_THE_DOOR.has(name)),
  'headers',
  'hookTimeout',
  'target',
  'tunnelTimeout',
  'upgradeTimeout',
  'verifyUpgrade',
  'xfwdWsProtoAsHttp',
]);

const INSTEAD = 'listen without the options object, listen(port, hostname), serves it through Node';

/**
 * Refuses a proxy that the engine cannot serve alone.
 *
 * @param {import('./proxy-server.js').ProxyServer} proxy
 * @param {import('./door-routes.js').Decisions} decisions
 */
function checkProxy(proxy, { routes, router }) {
  const { options } = proxy;
  for (const name in options) {
    if (options[name] && isKnownOption(name) && !HONOURED.has(name))
      throw optionError(name, `The native door cannot honour the option ${name} yet; ${INSTEAD}`);
  }
  const { target } = options;
  if (typeof target === 'function' || Array.isArray(target))
    throw optionError(
      'target',
      `The native door needs one target that is known when it opens, no function or list; ${INSTEAD}`,
    );
  if (!routes && !router && (target === undefined || target === null || target === ''))
    throw optionError('target', 'The native door needs the option target, or routes');
  if (!isBuiltIn(proxy.webPasses))
    throw optionError('passes', `The native door cannot run passes of your own; ${INSTEAD}`);
  for (const event of EVENTS) {
    if (proxy.rawListeners(event).some((listener) => !listener[LAST_RESORT])) throw listenerError(event);
  }
}

/** Refuses listeners that come after the door was opened; for `newListener`. */
function checkListener(event, listener) {
  if (EVENTS.has(event) && !listener[LAST_RESORT]) throw listenerError(event);
}

function listenerError(event) {
  const hint = event === 'error' ? ' (failed requests are answered, and counted in stats().door)' : '';
  return optionError(event, `The native door cannot call ${event} listeners yet${hint}; ${INSTEAD}`);
}

module.exports = { checkListener, checkProxy, doorOptions };
