'use strict';

/** One route: what may stand in it, and the form in which it is kept. */

const { isListed } = require('./options.js');

/** Whoever registers them may not send anybody elsewhere than to this machine, unless told otherwise. */
const HERE = 'localhost';
const MOST_PREFIX = 8192;
// eslint-disable-next-line no-control-regex -- what no URL and no field of a response can hold
const CONTROL = /[\0-\x1f\x7f]/;

/**
 * The prefix as it is compared: without slashes at its end, with one in front, in lower case.
 *
 * @param {string} prefix
 */
function normalPrefix(prefix) {
  const short = withoutSlashes(prefix) || prefix;
  return (short.startsWith('/') ? short : `/${short}`).toLowerCase();
}

function withoutSlashes(text) {
  let end = text.length;
  while (text[end - 1] === '/') end -= 1;
  return text.slice(0, end);
}

/**
 * What is wrong with a route.
 *
 * @param {{ prefix?: unknown, port?: unknown, host?: unknown, reqHostNames?: unknown }} route
 * @returns {'prefix' | 'port' | 'host' | 'reqHostNames' | undefined} the field
 */
function wrongField({ prefix, port, host, reqHostNames }) {
  if (typeof prefix !== 'string' || prefix.length > MOST_PREFIX || CONTROL.test(prefix)) return 'prefix';
  if (portOf(port) === undefined) return 'port';
  if (host !== undefined && typeof host !== 'string') return 'host';
  const isNames =
    reqHostNames === undefined || (Array.isArray(reqHostNames) && reqHostNames.every(isHostName));
  return isNames ? undefined : 'reqHostNames';
}

function isHostName(name) {
  return (
    typeof name === 'string' && name !== '' && !/[\s/\\?#@*]/.test(name) && URL.canParse(`http://${name}`)
  );
}

/** A whole number from 1 to 65535, or that in decimal digits. */
function portOf(port) {
  const number = typeof port === 'string' && /^[1-9]\d{0,4}$/.test(port) ? Number(port) : port;
  return Number.isInteger(number) && number >= 1 && number <= 65_535 ? number : undefined;
}

/**
 * Whether a route may lead to its host: `allowTargets`.
 *
 * @param {{ host: string, port: unknown }} route
 * @param {string[]} allowTargets
 */
function isAllowed({ host, port }, allowTargets) {
  return host === HERE || isListed(allowTargets, host, portOf(port));
}

/** The URL of a route's target. */
function targetOf({ host, port }) {
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}

module.exports = { HERE, isAllowed, normalPrefix, targetOf, wrongField };
