'use strict';

const { STATUS_CODES } = require('node:http');

/** A client that does not close its end gets as long to do so. */
const MOST_MILLISECONDS = 1000;

/**
 * Answers an upgrade with an error and ends the connection.
 *
 * @param {import('node:stream').Duplex} socket
 * @param {number} status
 */
function refuseUpgrade(socket, status) {
  if (socket.destroyed || socket.writableEnded) return;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Bad Gateway'}`,
    'content-length: 0',
    'connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  // What is not read would turn the close into a reset, which takes the answer with it.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), MOST_MILLISECONDS);
  timer.unref();
  socket.on('close', () => clearTimeout(timer));
}

module.exports = { refuseUpgrade };
