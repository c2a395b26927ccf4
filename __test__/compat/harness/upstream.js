'use strict';

/** Raw targets that keep what they receive. Each run has its own and ends it, because runs go on side by side. */

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');
const { once } = require('node:events');
const { RawConnection } = require('../../support/peers.js');
const { CERTIFICATE, KEY } = require('../../support/tls.js');

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';

/** What follows the bytes of an answer. */
const ENDINGS = {
  keep: () => {},
  fin: (socket) => socket.end(),
  // A moment later: what has arrived and was not read yet goes with the reset.
  rst: (socket) => setTimeout(() => connectionOf(socket).resetAndDestroy(), 30),
};

/** Only what is below TLS can be reset. */
const connectionOf = (socket) => socket._parent ?? socket;

/**
 * @typedef {string | ((connection: RawConnection, head: string, index: number) => void)} Answer text is latin1; a function writes itself
 *
 * @param {object} [settings]
 * @param {Answer | Answer[]} [settings.answer] an array has one for each request; the last one goes on
 * @param {'keep' | 'fin' | 'rst'} [settings.end] what follows the answer
 * @param {'tcp' | 'tls' | 'unix'} [settings.over]
 * @param {object} [settings.tls] further settings of a server over TLS
 * @param {string} [settings.at] the address to listen at
 */
async function startUpstream({
  answer = ANSWER,
  end = 'keep',
  over = 'tcp',
  tls: settings,
  at = '127.0.0.1',
} = {}) {
  const answers = [answer].flat();
  const connections = [];
  let answered = 0;
  const accept = (socket) => {
    const connection = new RawConnection(socket);
    connections.push(connection);
    connection.from = socket.remoteAddress;
    connection.onRequest((head) => {
      const one = answers[Math.min(answered++, answers.length - 1)];
      if (typeof one === 'function') one(connection, head, answered - 1);
      else socket.write(Buffer.from(one, 'latin1'), () => ENDINGS[end](socket));
    });
  };
  const server =
    over === 'tls'
      ? tls.createServer({ key: KEY, cert: CERTIFICATE, allowHalfOpen: true, ...settings }, accept)
      : net.createServer({ allowHalfOpen: true }, accept);
  // Whoever refuses the certificate says so, and leaves the connection half open.
  const sockets = new Set();
  server.on('connection', (socket) => sockets.add(socket));
  const folder = over === 'unix' ? fs.mkdtempSync(path.join(os.tmpdir(), 'compat-')) : undefined;
  const socketPath = folder && path.join(folder, 'socket');
  server.listen(...(socketPath ? [socketPath] : [0, at]));
  await once(server, 'listening');
  const { port } = server.address();
  const name = at.includes(':') ? `[${at}]` : at;
  return {
    connections,
    /** How many requests have arrived whole. */
    received: () => answered,
    socketPath,
    port,
    host: `${name}:${port}`,
    url: `${over === 'tls' ? 'https' : 'http'}://${name}:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      if (folder) fs.rmSync(folder, { recursive: true });
    },
  };
}

/**
 * A port of this machine at which nobody listens, now or later: it is the client's end of a connection that stays open. A port that is
 * merely free could be given to the target of a run beside this one.
 */
async function closedPort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = net.connect(server.address().port, '127.0.0.1');
  await once(socket, 'connect');
  const close = () => {
    socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  return { port: socket.localPort, close };
}

module.exports = { ANSWER, closedPort, startUpstream };
