'use strict';

/** Upgrades: targets that switch protocols, and proxies behind whose servers clients ask for it. */

const crypto = require('node:crypto');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');
const { once } = require('node:events');
const { WebSocketServer } = require('ws');
const { createProxyMiddleware, createProxyServer, numOpenSockets } = require('../../index.js');
const { stats } = require('./engine.js');
const { requestText } = require('./messages.js');
const { RawConnection, closeAll, eventually, listening, onCleanUp, rawTarget } = require('./peers.js');
const { CERTIFICATE, KEY } = require('./tls.js');

const KEY_FIELD = 'dGhlIHNhbXBsZSBub25jZQ==';
const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${KEY_FIELD}`,
];

/** A handshake, with these further field lines. */
function handshake(path = '/socket', lines = []) {
  return requestText(`GET ${path}`, [...HANDSHAKE, ...lines]);
}

function acceptOf(key) {
  return crypto.createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** The answer that grants the handshake of `handshake()`. */
function grant(lines = []) {
  const head = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket'];
  return [...head, `Sec-WebSocket-Accept: ${acceptOf(KEY_FIELD)}`, ...lines, '', ''].join('\r\n');
}

/**
 * A target that switches protocols and then speaks raw bytes.
 *
 * @param {(connection: RawConnection, head: string) => void} [onSwitched]
 * @param {{ answer?: string, where?: unknown[] }} [settings]
 */
async function switchingTarget(onSwitched = () => {}, { answer = grant(), where = [] } = {}) {
  const target = await rawTarget(
    (connection) => {
      let isSwitched = false;
      connection.onRequest((head) => {
        if (isSwitched) return;
        isSwitched = true;
        connection.socket.write(Buffer.from(answer, 'latin1'));
        onSwitched(connection, head);
      });
    },
    ...where,
  );
  return { ...target, url: `ws://127.0.0.1:${target.port}` };
}

/** What a connection has received after the head. */
function tunnelled({ bytes }) {
  const end = bytes.indexOf('\r\n\r\n');
  return end < 0 ? Buffer.alloc(0) : bytes.subarray(end + 4);
}

/** A WebSocket server of `ws` that sends back what it gets. */
async function echoServer(options = {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  await once(server, 'listening');
  server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
  onCleanUp(() => {
    for (const client of server.clients) client.terminate();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address();
  return { server, port, url: `ws://127.0.0.1:${port}` };
}

/**
 * A server that gives its upgrades to `onUpgrade`.
 *
 * @param {(req: object, socket: object, head: Buffer) => void} onUpgrade
 * @param {{ isSecure?: boolean, onRequest?: Function, where?: unknown[] }} [settings]
 */
async function upgradeServer(onUpgrade, { isSecure = false, onRequest, where = [] } = {}) {
  const listener = onRequest ?? ((req, res) => res.end('no upgrade'));
  const server = isSecure
    ? https.createServer({ key: KEY, cert: CERTIFICATE }, listener)
    : http.createServer(listener);
  await listening(server, ...where);
  const sockets = new Set();
  server.on(isSecure ? 'secureConnection' : 'connection', (socket) => sockets.add(socket));
  if (onUpgrade !== undefined) server.on('upgrade', onUpgrade);
  onCleanUp(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return { server, sockets, port: address.port, isSecure };
}

/** The faces through which an upgrade is forwarded; `upgrade` is a listener for the server's event. */
const FACES = {
  createProxyServer({ on = {}, ...options }) {
    const proxy = createProxyServer(options);
    for (const [event, listener] of Object.entries(on)) proxy.on(event, listener);
    return (req, socket, head) => void proxy.ws(req, socket, head);
  },
  createProxyMiddleware: (options) => createProxyMiddleware(options).upgrade,
};

/** The ways in which a tunnel's bytes can go; what differs is the client's socket, and who looks at it. */
const WAYS = {
  adopted: {},
  'bridged for a listener': { listens: true },
  'bridged for TLS': { isSecure: true },
};

/** For `describe.each`: each face with each way. */
const EVERYWHERE = Object.keys(FACES).flatMap((face) => Object.keys(WAYS).map((way) => [face, way]));

/** For `afterEach`: ends everything that the test has started; nothing of its tunnels may be left. */
async function endTunnels() {
  jest.restoreAllMocks();
  await closeAll();
  await eventually(
    () => numOpenSockets() === 0 && stats().exchanges === 0,
    () => `${numOpenSockets()} sockets are left, and ${JSON.stringify(stats())}`,
  );
}

/**
 * A proxy through which clients reach a target.
 *
 * @param {object} options of the proxy, with its listeners as `on`
 * @param {{ face?: keyof typeof FACES, way?: keyof typeof WAYS }} [settings]
 */
async function tunnelBench(options, { face = 'createProxyServer', way = 'adopted' } = {}) {
  const upgrade = FACES[face](options);
  const { listens, isSecure } = WAYS[way];
  const upgraded = [];
  const seen = [];
  const server = await upgradeServer(
    (req, socket, head) => {
      upgraded.push(socket);
      upgrade(req, socket, head);
      if (listens) socket.on('data', (chunk) => seen.push(chunk));
    },
    { isSecure },
  );
  return { ...server, upgraded, seen, client: (bytes) => rawUpgradeClient(server, bytes) };
}

/** A raw client of a server, plain or TLS as that is. */
async function rawUpgradeClient({ port, isSecure }, bytes) {
  const where = { port, host: '127.0.0.1', allowHalfOpen: true, rejectUnauthorized: false };
  const socket = isSecure ? tls.connect(where) : net.connect(where);
  const connection = new RawConnection(socket);
  onCleanUp(() => socket.destroy());
  await once(socket, isSecure ? 'secureConnect' : 'connect');
  if (bytes !== undefined) socket.write(Buffer.from(bytes, 'latin1'));
  return connection;
}

module.exports = {
  EVERYWHERE,
  FACES,
  acceptOf,
  HANDSHAKE,
  WAYS,
  echoServer,
  endTunnels,
  grant,
  handshake,
  rawUpgradeClient,
  switchingTarget,
  tunnelBench,
  tunnelled,
  upgradeServer,
};
