'use strict';

/**
 * Heads on their way over the boundary: one latin1 text, one item a line (src/engine/head/codec.rs has the other half).
 *
 * A line feed in an item cannot smuggle anything in: the engine is told how many fields there are and refuses what does not add up.
 */

const { proxyError } = require('./errors.js');

/** Beyond latin1: such text cannot be sent, and must not be cut down to something that can. */
const BEYOND_LATIN1 = /[^\0-\xff]/;
/** Node drops what exceeds this many header fields without a word, unless the server has a limit of its own. */
const NODE_FIELD_LIMIT = 1000;

/**
 * @typedef {object} PackedRequest
 * @property {string} text
 * @property {number} fields how many fields of the client's there are
 * @property {number} overrides how many fields the `headers` option adds
 */

/**
 * Packs what is forwarded of a request: `req.headers`, which applications edit, rather than `req.rawHeaders`.
 *
 * @param {import('node:http').IncomingMessage} req
 * @param {Record<string, unknown> | undefined} added the `headers` option
 * @returns {PackedRequest}
 */
function packRequest(req, added) {
  const socket = req.socket ?? req.connection;
  const scan = req.rawHeaders === undefined ? NOTHING_RAW : scanRaw(req.rawHeaders, fieldLimit(socket));
  const flags = (socket?.encrypted ? 'e' : '') + scan.flags;
  let text = `${req.method}\n${req.url}\n${req.httpVersion}\n${socket?.remoteAddress ?? ''}\n${flags}\n`;
  let fields = scan.count;
  const { headers } = req;
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'string' && name.charCodeAt(0) !== COLON) {
      text += name + '\n' + value + '\n';
      fields++;
    } else {
      const lines = oddField(name, value, headers);
      text += packLines(lines);
      fields += lines.length;
    }
  }
  text += scan.text;
  const extra = added === undefined ? [] : addedLines(added);
  text += packLines(extra);
  return refuseBeyondLatin1({ text, fields, overrides: extra.length });
}

const COLON = 0x3a;
const NOTHING_RAW = { flags: '', text: '', count: 0 };

function fieldLimit(socket) {
  const limit = socket?.server?.maxHeadersCount;
  if (typeof limit !== 'number') return NODE_FIELD_LIMIT;
  return limit > 0 ? limit : Infinity;
}

/** What `req.headers` does not say: a second Host, fields that Node cut off, a field of a name that an object cannot hold. */
function scanRaw(raw, limit) {
  let hosts = 0;
  let text = '';
  let count = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const { length } = raw[i];
    if (length === 4) {
      if (raw[i].toLowerCase() === 'host') hosts++;
    } else if (length === 9 && raw[i].toLowerCase() === '__proto__') {
      text += `__proto__\n${raw[i + 1]}\n`;
      count++;
    }
  }
  const isCut = raw.length >= 2 * limit;
  if (hosts < 2 && count === 0 && !isCut) return NOTHING_RAW;
  return { flags: (hosts > 1 ? 'h' : '') + (isCut ? 't' : ''), text, count };
}

/** Lines of a field whose value is not simply a string, or that is HTTP/2's own. */
function oddField(name, value, headers) {
  if (name === ':authority') return headers.host === undefined ? [['host', value]] : [];
  if (name.charCodeAt(0) === COLON || value === undefined || value === null) return [];
  return (Array.isArray(value) ? value : [value]).map((one) => [name, String(one)]);
}

/** Lines of the `headers` option: an array repeats its name, `null` is sent as the word. */
function addedLines(added) {
  return Object.entries(added).flatMap(([name, value]) => {
    if (value === undefined) {
      // As `http.request` does.
      const error = new TypeError(`Invalid value "undefined" for header "${name}"`);
      error.code = 'ERR_HTTP_INVALID_HEADER_VALUE';
      throw error;
    }
    return (Array.isArray(value) ? value : [value]).map((one) => [name, sendable(name, String(one))]);
  });
}

/**
 * Packs the `headers` option alone.
 *
 * @param {Record<string, unknown>} added
 * @returns {{ text: string, fields: number }}
 */
function packAdded(added) {
  const lines = addedLines(added);
  return { text: packLines(lines), fields: lines.length };
}

/** What could not cross either, and is the options' doing, not the client's. */
function sendable(name, value) {
  if (!NOT_IN_FIELD.test(value)) return value;
  const message = `Invalid character in the field ${JSON.stringify(name)} of the headers option`;
  throw proxyError('ERR_INVALID_CHAR', message, 500, 'accept', 'internal');
}

const NOT_IN_FIELD = /[^\t\x20-\x7e\x80-\xff]/;

function packLines(lines) {
  let text = '';
  for (const [name, value] of lines) text += name + '\n' + value + '\n';
  return text;
}

/** The engine refuses a head that does not add up; it could not tell which characters were lost. */
function refuseBeyondLatin1(packed) {
  return BEYOND_LATIN1.test(packed.text) ? { text: '', fields: 1, overrides: 0 } : packed;
}

/**
 * Packs fields as Node's messages hold them: values are strings, numbers or arrays; `undefined` and `null` are left out.
 *
 * @param {string} start lines in front of the fields
 * @param {Record<string, unknown>} headers
 */
function packFields(start, headers) {
  let text = start;
  let fields = 0;
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (Array.isArray(value)) {
      for (const one of value) text += name + '\n' + one + '\n';
      fields += value.length;
    } else if (value !== undefined && value !== null) {
      text += name + '\n' + value + '\n';
      fields++;
    }
  }
  return refuseBeyondLatin1({ text, fields, overrides: 0 });
}

/**
 * Packs `[name, value, name, value, …]`, such as `rawTrailers`.
 *
 * @param {string[]} pairs
 */
function packPairs(pairs) {
  const text = pairs.length === 0 ? '' : pairs.join('\n') + '\n';
  return refuseBeyondLatin1({ text, fields: pairs.length / 2, overrides: 0 });
}

/**
 * Packs what is to be changed in fields that the engine has. A field that is removed has a colon in front of its name: no name begins so.
 *
 * @param {string} start lines in front of the fields
 * @param {unknown[]} edits name, value, name, value, …; `undefined` removes a field
 */
function packEdits(start, edits) {
  let text = start;
  for (let i = 0; i < edits.length; i += 2) {
    if (edits[i + 1] === undefined) text += ':' + edits[i] + '\n\n';
    else text += edits[i] + '\n' + edits[i + 1] + '\n';
  }
  return refuseBeyondLatin1({ text, fields: edits.length / 2, overrides: 0 });
}

/** The items of a packed head. */
function unpack(text) {
  const items = text.split('\n');
  // Every item ends with a line feed: behind the last one there is nothing.
  items.pop();
  return items;
}

module.exports = { packAdded, packEdits, packFields, packPairs, packRequest, unpack };
