'use strict';

/** The path of a route: as it comes in the URL of a request to the API, as it is shown, and where the engine keeps it. */

/** A path that no route can have. */
class RoutePathError extends Error {}

/** One whose first segment is no host, with host routing. */
class NoHostError extends RoutePathError {}

const MOST_LENGTH = 8192;

/**
 * @typedef {object} Place
 * @property {string} raw the path with its escapes, in the form in which it is stored
 * @property {string} key decoded: as it is shown
 * @property {string} host of requests; empty: any
 * @property {string} path of requests, with escapes
 */

/**
 * @param {string} given with escapes; slashes at its ends say nothing
 * @param {boolean} hostRouting its first segment is the host of requests
 * @returns {Place}
 * @throws {RoutePathError}
 */
function placeOf(given, hostRouting) {
  const path = `/${withoutSlashes(given)}`;
  if (path.length > MOST_LENGTH)
    throw new RoutePathError(`The path is longer than ${MOST_LENGTH} characters`);
  if (!hostRouting || path === '/') return { raw: path, key: decoded(path), host: '', path };
  const [first] = path.slice(1).split('/', 1);
  const host = hostName(decoded(first));
  const rest = path.slice(first.length + 1);
  return { raw: `/${host}${rest}`, key: `/${host}${decoded(rest)}`, host, path: rest || '/' };
}

function withoutSlashes(text) {
  let [start, end] = [0, text.length];
  while (text[start] === '/') start += 1;
  while (end > start && text[end - 1] === '/') end -= 1;
  return text.slice(start, end);
}

function decoded(text) {
  let whole;
  try {
    whole = decodeURIComponent(text);
  } catch (cause) {
    throw new RoutePathError('The path has an escape that is broken, or not UTF-8', { cause });
  }
  // eslint-disable-next-line no-control-regex -- what no URL can hold
  if (/[\0-\x1f\x7f]/.test(whole)) throw new RoutePathError('The path has a control character');
  return whole;
}

/** Hosts are compared in lower case; `*.example.com` is every host below that one. */
function hostName(text) {
  const [, star, name] = /^(\*\.)?(.+)$/s.exec(text) ?? [];
  if (
    name !== undefined &&
    !/[\s/\\?#@:*%]/.test(name.replace(/^\[.*\]$/, '')) &&
    URL.canParse(`http://${name}`)
  )
    return (star ?? '') + new URL(`http://${name}`).hostname.replace(/\.$/, '');
  throw new NoHostError(
    `With host routing the path begins with a host, which ${JSON.stringify(text)} is not`,
  );
}

module.exports = { NoHostError, RoutePathError, placeOf };
