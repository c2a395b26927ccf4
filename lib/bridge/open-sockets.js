'use strict';

/** The sockets of upgrades, clients' and targets', that this module holds. */
const open = new Set();

/**
 * Counts a socket for as long as it is open.
 *
 * @param {import('node:stream').Duplex} socket
 */
function holdSocket(socket) {
  if (socket.destroyed || open.has(socket)) return;
  open.add(socket);
  socket.on('close', onClosed);
}

function onClosed() {
  open.delete(this);
}

/** Counts the target's end of a tunnel, which is no socket of Node's, until it is released. */
function holdTarget(tunnel) {
  open.add(tunnel);
}

function releaseTarget(tunnel) {
  open.delete(tunnel);
}

/** How many sockets upgrades hold open; tests of http-proxy-3's users wait for it to be 0. */
function numOpenSockets() {
  return open.size;
}

module.exports = { holdSocket, holdTarget, numOpenSockets, releaseTarget };
