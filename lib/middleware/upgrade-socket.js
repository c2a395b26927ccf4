'use strict';

/** Sockets of upgrades, which any number of middlewares may be shown: one takes each, and none may end the process by failing. */

const { isTaken } = require('../bridge/sockets.js');

const guarded = new WeakSet();
const claimed = new WeakSet();

/**
 * Gives a socket a listener for its errors: without one, a client's reset ends the process, also while the target is being looked for, and
 * when no middleware wants the socket.
 *
 * @param {import('node:stream').Duplex} socket
 */
function guardSocket(socket) {
  if (guarded.has(socket)) return;
  guarded.add(socket);
  socket.on('error', ignore);
  socket.on('close', onClosed);
}

function ignore() {}

function onClosed() {
  this.off('error', ignore);
}

/**
 * Takes a socket.
 *
 * @param {import('node:stream').Duplex} socket
 * @returns {boolean} false if another middleware has it already, or a WebSocket server has answered it
 */
function claimSocket(socket) {
  if (claimed.has(socket) || isTaken(socket)) return false;
  claimed.add(socket);
  return true;
}

module.exports = { claimSocket, guardSocket };
