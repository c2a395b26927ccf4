'use strict';

/** A raw client that sends requests one after the other on one connection, and keeps what it gets. */

const net = require('node:net');
const tls = require('node:tls');
const { once } = require('node:events');
const { RawConnection } = require('../../support/peers.js');
const { CERTIFICATE } = require('../../support/tls.js');
const { readResponses } = require('../../support/messages.js');

/**
 * Sends the requests, waiting for each response, and gives the connection.
 *
 * @param {number} port
 * @param {string[]} requests raw, latin1
 * @param {{ patience: number, overTls: boolean }} settings milliseconds to wait for one response; whether to speak TLS
 */
async function sendRequests(port, requests, { patience, overTls }) {
  const where = { port, host: '127.0.0.1', allowHalfOpen: true };
  const socket = overTls ? tls.connect({ ...where, ca: CERTIFICATE }) : net.connect(where);
  const connection = new RawConnection(socket);
  await once(socket, overTls ? 'secureConnect' : 'connect');
  for (let count = 1; count <= requests.length; count++) {
    if (connection.ending !== null) break;
    socket.write(Buffer.from(requests[count - 1], 'latin1'));
    const methods = requests.slice(0, count).map((request) => request.split(' ', 1)[0]);
    try {
      await connection.until(() => connection.ending !== null || answered(connection, methods), patience);
    } catch {
      connection.isWaiting = true;
      break;
    }
  }
  return connection;
}

/** Whether each request has a response that is complete by its own framing. */
function answered(connection, methods) {
  const { text } = connection;
  if (!text.includes('\r\n\r\n')) return false;
  try {
    const finals = readResponses(text, methods[0]).filter((response) => response.status >= 200);
    const last = finals[methods.length - 1];
    return last !== undefined && last.isComplete && last.framing !== 'close';
  } catch {
    return false;
  }
}

module.exports = { sendRequests };
