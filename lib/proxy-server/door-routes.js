'use strict';

/**
 * What the native door decides by itself: routes, and the filter, rules and router of a middleware, where they are data. The engine is given
 * them compiled; none of it is interpreted for a request.
 */

const { debuglog } = require('node:util');
const { readPathFilter } = require('../middleware/path-filter.js');
const { readRewriteRules } = require('../middleware/path-rewriter.js');
const { configOf } = require('./config.js');
const { optionError } = require('./options.js');

const debug = debuglog('rs-proxy-middleware');

/** Under this key a middleware hands its own options to the door of its proxy. */
const DECISIONS = Symbol('decisions');

/**
 * @typedef {object} Decisions
 * @property {Route[]} [routes]
 * @property {object} [registry] a `NativeRegistry`: routes that come and go
 * @property {unknown} [pathFilter] data
 * @property {Record<string, unknown>} [pathRewrite] data
 * @property {Record<string, unknown>} [router] data
 *
 * @typedef {{ path: string, target: unknown, rewrite?: Record<string, unknown> }} Route
 */

/**
 * Compiles what a door decides by.
 *
 * @param {Record<string, any>} options of the proxy; they hold for every target
 * @param {Decisions} [decisions]
 * @returns {object} the engine's half, `NativeRoutes` in src/binding/routes.rs
 * @throws {TypeError} that names the option that is wrong
 */
function nativeRoutes(options, { routes, registry, pathFilter, pathRewrite, router } = {}) {
  const { NativeRoutes } = require('../native/binding.js');
  const decisions = {
    ...(pathFilter !== undefined && readPathFilter(pathFilter)),
    backslashes: process.platform === 'win32',
    router: router && Object.entries(router).map(([key, target]) => routed(options, key, target)),
    routes: routes?.map((route) => ({
      key: route.path,
      config: engineConfig(options, route.target),
      rewrite: rewriteRules(route.rewrite, 'routes'),
    })),
    registry,
    otherwise: isOneTarget(options.target) ? engineConfig(options) : undefined,
    rewrite: rewriteRules(pathRewrite, 'pathRewrite'),
  };
  try {
    return new NativeRoutes(decisions);
  } catch (error) {
    // The engine says «option: what is wrong with it».
    const [name] = error.message.split(':', 1);
    throw optionError(name, `The option ${name} cannot be used: ${error.message.slice(name.length + 2)}`);
  }
}

/** The engine's configuration for a target; here nothing can be sent by Node's own client. */
function engineConfig(options, target) {
  const { isNodes, native, option, reason } = configOf(options, target);
  if (!isNodes) return native;
  const message = `The native door cannot honour the option ${option} (${reason}): it needs the HTTP client of Node`;
  throw optionError(option, `${message}; listen without the options object, listen(port, hostname), has it`);
}

/** Known now, and the only one. */
function isOneTarget(target) {
  return Boolean(target) && typeof target !== 'function' && !Array.isArray(target);
}

/** What is falsy in a table is as if nothing had been found. */
function routed(options, key, target) {
  return { key, config: target ? engineConfig(options, target) : undefined };
}

function rewriteRules(table, option) {
  return readRewriteRules(table)?.map(({ key, value }) => {
    if (typeof value === 'function')
      throw optionError(option, `The option ${option} cannot have functions as replacements here`);
    return { source: key, replacement: String(value) };
  });
}

/** Whether all rules of a table are data: a replacement may be a function, too. */
function isData({ pathFilter, pathRewrite, router }) {
  const isFunction = (value) => typeof value === 'function';
  return ![pathFilter, pathRewrite, router, ...Object.values(pathRewrite ?? {})].some(isFunction);
}

/**
 * What of a middleware's options the engine can decide by; or the one that keeps it from doing so.
 *
 * @param {Record<string, any>} options
 * @returns {{ decisions?: Decisions, nodesOption?: string }}
 */
function decisionsOf(options) {
  const { pathFilter, pathRewrite, router } = options;
  const decisions = { pathFilter, pathRewrite: pathRewrite ?? undefined, router: router || undefined };
  for (const name of Object.keys(decisions)) {
    // What the engine cannot compile may still be what JavaScript can run, or says of it with each request.
    if (!isData({ [name]: decisions[name] }) || !isCompilable(options, { [name]: decisions[name] }))
      return { nodesOption: name };
  }
  return { decisions };
}

function isCompilable(options, decisions) {
  try {
    nativeRoutes({ ...options, target: undefined }, decisions);
    return true;
  } catch (error) {
    debug('%s', error);
    return false;
  }
}

/** Whether there are targets beside the proxy's own. */
function hasTargets({ routes, registry, router }) {
  return Boolean(routes || registry || router);
}

const isText = (value) => typeof value === 'string';
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether a value can be the option `routes` of `listen`. What its targets and rules say is looked at when they are compiled. */
function isRoutes(value) {
  return (
    Array.isArray(value) &&
    value.every(
      (route) =>
        isObject(route) &&
        Object.keys(route).every((name) => ['path', 'target', 'rewrite'].includes(name)) &&
        isText(route.path) &&
        route.path.startsWith('/') &&
        (isText(route.target) || isObject(route.target)) &&
        (route.rewrite === undefined || isObject(route.rewrite)),
    )
  );
}

module.exports = { DECISIONS, decisionsOf, hasTargets, isData, isOneTarget, isRoutes, nativeRoutes };
