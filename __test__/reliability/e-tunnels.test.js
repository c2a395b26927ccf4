'use strict';

/** Rows E-14 to E-19, E-27 and E-28: tunnels, through both faces and in every way in which their bytes can go. */

const crypto = require('node:crypto');
const { once } = require('node:events');
const { setTimeout: pause } = require('node:timers/promises');
const { WebSocket } = require('ws');
const { numOpenSockets } = require('../../index.js');
const { onCleanUp } = require('../support/peers.js');
const {
  EVERYWHERE,
  echoServer,
  endTunnels,
  handshake,
  switchingTarget,
  tunnelBench,
  tunnelled,
} = require('../support/upgrades.js');

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
});

afterEach(endTunnels);

/** Reads a connection without keeping what it reads; gives length and digest once there is so much. */
function digestOf(socket, length) {
  const hash = crypto.createHash('sha256');
  let seen = 0;
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      hash.update(chunk);
      seen += chunk.length;
      if (seen >= length) resolve([seen, hash.digest('hex')]);
    });
  });
}

describe.each(EVERYWHERE)('%s, %s', (face, way) => {
  const canReset = way !== 'bridged for TLS';

  async function connected(options = {}, onSwitched) {
    const target = await switchingTarget(onSwitched);
    const bench = await tunnelBench({ target: target.url, on: { error() {} }, ...options }, { face, way });
    const client = await bench.client(handshake());
    await client.received('\r\n\r\n');
    return { bench, client, target: target.connections[0], url: target.url };
  }

  test('E-14 a reset of one end ends the other within 100 ms', async () => {
    const delays = [];
    for (let i = 0; i < 5; i += 1) {
      const { client, target } = await connected();
      const [here, there] = i % 2 === 0 || !canReset ? [target, client] : [client, target];
      const began = Date.now();
      here.socket.resetAndDestroy();
      await there.closed();
      delays.push(Date.now() - began);
      if (canReset) expect(there.ending).toBe('rst');
    }
    expect(delays.sort((a, b) => a - b)[2]).toBeLessThanOrEqual(100);
  });

  test('E-15 a client that ends its half is told what the target still has to say', async () => {
    const { client, target } = await connected();
    client.socket.end('done');
    await target.until(({ ending }) => ending === 'fin');
    for (let i = 0; i < 5; i += 1) {
      target.socket.write('more ');
      await pause(20);
    }
    expect(client.ending).toBeNull();
    target.socket.end('end');
    await client.closed();
    expect(tunnelled(client).toString()).toBe(`${'more '.repeat(5)}end`);
  });

  test('E-16 a target that ends its half is told what the client still has to say', async () => {
    const { client, target } = await connected();
    target.socket.end('done');
    await client.until(({ ending }) => ending === 'fin');
    for (let i = 0; i < 5; i += 1) {
      client.socket.write('more ');
      await pause(20);
    }
    client.socket.end('end');
    await target.until(({ ending }) => ending === 'fin');
    expect(tunnelled(target).toString()).toBe(`${'more '.repeat(5)}end`);
  });

  test('E-17 one end floods, the other does not read: memory stays where it is, and nothing is lost', async () => {
    const { client, target } = await connected();
    for (const [writer, reader] of [
      [target.socket, client.socket],
      [client.socket, target.socket],
    ]) {
      reader.removeAllListeners('data');
      reader.pause();
      const piece = Buffer.alloc(1024 * 1024, 'x');
      const sent = crypto.createHash('sha256');
      let length = 0;
      for (let blocked = 0; blocked < 15; blocked += 1) {
        while (writer.writableLength === 0) {
          writer.write(piece);
          sent.update(piece);
          length += piece.length;
          blocked = 0;
        }
        await pause(10);
      }
      // What the system's sockets take; the tunnel's own share is measured in the engine's tests.
      expect(length).toBeLessThan(40 * 1024 * 1024);
      const received = digestOf(reader, length);
      reader.resume();
      expect(await received).toEqual([length, sent.digest('hex')]);
    }
  }, 20_000);

  test('E-18 silence is no reason to close, unless tunnelTimeout says so', async () => {
    const { client, target } = await connected();
    const limited = await connected({ tunnelTimeout: 200 });
    const began = Date.now();
    await limited.client.closed();
    expect(Date.now() - began).toBeGreaterThanOrEqual(190);
    await limited.target.closed();
    await pause(300);
    client.socket.write('still there');
    await target.until((it) => tunnelled(it).toString() === 'still there');
  });

  test('E-19 bytes that are no frames, one by one and all at once, are passed on as they are', async () => {
    const { client, target } = await connected();
    const garbage = crypto.randomBytes(8 * 1024 * 1024);
    target.socket.removeAllListeners('data');
    const received = digestOf(target.socket, garbage.length + 2000);
    const sent = crypto.createHash('sha256');
    for (let i = 0; i < 2000; i += 1) {
      const byte = garbage.subarray(i, i + 1);
      sent.update(byte);
      client.socket.write(byte);
      if (i % 100 === 0) await pause(1);
    }
    sent.update(garbage);
    client.socket.write(garbage);
    expect(await received).toEqual([garbage.length + 2000, sent.digest('hex')]);
  });

  test('E-19 one message of 100 MB', async () => {
    const target = await echoServer({ maxPayload: 2 ** 28 });
    const bench = await tunnelBench({ target: target.url }, { face, way });
    const scheme = bench.isSecure ? 'wss' : 'ws';
    const client = new WebSocket(`${scheme}://127.0.0.1:${bench.port}/`, {
      rejectUnauthorized: false,
      maxPayload: 2 ** 28,
    });
    onCleanUp(() => client.terminate());
    await once(client, 'open');
    const message = Buffer.alloc(100 * 1024 * 1024, 'm');
    client.send(message);
    const [echo] = await once(client, 'message');
    expect(Buffer.compare(echo, message)).toBe(0);
  }, 60_000);

  test('E-27 the server closes: tunnels go on until they are ended, by either end or by the application', async () => {
    const { bench, client, target } = await connected();
    const other = await bench.client(handshake());
    await other.received('\r\n\r\n');
    const closed = new Promise((resolve) => bench.server.close(resolve));
    client.socket.write('x');
    await target.until((it) => tunnelled(it).toString() === 'x');
    expect(numOpenSockets()).toBe(4);
    // What an application does at its deadline.
    for (const socket of bench.upgraded) socket.destroy();
    await Promise.all([client.closed(), other.closed(), target.closed(), closed]);
  });

  test('E-28 a target that is no longer one: its tunnels live, new ones are refused', async () => {
    const target = await switchingTarget();
    let url = target.url;
    const named =
      face === 'createProxyServer'
        ? { target: () => url }
        : { target: 'ws://127.0.0.1:1', router: () => url };
    const bench = await tunnelBench({ ...named, on: { error() {} } }, { face, way });
    const client = await bench.client(handshake());
    await client.received('101 ');
    url = 'ws://127.0.0.1:1';
    const late = await bench.client(handshake());
    await late.closed();
    expect(late.text).toMatch(/^HTTP\/1\.1 502 /);
    client.socket.write('here');
    await target.connections[0].until((it) => tunnelled(it).toString() === 'here');
  });
});
