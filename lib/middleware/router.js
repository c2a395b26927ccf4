'use strict';

const { Debug } = require('./debug.js');

const debug = Debug.extend('router');

/** What is told of the table's matches. */
function debugMatch(key, target) {
  debug('match: "%s" -> "%s"', key, target);
}

/**
 * Looks a request up in the option `router`'s table; the first key that matches wins. A key is a host, the beginning of a path, or both.
 * Hosts are compared whole: a part of one may be anybody's (CVE-2026-55602).
 *
 * @param {{ headers: { host?: string }, url?: string }} req
 * @param {Record<string, unknown>} table
 * @param {(key: string, target: unknown) => void} onMatch
 * @returns {unknown} the target, if there is one
 */
function targetFromTable(req, table, onMatch) {
  const host = req.headers.host ?? '';
  const path = req.url ?? '';
  for (const [key, target] of Object.entries(table)) {
    const slash = key.indexOf('/');
    const [keyHost, keyPath] = slash < 0 ? [key, ''] : [key.slice(0, slash), key.slice(slash)];
    const isHost = slash === 0 || keyHost === host;
    if (!isHost || !path.startsWith(keyPath)) continue;
    onMatch(key, target);
    return target;
  }
  return undefined;
}

module.exports = { debugMatch, targetFromTable };
