'use strict';

/** Sends a body again that a body parser has read before the proxy could. */

const { types } = require('node:util');
const { writtenBody } = require('./written-body.js');

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
    const bytes = writtenBody((name) => proxyReq.getHeader(name), req.body);
    if (bytes === undefined) return;
    fixed.add(proxyReq);
    proxyReq.removeHeader('Transfer-Encoding');
    proxyReq.setHeader('Content-Length', bytes.length);
    proxyReq.write(bytes);
  } catch (thrown) {
    proxyReq.destroy(types.isNativeError(thrown) ? thrown : new Error(String(thrown), { cause: thrown }));
  }
}

module.exports = { fixRequestBody };
