'use strict';

/** The sockets of upgrades, clients' and targets', that this module holds. */
const open = new Set();

/**
 * Counts a socket for as long as it is open. One listener for all that has to happen then: there may be very many sockets.
 *
 * @param {import('node:stream').Duplex} socket
 * @param {() => void} onClosed is called when it is closed, also if it is already
 */
function holdSocket(socket, onClosed) {
  if (socket.destroyed) {
    onClosed();
    return;
  }
  open.add(socket);
  socket.on('close', () => {
    open.delete(socket);
    onClosed();
  });
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
