'use strict';

/**
 * The option `pathFilter`: what micromatch answers, matched by the engine.
 */

const { debuglog, inspect } = require('node:util');
const { runInNewContext } = require('node:vm');
const isGlob = require('is-glob');
const picomatch = require('picomatch');
const { HttpProxyMiddlewareError } = require('./errors.js');
const { pathOf } = require('./request-path.js');

const debug = debuglog('rs-proxy-middleware');

const MIXED =
  '[HPM] Invalid pathFilter. Plain paths (e.g. "/api") can not be mixed with globs (e.g. "/api/**"). ' +
  'Expecting something like: ["/api", "/ajax"] or ["/api/**", "!**.html"].';
const INVALID = '[HPM] Invalid pathFilter. Expecting something like: "/api" or ["/api", "/ajax"]';

/** Only behind one of these can picomatch run past the end of a pattern, and then it never comes back. */
const MAY_NOT_END = /[\\:]$/;
const PARSE_TIME = 1000;

const isPrefix = (pattern) => typeof pattern === 'string' && !isGlob(pattern);

/**
 * Compiles a filter once. What a list holds is read now, later edits of it are not seen.
 *
 * @param {import('../../index.js').Filter} [pathFilter]
 * @param {(error: unknown) => void} [report] told what the promise of an asynchronous filter is rejected with; such a filter always matches
 * @returns {(url: string | undefined, req: import('node:http').IncomingMessage) => boolean} asked with `req.url`; may throw
 * @throws {HttpProxyMiddlewareError} for a list that mixes plain paths with globs, and for anything else that is not a filter
 * @throws {SyntaxError} for a glob that is too long or never ends
 */
function createPathFilter(pathFilter = '/', report = warnOnce()) {
  if (typeof pathFilter === 'function') return byFunction(pathFilter, report);
  const { prefixes, globs } = readPathFilter(pathFilter);
  return globs === undefined ? byPrefixes(prefixes) : byGlobs(globs);
}

/**
 * Reads a filter that is data: plain paths, or globs.
 *
 * @param {unknown} pathFilter
 * @returns {{ prefixes?: string[], globs?: { text: string, source: string, negated: boolean }[] }}
 * @throws what `createPathFilter` throws
 */
function readPathFilter(pathFilter) {
  if (!Array.isArray(pathFilter)) {
    if (isPrefix(pathFilter)) return { prefixes: [pathFilter] };
    if (isGlob(pathFilter)) return { globs: [compile(pathFilter)] };
    throw new HttpProxyMiddlewareError(INVALID, 'HPM_INVALID_PATH_FILTER_CONFIG');
  }
  const patterns = Array.from(pathFilter);
  if (patterns.every(isPrefix)) return { prefixes: patterns };
  if (patterns.every((pattern) => isGlob(pattern))) return { globs: patterns.map(compile) };
  throw new HttpProxyMiddlewareError(MIXED, 'HPM_INVALID_PATH_FILTER_ARRAY_CONFIG');
}

function byFunction(filter, report) {
  return (url, req) => {
    const answer = filter(pathOf(url), req);
    if (typeof answer?.then === 'function') answer.then(undefined, report);
    return Boolean(answer);
  };
}

/** Comparing costs less than asking the engine. */
function byPrefixes(prefixes) {
  if (prefixes.length === 1) {
    const [prefix] = prefixes;
    return (url) => pathOf(url)?.startsWith(prefix) ?? false;
  }
  return (url) => {
    const path = pathOf(url);
    return prefixes.some((prefix) => path?.startsWith(prefix));
  };
}

function byGlobs(globs) {
  const matches = matcherOf(globs);
  return (url) => matches(pathOf(url));
}

/**
 * Gives what tells whether `micromatch([path], patterns)` finds anything.
 *
 * @param {string[]} patterns
 * @returns {(path: string) => boolean}
 */
function compileGlobs(patterns) {
  return matcherOf(patterns.map(compile));
}

function matcherOf(globs) {
  const matches = inEngine(globs) ?? inJavaScript(globs);
  return (path) => {
    if (typeof path !== 'string') throw new TypeError('Expected input to be a string');
    return matches(path);
  };
}

/** What picomatch makes of a glob with default options, as micromatch calls it. */
function compile(text) {
  const regex = MAY_NOT_END.test(text) ? parseInTime(text) : parse(text);
  const negated = Boolean(regex.state.negated || regex.state.negatedExtglob);
  return { text, source: regex.source, negated };
}

function parse(text) {
  return picomatch.makeRe(text, {}, false, true);
}

function parseInTime(text) {
  try {
    return runInNewContext('parse(text)', { parse, text }, { timeout: PARSE_TIME });
  } catch (error) {
    if (error.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new SyntaxError(`The pathFilter ${JSON.stringify(text)} never ends`);
  }
}

function inEngine(globs) {
  const { NativePathFilter } = require('../native/binding.js');
  let filter;
  try {
    filter = new NativePathFilter(globs, process.platform === 'win32');
  } catch (error) {
    debug('pathFilter is matched by JavaScript: %s', error.message);
    return undefined;
  }
  return (path) => filter.test(path);
}

/** For what only V8 takes, such as hundreds of nested groups. */
function inJavaScript(globs) {
  const matchers = globs.map(({ text }) => picomatch(text));
  const first = globs.every(({ negated }) => negated);
  return (path) => {
    let kept = first;
    globs.forEach(({ negated }, index) => {
      if (matchers[index](path) !== negated) kept = !negated;
    });
    return kept;
  };
}

/** A broken filter is asked with every request. */
function warnOnce() {
  let warned = false;
  return (error) => {
    if (warned) return;
    warned = true;
    process.emitWarning(`A pathFilter was rejected; this is said once: ${inspect(error)}`, {
      type: 'ProxyWarning',
    });
  };
}

module.exports = { createPathFilter, compileGlobs, readPathFilter };
