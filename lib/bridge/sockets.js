'use strict';

/** Ends of client sockets, whatever kind of stream stands for one. */

/** Socket options of a tunnel. */
function setupSocket(socket) {
  socket.setTimeout(0);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 0);
  return socket;
}

/**
 * Whether a WebSocket server of this process has answered the upgrade already. The package `ws`, which development servers and Socket.IO use,
 * marks its sockets: a second answer would garble both conversations.
 *
 * @param {import('node:stream').Duplex} socket
 */
function isTaken(socket) {
  return Object.getOwnPropertySymbols(socket).some(
    (symbol) => symbol.description === 'websocket' && Boolean(socket[symbol]),
  );
}

/** Closes a socket once what was written to it is out. */
function closeSoon(socket) {
  if (socket.destroyed) return;
  if (typeof socket.destroySoon === 'function') {
    socket.destroySoon();
    return;
  }
  if (socket.writableFinished || socket.writable === false) {
    socket.destroy();
    return;
  }
  socket.once('finish', () => socket.destroy());
  socket.end();
}

/** Closes a socket so that its other end cannot take that for a good end. */
function reset(socket) {
  // Only TCP connections can be reset.
  if (typeof socket.resetAndDestroy === 'function' && !socket.encrypted && socket.remoteAddress !== undefined)
    socket.resetAndDestroy();
  else socket.destroy();
}

/** A client that does not close its end gets as long to do so. */
const MOST_MILLISECONDS = 1000;

/** Ends a socket after an answer. What is not read would turn the close into a reset, which takes the answer with it. */
function endGently(socket) {
  socket.end();
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), MOST_MILLISECONDS);
  timer.unref();
  socket.on('close', () => clearTimeout(timer));
}

module.exports = { closeSoon, endGently, isTaken, reset, setupSocket };
