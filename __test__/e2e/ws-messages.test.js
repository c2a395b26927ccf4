'use strict';

/** `wsMessage`: messages seen, changed and dropped, in every way in which a tunnel's bytes can go. */

const http = require('node:http');
const { once } = require('node:events');
const { WebSocket } = require('ws');
const { createProxyServer, numOpenSockets } = require('../../index.js');
const { readRequest } = require('../support/messages.js');
const { closeAll, eventually, onCleanUp } = require('../support/peers.js');
const {
  FACES,
  WAYS,
  echoServer,
  grant,
  handshake,
  switchingTarget,
  tunnelBench,
  tunnelled,
} = require('../support/upgrades.js');

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
  await eventually(() => numOpenSockets() === 0 && createProxyServer().stats().exchanges === 0);
});

/** A client of ours that collects what it gets. */
async function webSocket(bench, options = {}) {
  const url = `${bench.isSecure ? 'wss' : 'ws'}://127.0.0.1:${bench.port}/`;
  const client = new WebSocket(url, { rejectUnauthorized: false, ...options });
  onCleanUp(() => client.terminate());
  const got = [];
  client.on('message', (data, isBinary) => got.push(isBinary ? data : `${data}`));
  await once(client, 'open');
  const received = (count) =>
    eventually(
      () => got.length >= count,
      () => `got ${JSON.stringify(got).slice(0, 500)}`,
      10_000,
    ).then(() => got);
  return { client, got, received };
}

const DEFLATE = { threshold: 0 };
/** Connects as any other does, and is no plain one for all that. */
class OwnAgent extends http.Agent {}

/** Who has the target's connection. */
const CARRIERS = { 'the engine': {}, "Node's client": { agent: new OwnAgent() } };

/** The faces differ in nothing that concerns the target's connection. */
const FACES_OF = { 'the engine': Object.keys(FACES), "Node's client": ['createProxyServer'] };

const EVERY_WAY = Object.entries(FACES_OF).flatMap(([carrier, faces]) =>
  Object.keys(WAYS).flatMap((way) => faces.map((face) => [carrier, way, face])),
);

describe.each(EVERY_WAY)('%s, %s, %s', (carrier, way, face) => {
  const bench = (target, wsMessage, options = {}) =>
    tunnelBench(
      { target: target.url, on: { wsMessage, error() {} }, ...CARRIERS[carrier], ...options },
      { way, face },
    );

  test('each message is seen once in each direction, with its kind; nothing changes', async () => {
    const seen = [];
    const target = await echoServer();
    const proxy = await bench(target, (message, { direction, binary, socket }) => {
      seen.push([
        direction,
        binary,
        binary ? message.toString('hex') : message,
        socket === proxy.upgraded[0],
      ]);
    });
    const { client, received } = await webSocket(proxy);
    client.send('grüß dich');
    client.send(Buffer.from([0, 255, 128]));
    client.send('');
    expect(await received(3)).toEqual(['grüß dich', Buffer.from([0, 255, 128]), '']);
    for (const direction of ['toTarget', 'toClient']) {
      expect(seen.filter((one) => one[0] === direction)).toEqual([
        [direction, false, 'grüß dich', true],
        [direction, true, '00ff80', true],
        [direction, false, '', true],
      ]);
    }
    client.close(4002, 'bye');
    expect((await once(client, 'close'))[0]).toBe(4002);
  });

  test('messages are changed and dropped, and change their kind', async () => {
    const target = await echoServer();
    const proxy = await bench(target, (message, { direction, binary }) => {
      if (message === 'secret') return null;
      if (direction === 'toTarget') return binary ? message.toString('latin1') : `${message}!`;
      return binary ? undefined : Buffer.from(`<${message}>`);
    });
    const { client, received } = await webSocket(proxy);
    for (const message of ['secret', 'a', Buffer.from('b'), 'secret', 'c']) client.send(message);
    expect((await received(3)).map(String)).toEqual(['<a!>', '<b>', '<c!>']);
  });

  test.each([
    [
      'without context takeover',
      { serverNoContextTakeover: true, clientNoContextTakeover: true, ...DEFLATE },
    ],
    ['with context takeover', DEFLATE],
    ['with small windows', { serverMaxWindowBits: 9, clientMaxWindowBits: 10, ...DEFLATE }],
  ])('permessage-deflate %s', async (_how, perMessageDeflate) => {
    const target = await echoServer({ perMessageDeflate });
    const proxy = await bench(target, (message, { direction, binary }) => {
      if (!binary && direction === 'toTarget') return `${message} and more`;
      return undefined;
    });
    const { client, received } = await webSocket(proxy, { perMessageDeflate });
    expect(client.extensions).toMatch(/^permessage-deflate/);
    const text = 'a rose is a rose is a rose '.repeat(200);
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i) % 251));
    for (let i = 0; i < 3; i += 1) {
      client.send(text);
      client.send(bytes);
      client.send('tiny', { compress: false });
    }
    const got = await received(9);
    for (let i = 0; i < 9; i += 3) {
      expect(got[i]).toBe(`${text} and more`);
      expect(Buffer.compare(got[i + 1], bytes)).toBe(0);
      expect(got[i + 2]).toBe('tiny and more');
    }
  });

  test('asynchronous listeners: messages keep their order', async () => {
    const target = await echoServer();
    let wait = 60;
    const proxy = await bench(target, async (message) => {
      wait -= 10;
      await new Promise((resolve) => setTimeout(resolve, Math.max(wait, 0)));
      return message === '2' ? null : undefined;
    });
    const { client, received } = await webSocket(proxy);
    for (const message of ['0', '1', '2', '3', '4']) client.send(message);
    expect(await received(4)).toEqual(['0', '1', '3', '4']);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('of the listener');
      },
      {},
      'of the listener',
    ],
    [
      'rejects',
      async () => {
        throw new Error('of the listener');
      },
      {},
      'of the listener',
    ],
    ['gives a number', () => 5, {}, /must return a string/],
    ['takes too long', () => new Promise(() => {}), { hookTimeout: 100 }, /has not settled/],
  ])('a listener that %s: error, and both connections end', async (_how, listener, options, message) => {
    const errors = [];
    const target = await echoServer();
    const on = { wsMessage: listener, error: (error) => errors.push(error.message) };
    const proxy = await bench(target, listener, { ...options, on });
    const { client } = await webSocket(proxy);
    client.on('error', () => {});
    client.send('x');
    await once(client, 'close');
    expect(errors).toEqual([expect.stringMatching(message)]);
    await eventually(() => target.server.clients.size === 0);
  });

  test('pings, fragments, large messages, and bytes that are no frames', async () => {
    const target = await echoServer();
    const seen = [];
    const proxy = await bench(target, (message) => void seen.push(message.length));
    const { client, received } = await webSocket(proxy);
    client.ping('are you there');
    expect(`${(await once(client, 'pong'))[0]}`).toBe('are you there');
    client.send('part ', { fin: false });
    client.ping();
    client.send('and part', { fin: true });
    const large = Buffer.alloc(5_000_000, 'x');
    client.send(large);
    const got = await received(2);
    expect(got[0]).toBe('part and part');
    expect(Buffer.compare(got[1], large)).toBe(0);
    expect(seen).toEqual([13, 13, 5_000_000, 5_000_000]);

    const raw = await switchingTarget(({ socket }) => socket.write('no frame at all'));
    const opaque = await bench(raw, (message) => void seen.push(message));
    const other = await opaque.client(handshake());
    await other.until((it) => tunnelled(it).toString() === 'no frame at all');
    other.socket.write('none either');
    await raw.connections[0].until((it) => tunnelled(it).toString() === 'none either');
    expect(seen).toHaveLength(4);
    other.socket.destroy();
  });
});

test('several listeners: each is given what the one before it has left', async () => {
  const target = await echoServer();
  const proxy = createProxyServer({ target: target.url, ws: true }).listen(0, '127.0.0.1');
  onCleanUp(() => new Promise((resolve) => proxy.close(resolve)));
  const calls = [];
  proxy.on('wsMessage', (message, { direction }) => (direction === 'toTarget' ? `${message}1` : undefined));
  proxy.on('wsMessage', async (message, { direction }) =>
    direction === 'toTarget' ? `${message}2` : undefined,
  );
  proxy.on('wsMessage', (message, { direction }) =>
    message === 'drop12' ? null : direction === 'toTarget' ? `${message}3` : undefined,
  );
  proxy.on('wsMessage', (message) => void calls.push(message));
  await once(proxy._server, 'listening');
  const { client, received } = await webSocket({ port: proxy.address().port });
  client.send('drop');
  client.send('a');
  expect(await received(1)).toEqual(['a123']);
  expect(calls).toEqual(['a123', 'a123']);
  client.close();
  await once(client, 'close');
});

describe.each(Object.entries(CARRIERS))('%s', (_carrier, settings) => {
  test('a client offers with a listener only what can be taken apart; without, everything', async () => {
    const offers = 'x-other; a=1, permessage-deflate; client_max_window_bits';
    const target = await switchingTarget();
    for (const on of [{ wsMessage() {} }, undefined]) {
      const bench = await tunnelBench({ target: target.url, on, ...settings });
      const client = await bench.client(handshake('/', [`Sec-WebSocket-Extensions: ${offers}`]));
      await client.received('\r\n\r\n');
    }
    const asked = target.connections.map(({ text }) => readRequest(text).values('sec-websocket-extensions'));
    expect(asked).toEqual([['permessage-deflate; client_max_window_bits'], [offers]]);
  });

  test('a grant of an extension that was not offered: 502', async () => {
    const target = await switchingTarget(undefined, { answer: grant(['Sec-WebSocket-Extensions: x-other']) });
    const bench = await tunnelBench({ target: target.url, on: { wsMessage() {}, error() {} }, ...settings });
    const client = await bench.client(handshake());
    await client.closed();
    expect(client.text).toMatch(/^HTTP\/1\.1 502 /);
  });

  test('a slow listener slows its sender, and what the client has sent before it ends is still judged', async () => {
    const target = await switchingTarget();
    let seen = 0;
    const wsMessage = async (message) => {
      seen += message.length;
      await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const bench = await tunnelBench({ target: target.url, on: { wsMessage }, ...settings });
    const client = await bench.client(handshake());
    await client.received('\r\n\r\n');
    const payload = Buffer.alloc(1000, 'x');
    const frame = Buffer.concat([Buffer.from([0x82, 0xfe, 0x03, 0xe8, 0, 0, 0, 0]), payload]);
    client.socket.end(Buffer.concat(Array.from({ length: 100 }, () => frame)));
    await target.connections[0].until(({ ending }) => ending === 'fin');
    expect(seen).toBe(100_000);
    expect(tunnelled(target.connections[0]).length).toBe(100 * frame.length);
  });

  test('what the target has sent before it ends is still judged', async () => {
    const frames = Buffer.concat(Array.from({ length: 100 }, () => Buffer.from('\x81\x03abc', 'latin1')));
    const target = await switchingTarget(({ socket }) => socket.end(frames));
    const wsMessage = async (message) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return message.toUpperCase();
    };
    const bench = await tunnelBench({ target: target.url, on: { wsMessage }, ...settings });
    const client = await bench.client(handshake());
    await client.until(({ ending }) => ending === 'fin');
    expect(tunnelled(client).toString('latin1')).toBe('\x81\x03ABC'.repeat(100));
  });

  test('very many messages at once', async () => {
    const count = 50_000;
    const target = await switchingTarget(({ socket }) =>
      socket.write(Buffer.from('\x81\x01a'.repeat(count), 'latin1')),
    );
    let seen = 0;
    const wsMessage = () => (seen++ % 2 === 0 ? null : undefined);
    const bench = await tunnelBench({ target: target.url, on: { wsMessage }, ...settings });
    const client = await bench.client(handshake());
    await client.until((it) => tunnelled(it).length >= (count / 2) * 3, 20_000);
    expect(seen).toBe(count);
    expect(tunnelled(client).toString('latin1')).toBe('\x81\x01a'.repeat(count / 2));
  });
});
