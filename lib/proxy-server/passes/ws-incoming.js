'use strict';

/**
 * The passes on an upgrade under the names they have in http-proxy, in the order of the exports. Each is called with `(req, socket, options,
 * head, server, callback)`; a truthy result ends the chain.
 */

const { hasEncryptedConnection } = require('../common.js');
const { addForwarded } = require('../forwarded.js');
const { hasToken } = require('../hop-by-hop.js');
const { refuseUpgrade } = require('../../bridge/refuse-upgrade.js');
const { forwardUpgrade } = require('../forward-upgrade.js');

/** Only WebSocket handshakes are forwarded. */
function checkMethodAndHeader(req, socket) {
  const { headers } = req;
  if (req.method !== 'GET' || !hasToken(headers.upgrade, 'websocket')) {
    socket.destroy();
    return true;
  }
  // Such a client does not know upgrades; and where a body is announced, what follows the head is not yet the tunnel's.
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
  if (req.httpVersion !== '1.0' && !hasBody) return false;
  refuseUpgrade(socket, 400);
  return true;
}

/** Says who the client is. */
function XHeaders(req, socket, options) {
  if (!options.xfwd) return;
  const [plain, secure] = options.xfwdWsProtoAsHttp ? ['http', 'https'] : ['ws', 'wss'];
  addForwarded(req, hasEncryptedConnection(req) ? secure : plain);
}

/** Asks the target, and joins the two connections. */
function stream(req, socket, options, head, server, callback) {
  forwardUpgrade(req, socket, options, head, server, callback);
}

module.exports = { checkMethodAndHeader, XHeaders, stream };
