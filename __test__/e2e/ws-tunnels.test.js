'use strict';

/** Tunnels: bytes both ways, ends, failures and slow readers; adopted by the engine, and bridged. */

const { WebSocket } = require('ws');
const { once } = require('node:events');
const { numOpenSockets, createProxyServer } = require('../../index.js');
const { closeAll, eventually, onCleanUp } = require('../support/peers.js');
const { tlsTarget } = require('../support/tls.js');
const {
  FACES,
  WAYS,
  echoServer,
  grant,
  handshake,
  rawUpgradeClient,
  switchingTarget,
  tunnelBench,
  tunnelled,
  upgradeServer,
} = require('../support/upgrades.js');

afterEach(async () => {
  await closeAll();
  await eventually(
    () => numOpenSockets() === 0,
    () => `${numOpenSockets()} sockets are left`,
  );
});

/** Everything there is in a byte. */
const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

const wsUrl = ({ port, isSecure }) => `${isSecure ? 'wss' : 'ws'}://127.0.0.1:${port}/socket`;

function webSocket(bench, options = {}) {
  const client = new WebSocket(wsUrl(bench), { rejectUnauthorized: false, ...options });
  onCleanUp(() => client.terminate());
  return client;
}

describe.each(Object.keys(WAYS))('%s', (way) => {
  describe.each(Object.keys(FACES))('%s', (face) => {
    test('messages of ws, small and large, text and binary, and its close', async () => {
      const target = await echoServer();
      const bench = await tunnelBench({ target: target.url }, { way, face });
      const client = webSocket(bench);
      await once(client, 'open');
      for (const message of ['hello', 'ä'.repeat(70_000), ALL_BYTES, Buffer.alloc(2_000_000, 'x')]) {
        client.send(message);
        const [data, isBinary] = await once(client, 'message');
        expect(isBinary).toBe(Buffer.isBuffer(message));
        expect(Buffer.compare(data, Buffer.from(message))).toBe(0);
      }
      client.close(4001, 'enough');
      const [code, reason] = await once(client, 'close');
      expect([code, `${reason}`]).toEqual([4001, 'enough']);
    });

    test('every byte, in both directions, as it is; what came with the heads, too', async () => {
      const target = await switchingTarget(({ socket }) => socket.write(ALL_BYTES), {
        answer: `${grant()}glued`,
      });
      const bench = await tunnelBench({ target: target.url }, { way, face });
      const client = await bench.client(`${handshake()}early`);
      await client.until((it) => tunnelled(it).length === 5 + 256);
      expect(tunnelled(client).subarray(0, 5).toString()).toBe('glued');
      expect(tunnelled(client).subarray(5).equals(ALL_BYTES)).toBe(true);
      client.socket.write(ALL_BYTES);
      await target.connections[0].until((it) => tunnelled(it).length === 5 + 256);
      expect(tunnelled(target.connections[0]).equals(Buffer.concat([Buffer.from('early'), ALL_BYTES]))).toBe(
        true,
      );
      expect(numOpenSockets()).toBe(2);
    });

    test('half of a connection ends, and the other goes on', async () => {
      const target = await switchingTarget();
      const bench = await tunnelBench({ target: target.url }, { way, face });
      const client = await bench.client(handshake());
      await client.received('\r\n\r\n');
      client.socket.end('last words');
      const [connection] = target.connections;
      await connection.until(({ ending }) => ending === 'fin');
      expect(tunnelled(connection).toString()).toBe('last words');
      connection.socket.write('still here');
      await client.until((it) => tunnelled(it).toString() === 'still here');
      expect(client.ending).toBeNull();
      connection.socket.end(' and gone');
      await client.closed();
      expect(tunnelled(client).toString()).toBe('still here and gone');
    });

    test('the target’s half ends first', async () => {
      const target = await switchingTarget(({ socket }) => socket.end('bye'));
      const bench = await tunnelBench({ target: target.url }, { way, face });
      const client = await bench.client(handshake());
      await client.until(({ ending }) => ending === 'fin');
      expect(tunnelled(client).toString()).toBe('bye');
      client.socket.end('one more thing');
      const [connection] = target.connections;
      await connection.until(({ ending }) => ending === 'fin');
      expect(tunnelled(connection).toString()).toBe('one more thing');
    });
  });

  test.each(['client', 'target'])(
    'what the %s does not read stays with the other',
    async (slow) => {
      const target = await switchingTarget();
      const bench = await tunnelBench({ target: target.url }, { way });
      const client = await bench.client(handshake());
      await client.received('\r\n\r\n');
      const [connection] = target.connections;
      const [reader, writer] =
        slow === 'client' ? [client.socket, connection.socket] : [connection.socket, client.socket];
      reader.pause();
      const piece = Buffer.alloc(64 * 1024, 'x');
      let written = 0;
      const fill = async () => {
        for (let still = 0; still < 10;) {
          if (writer.writableLength === 0) {
            writer.write(piece);
            written += piece.length;
            still = 0;
          }
          still += 1;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      };
      await fill();
      // Sockets of the system hold several megabytes; more would be ours.
      expect(written).toBeLessThan(40 * 1024 * 1024);
      reader.resume();
      writer.end();
      const side = slow === 'client' ? client : connection;
      await side.until((it) => tunnelled(it).length === written, 30_000);
    },
    60_000,
  );

  test('a target that resets its connection is an error, and the client’s is reset, too', async () => {
    const target = await switchingTarget();
    const errors = [];
    const closes = jest.fn();
    const on = { error: (...args) => errors.push(args), close: closes };
    const bench = await tunnelBench({ target: target.url, on }, { way });
    const client = await bench.client(handshake());
    await client.received('\r\n\r\n');
    target.connections[0].socket.resetAndDestroy();
    await client.closed();
    if (way !== 'bridged for TLS') expect(client.ending).toBe('rst');
    expect(errors).toHaveLength(1);
    expect(errors[0]).toEqual([
      expect.objectContaining({ code: 'ECONNRESET' }),
      expect.anything(),
      bench.upgraded[0],
    ]);
    // As with the originals.
    expect(closes).not.toHaveBeenCalled();
  });

  test.each(['client’s', 'target’s'])('the %s socket is destroyed by the application', async (whose) => {
    const target = await switchingTarget();
    let proxySocket;
    const on = { open: (socket) => (proxySocket = socket) };
    const bench = await tunnelBench({ target: target.url, on }, { way });
    const client = await bench.client(handshake());
    await client.received('\r\n\r\n');
    (whose === 'client’s' ? bench.upgraded[0] : proxySocket).destroy();
    await Promise.all([client.closed(), target.connections[0].closed()]);
    await eventually(() => proxySocket.destroyed && bench.upgraded[0].destroyed);
  });

  test('tunnelTimeout: so long may nothing move', async () => {
    const target = await switchingTarget(({ socket }) => socket.on('data', (chunk) => socket.write(chunk)));
    const bench = await tunnelBench({ target: target.url, tunnelTimeout: 300 }, { way });
    const client = await bench.client(handshake());
    await client.received('\r\n\r\n');
    const began = Date.now();
    for (let i = 1; i <= 5; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 150));
      client.socket.write('x');
      await client.until((it) => tunnelled(it).length === i);
    }
    await client.closed();
    expect(Date.now() - began).toBeGreaterThan(5 * 150 + 250);
    await target.connections[0].closed();
  });
});

// Node cannot reset a TLS connection.
test.each(['adopted', 'bridged for a listener'])(
  '%s: a client that resets its connection resets the target’s, and is nobody’s error',
  async (way) => {
    const target = await switchingTarget();
    const errors = jest.fn();
    const closes = jest.fn();
    const on = { error: errors, close: closes };
    const bench = await tunnelBench({ target: target.url, on }, { way });
    const client = await bench.client(handshake());
    await client.received('\r\n\r\n');
    client.socket.resetAndDestroy();
    await target.connections[0].closed(100 + 400);
    await eventually(() => closes.mock.calls.length === 1);
    expect(errors).not.toHaveBeenCalled();
    expect(target.connections[0].ending).toBe('rst');
  },
);

test('of an adopted socket Node reads nothing', async () => {
  const target = await switchingTarget();
  const bench = await tunnelBench({ target: target.url });
  const client = await bench.client(handshake());
  await client.received('\r\n\r\n');
  const { bytesRead } = bench.upgraded[0];
  client.socket.write('x'.repeat(100_000));
  await target.connections[0].until((it) => tunnelled(it).length === 100_000);
  expect(bench.upgraded[0].bytesRead).toBe(bytesRead);
});

test('a listener that comes late sees what comes after it, and nothing is lost', async () => {
  const target = await switchingTarget(({ socket }) => socket.write('a'));
  let proxySocket;
  const bench = await tunnelBench({ target: target.url, on: { open: (socket) => (proxySocket = socket) } });
  const client = await bench.client(handshake());
  await client.until((it) => tunnelled(it).length === 1);
  client.socket.write('b');
  const [connection] = target.connections;
  await connection.until((it) => tunnelled(it).length === 1);
  const seen = { client: '', target: '' };
  bench.upgraded[0].on('data', (chunk) => (seen.client += chunk));
  proxySocket.on('data', (chunk) => (seen.target += chunk));
  for (let i = 0; i < 200; i += 1) {
    client.socket.write('c'.repeat(997));
    connection.socket.write('d'.repeat(997));
  }
  await connection.until((it) => tunnelled(it).length === 1 + 200 * 997);
  await client.until((it) => tunnelled(it).length === 1 + 200 * 997);
  expect(tunnelled(connection).toString()).toMatch(/^bc+$/);
  expect(tunnelled(client).toString()).toMatch(/^ad+$/);
  expect(seen.target).toMatch(/^d+$/);
  expect(seen.client).toMatch(/^c+$/);
  proxySocket.write('e');
  await connection.until((it) => tunnelled(it).toString().endsWith('ce'));
  client.socket.end();
  await connection.until(({ ending }) => ending === 'fin');
  connection.socket.end();
  await client.closed();
});

test('listeners for data on the request and on the client’s socket, behind the call: the one hears nothing, the other all', async () => {
  const target = await switchingTarget(({ socket }) => socket.on('data', (chunk) => socket.write(chunk)));
  const proxy = createProxyServer({ target: target.url });
  const seen = { req: '', socket: '' };
  const server = await upgradeServer((req, socket, head) => {
    void proxy.ws(req, socket, head);
    req.on('data', (chunk) => (seen.req += chunk));
    socket.on('data', (chunk) => (seen.socket += chunk));
  });
  const client = await rawUpgradeClient(server, handshake());
  await client.received('\r\n\r\n');
  client.socket.write('hello');
  await client.until((it) => tunnelled(it).toString() === 'hello');
  expect(seen).toEqual({ req: '', socket: 'hello' });
});

test('a listener for data on the request alone: the tunnel stays adopted', async () => {
  const target = await switchingTarget(({ socket }) => socket.on('data', (chunk) => socket.write(chunk)));
  const proxy = createProxyServer({ target: target.url });
  let upgraded;
  const server = await upgradeServer((req, socket, head) => {
    void proxy.ws(req, socket, head);
    req.on('data', () => {});
    upgraded = socket;
  });
  const client = await rawUpgradeClient(server, handshake());
  await client.received('\r\n\r\n');
  const { bytesRead } = upgraded;
  client.socket.write('hello');
  await client.until((it) => tunnelled(it).toString() === 'hello');
  expect(upgraded.bytesRead).toBe(bytesRead);
});

test('wss:// and https:// targets, http:// ones, and a target behind a Unix socket', async () => {
  const secure = await tlsTarget((connection) =>
    connection.onRequest(() => connection.socket.write(`${grant()}secure`)),
  );
  const plain = await switchingTarget(({ socket }) => socket.write('plain'));
  const path = `/tmp/rs-proxy-upgrade-${process.pid}.sock`;
  const unix = await switchingTarget(({ socket }) => socket.write('unix'), { where: [path] });
  expect(unix.connections).toEqual([]);
  for (const [options, text] of [
    [{ target: `wss://127.0.0.1:${secure.port}`, secure: false }, 'secure'],
    [{ target: `https://127.0.0.1:${secure.port}`, secure: false }, 'secure'],
    [{ target: `http://127.0.0.1:${plain.port}` }, 'plain'],
    [{ target: { socketPath: path } }, 'unix'],
  ]) {
    const bench = await tunnelBench(options);
    const client = await bench.client(handshake());
    await client.until((it) => tunnelled(it).toString() === text);
    client.socket.destroy();
  }
});

test('listen with ws: true', async () => {
  const target = await echoServer();
  const proxy = createProxyServer({ target: target.url, ws: true }).listen(0, '127.0.0.1');
  onCleanUp(() => new Promise((resolve) => proxy.close(resolve)));
  await once(proxy._server, 'listening');
  const client = webSocket({ port: proxy.address().port });
  await once(client, 'open');
  client.send('over listen');
  expect(`${(await once(client, 'message'))[0]}`).toBe('over listen');
  client.close();
  await once(client, 'close');
});
