'use strict';

/** What the values of flags mean. What cannot be meant is refused with a word on how to write it. */

const os = require('node:os');
const { InvalidArgumentError } = require('commander');

const URL_HINT = 'Write it like http://localhost:9000.';
const UNITS = { ms: 1, s: 1000, m: 60_000 };

/** Where requests go. */
function url(text) {
  if (URL.canParse(text) && /^https?:\/\//i.test(text)) return text;
  throw new InvalidArgumentError(URL_HINT);
}

function port(text) {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('A port is a number from 0 to 65535.');
}

/** One of several targets: a path, and where its requests go. */
function route(text, routes = []) {
  const [, path, target] = /^(\/[^=]*)=(.+)$/s.exec(text) ?? [];
  if (path === undefined) throw new InvalidArgumentError('Write it like /api=http://localhost:9000.');
  return [...routes, { path, target: url(target) }];
}

/** A rule for paths: a regular expression, and what takes the place of its first match. */
function rewrite(text, rules = {}) {
  const at = text.lastIndexOf('=');
  if (at < 1)
    throw new InvalidArgumentError(
      "Write it like '^/api=/': a regular expression, and what to put in its place.",
    );
  const source = text.slice(0, at);
  const problem = regularExpressionProblem(source);
  if (problem) throw new InvalidArgumentError(problem);
  return { ...rules, [source]: text.slice(at + 1) };
}

/** What is wrong with a regular expression. */
function regularExpressionProblem(source) {
  try {
    new RegExp(source);
    return undefined;
  } catch (error) {
    return `${error.message}.`;
  }
}

/** How many threads; `auto`: as many as the machine can run at a time. */
function workers(text) {
  if (text === 'auto') return os.availableParallelism();
  if (/^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= 256) return Number(text);
  throw new InvalidArgumentError('It is a number from 1 to 256, or auto.');
}

/** A time in milliseconds; `10s`, `500ms` and `1m` are understood, too. */
function milliseconds(text) {
  const [, number, unit = 'ms'] = /^(\d{1,9})(ms|s|m)?$/.exec(text) ?? [];
  if (number !== undefined && Number(number) * UNITS[unit] <= 2 ** 31 - 1)
    return Number(number) * UNITS[unit];
  throw new InvalidArgumentError('Write it like 10s, 500ms or 10000 (milliseconds).');
}

/** A flag that may be given several times. */
function several(text, before = []) {
  return [...before, text];
}

module.exports = { milliseconds, port, regularExpressionProblem, rewrite, route, several, url, workers };
