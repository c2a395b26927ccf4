'use strict';

const { STATUS_CODES } = require('node:http');
const { closeSoon, endGently } = require('./sockets.js');

/** Sockets that speak another protocol by now. */
const switched = new WeakSet();

/** From now on no answer of HTTP's is written to this socket. */
function markSwitched(socket) {
  switched.add(socket);
}

/**
 * Answers an upgrade with an error and ends the connection.
 *
 * @param {import('node:stream').Duplex} socket
 * @param {number} status
 */
function refuseUpgrade(socket, status) {
  if (socket.destroyed || socket.writableEnded) return;
  if (switched.has(socket)) {
    socket.destroy();
    return;
  }
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Bad Gateway'}`,
    'content-length: 0',
    'connection: close',
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  endGently(socket);
}

/**
 * Ends the connection of an upgrade that has failed: behind what a listener has answered, or with an answer.
 *
 * @param {import('node:stream').Duplex} socket
 * @param {number | undefined} written its `bytesWritten` before the listeners were told
 * @param {number} status
 */
function endRefused(socket, written, status) {
  if (socket.destroyed) return;
  if (socket.writableEnded || socket.bytesWritten !== written) closeSoon(socket);
  else refuseUpgrade(socket, status);
}

module.exports = { endRefused, markSwitched, refuseUpgrade };
