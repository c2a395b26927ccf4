'use strict';

/**
 * The first handshake of a server on which nobody listened to `upgrade` when it came. Node has taken it for a request like others; here its
 * socket is taken out of Node's hands, as Node itself does for those who listen in time.
 */

const { hasToken } = require('../proxy-server/hop-by-hop.js');

/** Whether a request asks for a WebSocket, and its socket can be taken over. */
function isHandshake(req, res) {
  const { headers, method, socket } = req;
  return (
    headers.upgrade !== undefined &&
    method === 'GET' &&
    hasToken(headers.connection, 'upgrade') &&
    hasToken(headers.upgrade, 'websocket') &&
    typeof socket?.parser?.unconsume === 'function' &&
    typeof res.detachSocket === 'function' &&
    res.socket === socket &&
    !res.headersSent
  );
}

/**
 * Takes a socket out of the hands of Node's server. To be called when the parser is not at work.
 *
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:http').ServerResponse} res
 * @returns {import('node:net').Socket}
 */
function takeOverSocket(req, res) {
  const { socket } = req;
  const { parser } = socket;
  res.detachSocket(socket);
  parser.unconsume();
  parser._consumed = false;
  // Its list of connections that may be slow or idle.
  parser.remove?.();
  socket.parser = null;
  for (const event of EVENTS) {
    for (const listener of socket.listeners(event)) {
      if (OF_THE_SERVER.test(listener.name)) socket.removeListener(event, listener);
    }
  }
  setImmediate(() => parser.close());
  return socket;
}

const EVENTS = ['close', 'data', 'drain', 'end', 'error', 'pause', 'resume', 'timeout'];
/** The names of the listeners that Node's server puts on each of its sockets. */
const OF_THE_SERVER =
  /^(?:bound )?(?:socketOn(?:Close|Data|Drain|End|Error|Timeout)|onSocket(?:Pause|Resume))$/;

module.exports = { isHandshake, takeOverSocket };
