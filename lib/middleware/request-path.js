'use strict';

const { parse } = require('node:url');

/** A path that the legacy parser takes as it stands, whatever follows; all that a client usually sends. */
const PLAIN = /^\/(?!\/)[^?#\s{}|\\^`<>"']*(?=[?#]|$)/;

/**
 * The path part of `req.url` as http-proxy-middleware 3 sees it: percent escapes and dot segments stay, `\` is `/`.
 *
 * @param {string | undefined} url
 * @returns {string | null | undefined} null if there is no path part
 * @throws {Error} what Node's legacy URL parser throws
 */
function pathOf(url) {
  const plain = PLAIN.exec(url);
  if (plain !== null) return plain[0];
  return url && parse(url).pathname;
}

module.exports = { pathOf };
