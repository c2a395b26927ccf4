'use strict';

const { Debug } = require('./debug.js');
const { HttpProxyMiddlewareError } = require('./errors.js');
const { isPlainObject } = require('./plain-object.js');

const debug = Debug.extend('path-rewriter');

/** What is told of rewrite rules. */
const DEBUG_LINES = {
  created: (key, value) => debug('rewrite rule created: "%s" ~> "%s"', key, value),
  rewritten: (path, result) => debug('rewriting path from "%s" to "%s"', path, result),
};

/**
 * Reads the option `pathRewrite`: the sources of regular expressions with what replaces their first match, or a function.
 *
 * @param {unknown} pathRewrite
 * @param {typeof DEBUG_LINES} lines
 * @returns {((path: string, req: object, res: object | undefined, options: object) => unknown) | undefined}
 * @throws {Error} if it is neither, or if a source is no regular expression
 */
function createPathRewriter(pathRewrite, lines) {
  if (pathRewrite === undefined || pathRewrite === null) return undefined;
  if (typeof pathRewrite === 'function') return pathRewrite;
  const rules = readRewriteRules(pathRewrite);
  for (const { key, value } of rules) lines.created(key, value);
  return rules.length === 0 ? undefined : (path) => rewrite(path, rules, lines);
}

/**
 * Reads a table of rules.
 *
 * @param {unknown} pathRewrite
 * @returns {{ key: string, regex: RegExp, value: unknown }[] | undefined} nothing of nothing
 * @throws {Error} if it is no table, or if a source is no regular expression
 */
function readRewriteRules(pathRewrite) {
  if (pathRewrite === undefined || pathRewrite === null) return undefined;
  if (!isPlainObject(pathRewrite)) {
    throw new HttpProxyMiddlewareError(
      '[HPM] Invalid pathRewrite config. Expecting object with pathRewrite config or a rewrite function',
      'HPM_INVALID_PATH_REWRITER_CONFIG',
    );
  }
  return Object.entries(pathRewrite).map(([key, value]) => ({ key, regex: new RegExp(key), value }));
}

/** Applies the first rule that matches, even if it changes nothing. */
function rewrite(path, rules, lines) {
  const rule = rules.find(({ regex }) => regex.test(path));
  if (rule === undefined) return path;
  const result = path.replace(rule.regex, rule.value);
  lines.rewritten(path, result);
  return result;
}

module.exports = { DEBUG_LINES, createPathRewriter, readRewriteRules };
