'use strict';

/**
 * Fields that are about one connection and must not be forwarded (RFC 9110 §7.6.1), for whoever forwards with Node's own client and
 * server. `content-length` and `transfer-encoding` are not among them: what frames the body is decided where the body is known.
 */
const HOP_BY_HOP = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
]);

/** What a message cannot do without, whatever its `Connection` field nominates. */
const ESSENTIAL = new Set([
  'authorization',
  'content-length',
  'content-type',
  'cookie',
  'host',
  'set-cookie',
  'transfer-encoding',
]);

/**
 * The names, in lower case, that the `Connection` fields of `headers` nominate and that may be removed.
 *
 * @param {Record<string, unknown>} headers
 * @returns {Set<string>}
 */
function nominated(headers) {
  const names = new Set();
  for (const name of Object.keys(headers)) {
    if (name.toLowerCase() !== 'connection') continue;
    for (const token of `${headers[name]}`.split(',')) {
      const nomination = token.trim().toLowerCase();
      if (!ESSENTIAL.has(nomination)) names.add(nomination);
    }
  }
  return names;
}

/**
 * Removes hop-by-hop and nominated fields.
 *
 * @param {Record<string, unknown>} headers is edited
 */
function stripHopByHop(headers) {
  const also = nominated(headers);
  for (const name of Object.keys(headers)) {
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || also.has(lower) || lower.startsWith(':')) delete headers[name];
  }
}

/** Whether a comma-separated field holds this token. */
function hasToken(value, token) {
  return `${value ?? ''}`.split(',').some((part) => part.trim().toLowerCase() === token);
}

module.exports = { HOP_BY_HOP, hasToken, stripHopByHop };
