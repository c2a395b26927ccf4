'use strict';

/** What clients do while their requests are on the way, over each way to the target. */

const http = require('node:http');
const { setTimeout: pause } = require('node:timers/promises');
const { createProxyServer } = require('../../index.js');
const { proxyServer } = require('../support/faces.js');
const { checkAfterwards, faultBench, takeBaseline } = require('../support/faults.js');
const { all } = require('../support/http2.js');
const { lastRequest } = require('../support/messages.js');
const { closeAll, eventually, httpServer, rawClient, steady } = require('../support/peers.js');
const { released, stats } = require('../support/engine.js');
const { UPSTREAM_WAYS } = require('../support/upstream-ways.js');

beforeAll(takeBaseline);

afterEach(closeAll);

const get = (path) => lastRequest(`GET ${path}`);

describe.each(Object.entries(UPSTREAM_WAYS))('%s', (way, targetOf) => {
  const isMultiplexed = way.startsWith('HTTP/2');

  test('F-50 a client that leaves in the middle of its upload: the target does not take it for complete', async () => {
    const gone = [];
    const arrived = [];
    const { options } = await targetOf((one) => {
      arrived.push(one.path);
      one.onBody(() => {});
      one.onGone(() => gone.push(one.path));
    });
    const { port, events } = await proxyServer(options);
    for (const [path, leave] of [
      ['/fin', (socket) => socket.destroy()],
      ['/rst', (socket) => socket.resetAndDestroy()],
    ]) {
      const client = await rawClient(
        port,
        `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc`,
      );
      await eventually(() => arrived.includes(path));
      leave(client.socket);
      await eventually(() => gone.includes(path));
    }
    await released();
    expect(events.every(({ event }) => event === 'econnreset')).toBe(true);
  });

  test('F-51 a client that leaves in the middle of its download: the target is told', async () => {
    const gone = [];
    const { options } = await targetOf((one) => {
      one.onGone(() => gone.push(one.path));
      one.head(200);
      one.write('begun');
    });
    const { port } = await proxyServer(options);
    const client = await rawClient(port, get('/a'));
    await client.received('begun');
    client.socket.destroy();
    await eventually(() => gone.length > 0);
    await released();
  });

  test('F-52 a client that sends no more, but waits, is answered', async () => {
    const { options } = await targetOf((one) => {
      setTimeout(() => {
        one.head(200, { 'content-length': '4' });
        one.end('good');
      }, 50);
    });
    const proxy = createProxyServer(options);
    const { server, port } = await httpServer((req, res) => proxy.web(req, res));
    server.httpAllowHalfOpen = true;
    const client = await rawClient(port);
    client.socket.end(get('/'));
    await client.closed();
    expect(client.text).toMatch(/good$/);
  });

  test('F-53 D-34 a client that does not read holds the target back', async () => {
    let sent = 0;
    const MOST = 32 << 20;
    const { options } = await targetOf((one) => {
      one.head(200);
      const more = () => {
        if (sent >= MOST) return one.end();
        sent += 65_536;
        return one.write(Buffer.alloc(65_536, 'x'), more);
      };
      more();
    });
    const { port } = await proxyServer(options);
    const asked = http.get({ port, agent: false });
    const response = await new Promise((resolve) => asked.once('response', resolve));
    await steady(() => sent);
    expect(sent).toBeLessThan(MOST / 2);
    let received = 0;
    for await (const chunk of response) received += chunk.length;
    expect(received).toBe(MOST);
  }, 30_000);

  test('F-54 one request after the other, without waiting: answered in order, and given up together', async () => {
    const arrived = [];
    const gone = [];
    const { options } = await targetOf((one) => {
      arrived.push(one.path);
      one.onGone(() => gone.push(one.path));
      if (one.path.startsWith('/wait')) return;
      setTimeout(
        () => {
          one.head(200, { 'content-length': `${one.path.length}` });
          one.end(one.path);
        },
        one.path === '/one' ? 200 : 0,
      );
    });
    const bench = await faultBench('event', options);
    const many = (...paths) => paths.map((path) => get(path).replace('Connection: close\r\n', '')).join('');
    const client = await rawClient(bench.port, many('/one', '/two', '/three'));
    await client.received('/three');
    expect(client.text.match(/\/(one|two|three)/g)).toEqual(['/one', '/two', '/three']);
    const leaving = await rawClient(bench.port, many('/wait1', '/wait2', '/wait3'));
    await eventually(() => arrived.includes('/wait1'));
    leaving.socket.destroy();
    client.socket.destroy();
    const waiting = () => arrived.filter((path) => path.startsWith('/wait'));
    await eventually(
      () => waiting().every((path) => gone.includes(path)),
      () => `arrived: ${arrived}; gone: ${gone}`,
    );
    await checkAfterwards(bench, { failures: 0 });
  });

  test('F-55 many clients that leave at once', async () => {
    const { options } = await targetOf(() => {});
    const { port } = await proxyServer(options);
    const clients = await all(100, () => rawClient(port, get('/')));
    await eventually(() => stats().exchanges === 100, undefined, 10_000);
    for (const { socket } of clients) socket.destroy();
    await eventually(() => stats().exchanges === 0, undefined, 10_000);
  });

  test('F-56 the server closes an idle connection just as its client sends: served, or nothing is done', async () => {
    const IDLE = 60;
    const seen = [];
    const { options } = await targetOf((one) => {
      seen.push(one.path);
      one.head(200, { 'content-length': '4' });
      one.end('good');
    });
    const bench = await faultBench('event', options);
    // Newer versions of Node wait longer than they say, by the second of them.
    Object.assign(bench.server, { keepAliveTimeout: IDLE, keepAliveTimeoutBuffer: 0 });
    await all(40, async (i) => {
      const [first, second] = [`/first${i}`, `/second${i}`];
      const client = await rawClient(bench.port, get(first).replace('Connection: close\r\n', ''));
      await client.received('good');
      await pause(IDLE - 3 + Math.random() * 6);
      if (client.ending === null) client.socket.write(get(second), () => {});
      await client.closed();
      const isServed = client.text.match(/good/g).length === 2;
      expect(seen.filter((path) => path === second)).toHaveLength(isServed ? 1 : 0);
      client.socket.destroy();
    });
    await checkAfterwards(bench, { failures: 0 });
  });

  test('F-57 D-38 fields of one hop stay there, and an answer before the upload ends the client’s connection', async () => {
    const { options } = await targetOf((one) => {
      one.head(200, {
        'content-length': '4',
        'proxy-authenticate': 'Basic',
        trailer: 'x',
        'alt-svc': 'h3',
        ...(isMultiplexed
          ? {}
          : { connection: 'x-mine', 'x-mine': '1', 'keep-alive': 'timeout=5', upgrade: 'h2' }),
      });
      one.end('good');
    });
    const { port } = await proxyServer(options);
    const client = await rawClient(port, 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\nx');
    await client.closed(10_000);
    expect(client.text).toMatch(/\r\nconnection: close\r\n/i);
    expect(client.text).toMatch(/\r\nalt-svc: h3\r\n/i);
    expect(client.text).not.toMatch(/^(x-mine|upgrade|trailer|proxy-authenticate|keep-alive): /im);
  });
});
