'use strict';

/** F-50…F-57: clients that leave, read nothing, or send more than they should. */

const { setTimeout: pause } = require('node:timers/promises');
const { answeringTarget, closeAll, eventually, rawClient, rawTarget } = require('../support/peers.js');
const { startChild } = require('../support/child.js');
const {
  GOOD,
  NEXT,
  checkAfterwards,
  faultBench,
  faultyTarget,
  isAtDoor,
  statusOf,
  takeBaseline,
} = require('../support/faults.js');
const { stats } = require('../support/engine.js');

beforeAll(takeBaseline);
afterEach(closeAll);

const get = 'GET /a HTTP/1.1\r\nHost: me\r\n\r\n';
const LEAVES = {
  FIN: ({ socket }) => socket.end(),
  RST: ({ socket }) => socket.resetAndDestroy(),
};
const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

/** A server of Node's in front, or none. */
const WAYS = ['event', 'door'];

describe('F-50 the client leaves in the middle of its upload', () => {
  const FRAMINGS = {
    'with a length': ['Content-Length: 1000', 'part of it'],
    chunked: ['Transfer-Encoding: chunked', 'a\r\npart of it\r\n'],
  };
  const rows = WAYS.flatMap((way) =>
    Object.keys(LEAVES).flatMap((how) => Object.keys(FRAMINGS).map((framing) => [how, framing, way])),
  );

  test.each(rows)(
    'F-50 %s, %s, %s: the target is let go of, without an end of the body',
    async (how, framing, way) => {
      const [field, part] = FRAMINGS[framing];
      const target = await faultyTarget({});
      const bench = await faultBench(way, { target: target.url });
      const delays = [];
      for (let i = 0; i < 5; i += 1) {
        const client = await rawClient(bench.port, `POST /a HTTP/1.1\r\nHost: me\r\n${field}\r\n\r\n${part}`);
        await eventually(() => target.connections[i]?.text.includes('part of it'));
        const left = Date.now();
        LEAVES[how](client);
        await target.connections[i].closed();
        delays.push(Date.now() - left);
      }
      // One of them may meet a busy machine.
      expect(median(delays)).toBeLessThanOrEqual(100);
      for (const { text } of target.connections) {
        expect(text).toMatch(/part of it(\r\n)?$/);
        expect(text).not.toContain('0\r\n\r\n');
      }
      await eventually(() => bench.departed() === 5);
      for (const error of bench.departures)
        expect(error).toMatchObject({ code: 'ECONNRESET', side: 'client' });
      await checkAfterwards(bench, { failures: 0, target });
    },
  );
});

describe('F-51 the client leaves in the middle of its download', () => {
  const rows = WAYS.flatMap((way) => Object.keys(LEAVES).map((how) => [how, way]));

  test.each(rows)('F-51 %s, %s: the target is read no further', async (how, way) => {
    const piece = Buffer.alloc(0x10000, 'x');
    const target = await faultyTarget({
      onRequest({ socket }) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n');
        const go = () => {
          while (!socket.destroyed && socket.write(piece));
        };
        socket.on('drain', go);
        go();
      },
    });
    const bench = await faultBench(way, { target: target.url });
    const delays = [];
    for (let i = 0; i < 5; i += 1) {
      const client = await rawClient(bench.port, get);
      await client.until(({ bytes }) => bytes.length > 100_000);
      const left = Date.now();
      // Half-closing alone would be a client that reads on.
      if (how === 'FIN') client.socket.destroy();
      else LEAVES[how](client);
      await target.connections[i].closed();
      delays.push(Date.now() - left);
    }
    expect(median(delays)).toBeLessThanOrEqual(100);
    await checkAfterwards(bench, { failures: 0, target });
  });
});

describe('F-52 the client half-closes after its request, and waits', () => {
  const slowly = {
    async onRequest({ socket }) {
      await pause(400);
      socket.write(GOOD);
    },
  };

  test.each(WAYS)(
    'F-52 as Node has it by default, %s: it is closed, the target let go of, and nobody spins',
    async (way) => {
      const target = await faultyTarget(slowly);
      const bench = await faultBench(way, { target: target.url });
      const client = await rawClient(bench.port, get);
      await eventually(() => target.connections.length === 1);
      client.socket.end();
      const before = process.cpuUsage();
      await client.closed();
      await target.connections[0].closed();
      await pause(300);
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1000).toBeLessThan(200);
      expect(client.text).toBe('');
      await checkAfterwards(bench, { failures: 0, target });
    },
  );

  // To the native door a client that ends has left.
  const orNot = isAtDoor() ? 'is not' : 'is';

  test(`F-52 with httpAllowHalfOpen the answer ${orNot} delivered`, async () => {
    const target = await faultyTarget(slowly);
    const bench = await faultBench('event', { target: target.url });
    bench.server.httpAllowHalfOpen = true;
    const client = await rawClient(bench.port, get);
    client.socket.end();
    const before = process.cpuUsage();
    await client.closed();
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(200);
    expect(client.text).toMatch(isAtDoor() ? /^$/ : /\r\n\r\ngood$/);
    await checkAfterwards(bench, { failures: 0, target });
  });
});

describe('F-53 the client reads nothing', () => {
  async function pouring(way, options, settings) {
    const poured = { bytes: 0 };
    const piece = Buffer.alloc(0x10000, 'x');
    const target = await faultyTarget({
      onRequest({ socket }) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n');
        const go = () => {
          do poured.bytes += piece.length;
          while (!socket.destroyed && socket.write(piece));
        };
        socket.on('drain', go);
        go();
      },
    });
    const bench = await faultBench(way, { target: target.url, ...options }, settings);
    const client = await rawClient(bench.port, get);
    await client.received('\r\n\r\n');
    client.socket.pause();
    return { bench, client, poured, target };
  }

  test.each(WAYS)('F-53 the target is not read either, %s', async (way) => {
    const { bench, client, poured, target } = await pouring(way);
    await pause(700);
    const after = poured.bytes;
    // The system's buffers on both ways, and little of ours.
    expect(after).toBeLessThan(32 << 20);
    await pause(500);
    expect(poured.bytes).toBe(after);
    client.socket.destroy();
    await target.connections[0].closed();
    await checkAfterwards(bench, { failures: 0, target });
  });

  test.each([
    ['the option timeout', 'event', { timeout: 500 }, {}],
    ['writeTimeout', 'door', {}, { writeTimeout: 500 }],
  ])('F-53 with %s it is let go of, %s', async (_, way, options, settings) => {
    const { bench, target } = await pouring(way, options, settings);
    await target.connections[0].closed(4000);
    await checkAfterwards(bench, { failures: 0, target });
  });
});

describe('F-54 one request after the other, without waiting', () => {
  const slowFirst = {
    onRequest({ socket }, head) {
      const path = head.split(' ')[1];
      const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
      setTimeout(() => socket.write(answer), path === '/one' ? 300 : 0);
    },
  };
  const pipelined = ['/one', '/two', '/three'].map((path) => get.replace('/a', path)).join('');

  test.each(WAYS)('F-54 they are answered in order, %s', async (way) => {
    const target = await faultyTarget(slowFirst);
    const bench = await faultBench(way, { target: target.url });
    const client = await rawClient(bench.port, pipelined);
    await client.received('/three');
    expect(client.text.match(/\/(one|two|three)/g)).toEqual(['/one', '/two', '/three']);
    client.socket.destroy();
    await checkAfterwards(bench, { failures: 0, target });
  });

  test.each(WAYS.flatMap((way) => Object.keys(LEAVES).map((how) => [how, way])))(
    'F-54 %s while the first is in flight, %s: all of them are given up',
    async (how, way) => {
      const target = await faultyTarget({});
      const bench = await faultBench(way, { target: target.url });
      const client = await rawClient(bench.port, pipelined);
      await eventually(() => target.connections.length > 0);
      LEAVES[how](client);
      for (const connection of target.connections) await connection.closed();
      await checkAfterwards(bench, { failures: 0, target });
    },
  );

  test('F-54 a request whose client is gone before it is begun is not made', async () => {
    const target = await faultyTarget({});
    const { createProxyServer } = require('../../index.js');
    const { httpServer } = require('../support/peers.js');
    const proxy = createProxyServer({ target: target.url });
    const { port } = await httpServer((req, res) => {
      req.socket.destroy();
      proxy.web(req, res);
    });
    const client = await rawClient(port, get);
    await client.closed();
    await pause(50);
    expect(target.connections).toHaveLength(0);
    expect(stats().exchanges).toBe(0);
  });
});

describe('F-55 a thousand clients leave in the same moment', () => {
  test('F-55 their requests are given up within a second of processor time', async () => {
    const target = await rawTarget(() => {});
    const { ask } = startChild('proxy.js', { args: [JSON.stringify({ target: target.url })] });
    const port = await ask('port');
    const clients = [];
    for (let i = 0; i < 1000; i += 50) {
      clients.push(...(await Promise.all(Array.from({ length: 50 }, () => rawClient(port, get)))));
    }
    await eventually(async () => (await ask('report')).stats.exchanges === 1000, undefined, 10_000);
    const before = await ask('cpu');
    for (const { socket } of clients) socket.resetAndDestroy();
    await eventually(() => target.connections.every(({ ending }) => ending !== null), undefined, 5000);
    expect((await ask('cpu')) - before).toBeLessThan(1000);
    const { stats: gauges, counts } = await ask('report');
    expect(gauges).toMatchObject({ exchanges: 0, connections: 0 });
    expect(counts).toEqual({ errors: 0, departures: 1000 });
    expect(statusOf((await rawClient(port, NEXT)).text)).toBeNaN();
  });
});

describe('F-56 the server closes an idle connection just as its client sends', () => {
  test.each(WAYS)('F-56 a request is served, or nothing of it is done, %s', async (way) => {
    const IDLE = 60;
    const target = await answeringTarget(GOOD);
    const bench = await faultBench(way, { target: target.url }, { keepAliveTimeout: IDLE });
    // Newer versions of Node wait longer than they say, by the second of them.
    Object.assign(bench.server ?? {}, { keepAliveTimeout: IDLE, keepAliveTimeoutBuffer: 0 });
    const tallies = { served: 0, refused: 0 };
    const one = async (i) => {
      const client = await rawClient(bench.port, get);
      await client.received('good');
      await pause(IDLE - 3 + Math.random() * 6);
      if (client.ending === null) client.socket.write(get.replace('/a', `/second-${i}`), () => {});
      await client.until(({ text, ending }) => ending !== null || text.match(/good/g).length === 2);
      const isServed = client.text.match(/good/g).length === 2;
      tallies[isServed ? 'served' : 'refused'] += 1;
      const seen = target.connections.filter(({ text }) => text.includes(`/second-${i} `)).length;
      expect(seen).toBe(isServed ? 1 : 0);
      client.socket.destroy();
    };
    for (let i = 0; i < 200; i += 20) await Promise.all(Array.from({ length: 20 }, (_, j) => one(i + j)));
    expect(tallies.served + tallies.refused).toBe(200);
    await checkAfterwards(bench, { failures: 0 });
  });
});

describe('F-57 the answer is there before the upload is, and the client keeps its connection', () => {
  const early = {
    onConnection: (connection) =>
      void connection.received('\r\n\r\n').then(
        ({ socket }) => socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\n\r\ntoo big'),
        () => {},
      ),
  };
  const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: me\r\n\r\n';

  const FRAMINGS = ['Content-Length: 1000000', 'Transfer-Encoding: chunked'];

  test.each(WAYS.flatMap((way) => FRAMINGS.map((framing) => [framing, way])))(
    'F-57 %s, %s: the rest is not waited for, and never taken for a request',
    async (framing, way) => {
      const target = await faultyTarget(early);
      const bench = await faultBench(way, { target: target.url });
      const client = await rawClient(bench.port, `POST /a HTTP/1.1\r\nHost: me\r\n${framing}\r\n\r\n`);
      await client.received('too big');
      const began = Date.now();
      const rest = setInterval(() => {
        if (client.ending === null) client.socket.write(SMUGGLED);
      }, 20);
      try {
        await client.closed();
      } finally {
        clearInterval(rest);
      }
      expect(Date.now() - began).toBeLessThan(4500);
      expect(client.text).toMatch(/^HTTP\/1\.1 413 [^]*\r\n\r\n(7\r\n)?too big/);
      expect(client.text.match(/HTTP\/1\.1 413/g)).toHaveLength(1);
      expect(target.connections.map(({ text }) => text).join()).not.toContain('GET /smuggled');
      await checkAfterwards(bench, { failures: 0, target });
    },
  );

  test.each(WAYS)(
    'F-57 a short rest that comes in time, %s: what follows it is served, or the connection is closed',
    async (way) => {
      const target = await faultyTarget(early);
      const bench = await faultBench(way, { target: target.url });
      const client = await rawClient(
        bench.port,
        'POST /a HTTP/1.1\r\nHost: me\r\nContent-Length: 5000\r\n\r\n',
      );
      await client.received('too big');
      target.heal();
      client.socket.write('x'.repeat(5000) + get);
      await client.until(({ text, ending }) => ending !== null || text.includes('good'));
      expect(client.text.match(/HTTP\/1\.1 \d+/g)).toEqual(
        client.text.includes('good') ? ['HTTP/1.1 413', 'HTTP/1.1 200'] : ['HTTP/1.1 413'],
      );
      client.socket.destroy();
      await checkAfterwards(bench, { failures: 0, target });
    },
  );
});
