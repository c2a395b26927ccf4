'use strict';

/** The server of an application: alone, or behind a native door that forwards nothing itself. */

const http = require('node:http');
const { once } = require('node:events');
const { createProxyMiddleware } = require('../../../../index.js');
const { appServer, closeServer } = require('../../harness/run.js');

async function serverAlone() {
  const server = await appServer();
  const cutClients = () => server.closeAllConnections();
  return { server, port: server.address().port, cutClients, close: () => closeServer(server) };
}

async function serverBehindDoor() {
  const server = http.createServer();
  const sockets = new Set();
  server.on('connection', (socket) => sockets.add(socket).size);
  const door = createProxyMiddleware({ target: 'http://127.0.0.1:1', pathFilter: '/of/nobody' }).listen(0, {
    host: '127.0.0.1',
    fallback: server,
    grace: 0,
    maxHeadersCount: 1000,
  });
  await once(door, 'listening');
  const cutClients = () => sockets.forEach((socket) => socket.destroy());
  const close = () => new Promise((resolve) => door.close(resolve));
  return { server, port: door.address().port, cutClients, close };
}

module.exports = { serverAlone, serverBehindDoor };
