'use strict';

/** Socket.IO, client and server: it begins by polling and then upgrades, and its server must see one session in both. */

const http = require('node:http');
const { once } = require('node:events');
const { Server } = require('socket.io');
const { io } = require('socket.io-client');
const { numOpenSockets } = require('../../index.js');
const { eventually, listening, onCleanUp } = require('../support/peers.js');
const { FORWARDERS, forwarder } = require('../support/forwarders.js');
const { endTunnels } = require('../support/upgrades.js');

afterEach(endTunnels);

/** A server that sends back what it gets; `sessions` are its sockets so far. */
async function target() {
  const server = await listening(http.createServer());
  const socketServer = new Server(server, { pingInterval: 200, pingTimeout: 5000 });
  const sessions = [];
  socketServer.on('connection', (socket) => {
    sessions.push(socket);
    socket.on('echo', (what, answer) => answer(what));
    socket.on('to all', (text) => socketServer.emit('heard', text));
  });
  onCleanUp(() => new Promise((resolve) => socketServer.close(resolve)));
  return { socketServer, sessions, url: `http://127.0.0.1:${server.address().port}` };
}

async function connect(url, options) {
  const client = io(url, { forceNew: true, rejectUnauthorized: false, ...options });
  onCleanUp(() => client.disconnect());
  // Before it has connected, so that no upgrade is missed.
  const transports = [];
  client.io.on('open', () => {
    const { engine } = client.io;
    transports.push(engine.transport.name);
    engine.on('upgrade', (transport) => transports.push(transport.name));
  });
  await once(client, 'connect');
  return { client, transports };
}

const BYTES = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

async function talk(client) {
  const said = { text: 'ä'.repeat(1000), list: [1, null], bytes: BYTES };
  expect(await client.emitWithAck('echo', said)).toEqual(said);
}

const TRANSPORTS = [
  { transports: undefined, seen: ['polling', 'websocket'] },
  { transports: ['polling'], seen: ['polling'] },
];

/** Which bytes are bridged: TLS clients', and those that are decoded. */
const KINDS = [
  ['adopted', {}, {}],
  ['bridged for TLS', {}, { isSecure: true }],
  ['with a hook that passes each message', { wsMessage() {} }, {}],
];

describe.each(FORWARDERS)('%s', (face) => {
  describe.each(KINDS)('%s', (_, on, settings) => {
    test.each(TRANSPORTS)('over $seen: answers, broadcasts, heartbeats and the end', async (how) => {
      const { socketServer, sessions, url } = await target();
      const { url: proxy } = await forwarder(face, { target: url, on: { error() {}, ...on } }, settings);
      const options = how.transports && { transports: how.transports };
      const { client, transports } = await connect(proxy, options);
      const { client: other } = await connect(proxy, options);
      await talk(client);
      await eventually(() => transports.length === how.seen.length);
      await talk(client);
      expect(transports).toEqual(how.seen);
      // One session each, whatever transports it went over.
      expect(sessions.map(({ id }) => id)).toEqual([client.id, other.id]);
      expect(sessions[0].conn.transport.name).toBe(how.seen.at(-1));
      client.emit('to all', 'hello');
      expect(await once(other, 'heard')).toEqual(['hello']);
      await once(client.io, 'ping');
      await once(client.io, 'ping');
      const left = once(sessions[0], 'disconnect');
      client.disconnect();
      expect(await left).toContain('client namespace disconnect');
      socketServer.disconnectSockets();
      expect(await once(other, 'disconnect')).toContain('io server disconnect');
    });
  });

  test('a client that may only use WebSockets; its tunnel is two sockets', async () => {
    const { sessions, url } = await target();
    const { url: proxy } = await forwarder(face, { target: url });
    // A middleware subscribes to upgrades when it gets its first request.
    await (await fetch(`${proxy}/socket.io/`)).text();
    const { client, transports } = await connect(proxy, { transports: ['websocket'] });
    await talk(client);
    expect(transports).toEqual(['websocket']);
    expect(numOpenSockets()).toBe(2);
    expect(sessions).toHaveLength(1);
  });

  test('a tunnel that is cut: the client comes back by itself', async () => {
    const { sessions, url } = await target();
    const { url: proxy, sockets } = await forwarder(face, { target: url });
    const { client, transports } = await connect(proxy, { reconnectionDelay: 10 });
    await eventually(() => transports.length === 2);
    const cut = once(client, 'disconnect');
    for (const socket of sockets) socket.destroy();
    expect(await cut).toContain('transport close');
    await once(client, 'connect');
    await talk(client);
    expect(sessions).toHaveLength(2);
  });
});
