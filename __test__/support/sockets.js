'use strict';

/** WebSockets on both sides of a proxy: a target that says what it was asked with, and a client that talks to it. */

const { once } = require('node:events');
const { WebSocket, WebSocketServer } = require('ws');
const { eventually } = require('./peers.js');

/**
 * Sockets say what they were asked with, and then what they are told; a path that ends in `refused` is not upgraded.
 *
 * @param {import('node:http').Server} server
 */
function serveSockets(server) {
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (req, socket, head) => {
    if (req.url.endsWith('refused')) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
      return;
    }
    sockets.handleUpgrade(req, socket, head, (webSocket) => {
      const { host, origin, 'x-listener': listener } = req.headers;
      webSocket.send(JSON.stringify({ url: req.url, host, origin, listener }));
      webSocket.on('message', (data, isBinary) => webSocket.send(data, { binary: isBinary }));
    });
  });
}

/**
 * A conversation: what the target was asked with, what comes back, and how it ends.
 *
 * @param {string} url
 * @param {import('ws').ClientOptions} [options]
 */
async function converse(url, options) {
  const socket = new WebSocket(url, options);
  const received = [];
  socket.on('message', (data, isBinary) => received.push(isBinary ? data.toString('hex') : `${data}`));
  try {
    await once(socket, 'open');
  } catch (error) {
    return { refused: error.message };
  }
  socket.send('text');
  socket.send(Buffer.from([0, 255]));
  socket.send('x'.repeat(100_000));
  await eventually(() => received.length === 4);
  socket.close(4001, 'bye');
  const [code, reason] = await once(socket, 'close');
  return { received, code, reason: `${reason}` };
}

module.exports = { converse, serveSockets };
