'use strict';

/** A target in a process of its own that sends back what it gets; to `seen?`, what it has seen of the handshake. */

const { WebSocketServer } = require('ws');

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 4096, maxPayload: 2 ** 28 });
server.on('connection', (socket, { url, headers }) => {
  socket.on('error', () => {});
  socket.on('message', (data, binary) => {
    if (!binary && data.toString() === 'seen?') socket.send(JSON.stringify({ url, headers }));
    else socket.send(data, { binary });
  });
});
server.on('listening', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
