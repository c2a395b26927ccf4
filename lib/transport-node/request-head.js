'use strict';

const { unpack } = require('../bridge/head-codec.js');

/**
 * A request head that has passed, for Node's client.
 *
 * @typedef {object} RequestHead
 * @property {string} method
 * @property {string} path
 * @property {Record<string, string | string[]>} headers without what frames the body
 * @property {number | 'chunked' | undefined} declared what the client says of the body's length
 * @property {string[]} fields name, value, name, value, …; likewise without framing
 */

/**
 * @param {string} packed method, target, fields
 * @returns {RequestHead}
 */
function requestHead(packed) {
  const [method, path, ...items] = unpack(packed);
  const fields = [];
  let declared;
  for (let i = 0; i < items.length; i += 2) {
    const name = items[i].toLowerCase();
    if (name === 'transfer-encoding') declared = 'chunked';
    else if (name === 'content-length') declared ??= Number(items[i + 1]);
    else fields.push(items[i], items[i + 1]);
  }
  return { method, path, fields, headers: headersOf(fields), declared };
}

/** Without a prototype, so that a field may be named like one. */
function headersOf(fields) {
  const headers = Object.create(null);
  const spelled = new Map();
  for (let i = 0; i < fields.length; i += 2) {
    const name = spelled.get(fields[i].toLowerCase());
    if (name === undefined) {
      spelled.set(fields[i].toLowerCase(), fields[i]);
      headers[fields[i]] = fields[i + 1];
    } else {
      headers[name] = [headers[name], fields[i + 1]].flat();
    }
  }
  return headers;
}

/**
 * The field that says how long the body is that is really sent (src/engine/exchange/mod.rs has the same rules).
 *
 * @param {RequestHead} head
 * @param {Buffer | undefined} body `undefined`: it is written piece by piece
 * @returns {Record<string, string>}
 */
function framing({ declared, method }, body) {
  const isChunked = declared === 'chunked' || (body === undefined && declared === undefined);
  if (isChunked) return { 'transfer-encoding': 'chunked' };
  if (body === undefined) return { 'content-length': `${declared}` };
  if (body.length > 0) return { 'content-length': `${body.length}` };
  return NEVER_WITH_BODY.has(method) ? {} : { 'content-length': '0' };
}

const NEVER_WITH_BODY = new Set(['CONNECT', 'GET', 'HEAD', 'TRACE']);

/** Items of a packed request in front of its fields. */
const BEFORE_FIELDS = 5;

/**
 * The host by which the client knows this server.
 *
 * @param {string} text a request as it is packed for the engine
 */
function hostOf(text) {
  const items = unpack(text);
  for (let i = BEFORE_FIELDS; i < items.length; i += 2)
    if (items[i].toLowerCase() === 'host') return items[i + 1];
  return undefined;
}

module.exports = { framing, hostOf, requestHead };
