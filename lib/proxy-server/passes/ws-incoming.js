'use strict';

/**
 * The passes on an upgrade under the names they have in http-proxy, in the order of the exports. Each is called with `(req, socket, options,
 * head, server, callback)`; a truthy result ends the chain.
 */

const { hasEncryptedConnection } = require('../common.js');
const { addForwarded } = require('../forwarded.js');
const { refuseUpgrade } = require('../refuse-upgrade.js');

/** Only WebSocket handshakes are forwarded. */
function checkMethodAndHeader(req, socket) {
  if (req.method === 'GET' && `${req.headers.upgrade}`.toLowerCase() === 'websocket') return false;
  socket.destroy();
  return true;
}

/** Says who the client is. */
function XHeaders(req, socket, options) {
  if (!options.xfwd) return;
  const [plain, secure] = options.xfwdWsProtoAsHttp ? ['http', 'https'] : ['ws', 'wss'];
  addForwarded(req, hasEncryptedConnection(req) ? secure : plain);
}

/** WebSockets are not forwarded by this version. */
function stream(req, socket) {
  refuseUpgrade(socket, 501);
}

module.exports = { checkMethodAndHeader, XHeaders, stream };
