'use strict';

/**
 * The passes on a request under the names they have in http-proxy. As long as nobody adds one or takes one away they are not called: the
 * engine does what the first ones do, and does it on the head that it sends rather than on `req.headers`.
 *
 * Each is called with `(req, res, options, head, server, callback)`, in the order of the exports; a truthy result ends the chain.
 */

const { hasEncryptedConnection } = require('../common.js');
const { addForwarded } = require('../forwarded.js');
const { forwardRequest } = require('../forward-request.js');

/** Requests of these methods may leave it open whether they have a body. */
function deleteLength(req) {
  if (req.method !== 'DELETE' && req.method !== 'OPTIONS') return;
  const { headers } = req;
  if (!headers['content-length'] && headers['transfer-encoding'] === undefined)
    headers['content-length'] = '0';
}

/** Limits how long the client's connection may be idle. */
function timeout(req, res, options) {
  if (options.timeout > 0) req.socket?.setTimeout?.(options.timeout);
}

/** Says who the client is. */
function XHeaders(req, res, options) {
  if (options.xfwd) addForwarded(req, hasEncryptedConnection(req) ? 'https' : 'http');
}

/** Forwards the request. */
function stream(req, res, options, head, server, callback) {
  forwardRequest(req, res, options, server, callback);
}

module.exports = { deleteLength, timeout, XHeaders, stream };
