'use strict';

/** Sends a body again that a body parser has read before the proxy could. */

const querystring = require('node:querystring');
const { types } = require('node:util');
const { ContentEncoder } = require('./content-coding.js');
const { stringifyMultipart } = require('./multipart.js');

/** What stands in a Content-Type, and how a parsed body of it is written. The first that is found counts. */
const WRITERS = [
  [['application/json', '+json'], (body) => JSON.stringify(body)],
  [['application/x-www-form-urlencoded'], (body) => querystring.stringify(body)],
  [['multipart/form-data'], (body, contentType) => stringifyMultipart(contentType, body)],
  [['text/plain'], textOf],
];

/** Requests whose body was written: a second call must not write it again (CVE-2025-32996). */
const fixed = new WeakSet();

/**
 * A `proxyReq` listener that writes `req.body`. Does nothing unless the parser has read the request to its end: a body of which it has read
 * only a part, or none, is not `req.body` (CVE-2025-32997).
 *
 * @param {import('node:http').ClientRequest} proxyReq
 * @param {import('node:http').IncomingMessage & { body?: unknown }} req
 */
function fixRequestBody(proxyReq, req) {
  if (!req.readableEnded || !req.body || fixed.has(proxyReq)) return;
  try {
    const bytes = bodyOf(proxyReq, req.body);
    if (bytes === undefined) return;
    fixed.add(proxyReq);
    proxyReq.removeHeader('Transfer-Encoding');
    proxyReq.setHeader('Content-Length', bytes.length);
    proxyReq.write(bytes);
  } catch (thrown) {
    proxyReq.destroy(types.isNativeError(thrown) ? thrown : new Error(String(thrown), { cause: thrown }));
  }
}

/** The body as it is sent, `undefined` if it is of a type that is not known here. */
function bodyOf(proxyReq, body) {
  const field = proxyReq.getHeader('Content-Type');
  if (!field) return undefined;
  const contentType = `${field}`;
  const writer = WRITERS.find(([marks]) => marks.some((mark) => contentType.includes(mark)));
  if (writer === undefined) return undefined;
  // A parser that does not parse leaves the bytes themselves.
  const content = Buffer.isBuffer(body) ? body : Buffer.from(writer[1](body, contentType));
  return coded(proxyReq, content);
}

function textOf(body) {
  if (typeof body === 'string') return body;
  throw new TypeError(`A body of type text/plain must be a string, not of type ${typeof body}`);
}

/** Parsers take the codings off; the field that names them is forwarded. */
function coded(proxyReq, content) {
  const field = proxyReq.getHeader('Content-Encoding');
  if (!field) return content;
  const encoder = new ContentEncoder(`${field}`);
  return Buffer.concat([encoder.push(content, false), encoder.finish()]);
}

module.exports = { fixRequestBody };
