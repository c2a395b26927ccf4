'use strict';

/** F-24, F-25, F-27, F-34: answers that come late, slowly, too early, or faster than their client reads. */

const http = require('node:http');
const { setTimeout: pause } = require('node:timers/promises');
const { createProxyServer } = require('../../index.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { startChild } = require('../support/child.js');
const {
  EARS,
  GOOD,
  checkAfterwards,
  faultBench,
  faultyTarget,
  hears,
  statusOf,
  takeBaseline,
} = require('../support/faults.js');
const { stats } = require('../support/engine.js');
const { levelsOff } = require('../support/memory.js');

beforeAll(takeBaseline);
afterEach(closeAll);

const get = 'GET /a HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n';

describe('F-24 the target stalls', () => {
  const STALLS = {
    'before the head': ['', 'head'],
    'in the head': ['HTTP/1.1 200 OK\r\nContent-Le', 'head'],
    'after an interim response': ['HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', 'head'],
    'in a body with a length': ['HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf', 'idle'],
    'in a chunked body': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', 'idle'],
    'in a body that ends with the connection': ['HTTP/1.1 200 OK\r\n\r\nhalf', 'idle'],
  };
  const rows = Object.keys(STALLS).flatMap((when) => EARS.map((ear) => [when, ear]));

  test.each(rows)('F-24 %s, told by %s', async (when, ear) => {
    const [bytes, limit] = STALLS[when];
    const target = await faultyTarget({ onRequest: ({ socket }) => socket.write(bytes) });
    const bench = await faultBench(ear, { target: target.url, proxyTimeout: 300 });
    const began = Date.now();
    const answer = await rawExchange(bench.port, get);
    expect(Date.now() - began).toBeGreaterThanOrEqual(290);
    expect(Date.now() - began).toBeLessThan(10_000);
    if (limit === 'head') expect(answer).toContain('HTTP/1.1 504 ');
    else expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n(4\r\n)?half(\r\n)?$/);
    if (hears(ear)) {
      expect(bench.failures[0].error).toMatchObject({ code: 'ECONNRESET', timeout: limit, status: 504 });
    }
    await target.connections[0].closed();
    await checkAfterwards(bench, { failures: 1, target });
  });

  test('F-24 a target that is slow, but not for as long as proxyTimeout, is waited for each time', async () => {
    const target = await faultyTarget({
      async onRequest({ socket }) {
        for (const piece of ['HTTP/1.1 200 OK\r\n', 'Content-Length: 6\r\n\r\n', 'ab', 'cd', 'ef']) {
          await pause(150);
          socket.write(piece);
        }
      },
    });
    const bench = await faultBench('event', { target: target.url, proxyTimeout: 500 });
    expect(await rawExchange(bench.port, get)).toMatch(/\r\n\r\nabcdef$/);
    await checkAfterwards(bench, { failures: 0, target });
  });

  test('F-24 without proxyTimeout a stalled target is waited for', async () => {
    const target = await faultyTarget({
      async onRequest({ socket }) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf');
        await pause(1500);
        socket.write('full');
      },
    });
    const bench = await faultBench('event', { target: target.url });
    expect(await rawExchange(bench.port, get)).toMatch(/\r\n\r\nhalffull$/);
    await checkAfterwards(bench, { failures: 0, target });
  });
});

describe('F-25 drips', () => {
  const [many, bytes] = process.env.NIGHTLY ? [1000, 60] : [200, 20];

  test(
    `F-25 ${many} answers of one byte at a time: memory stays where it is, others are not disturbed`,
    async () => {
      let serveOthers;
      const othersAreServed = new Promise((resolve) => (serveOthers = resolve));
      const target = await rawTarget((connection) => {
        connection.onRequest(async ({ length }) => {
          const { socket } = connection;
          if (connection.text.includes(' /quick ')) return socket.write(GOOD);
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length === 0 ? 0 : bytes}\r\n\r\n`);
          for (let i = 1; i < bytes; i += 1) {
            await pause(many);
            socket.write('.');
          }
          await othersAreServed;
          socket.write('.');
          return undefined;
        });
      });
      const { ask } = startChild('proxy.js', {
        args: [JSON.stringify({ target: target.url })],
        execArgv: ['--expose-gc'],
      });
      const port = await ask('port');
      const drips = Array.from({ length: many }, () => rawExchange(port, get, many * bytes * 5));
      await eventually(async () => (await ask('report')).stats.exchanges === many);
      await pause(500);
      const before = await ask('report');
      const round = async () => {
        for (let i = 0; i < 20; i += 1) {
          expect(statusOf(await rawExchange(port, get.replace('/a', '/quick')))).toBe(200);
          await pause(50);
        }
        return (await ask('report')).memory;
      };
      await levelsOff(round, before.memory, { rss: 8 });
      expect((await ask('report')).stats.exchanges).toBe(many);
      serveOthers();
      for (const answer of await Promise.all(drips))
        expect(answer.endsWith(`\r\n\r\n${'.'.repeat(bytes)}`)).toBe(true);
      expect((await ask('report')).stats.exchanges).toBe(0);
    },
    process.env.NIGHTLY ? 240_000 : 30_000,
  );
});

describe('F-27 an answer that comes while the upload is under way', () => {
  const text = 'enough of this. '.repeat(64);
  const answer = (status) =>
    `HTTP/1.1 ${status}\r\nLocation: /b\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
  const STATUSES = ['200 OK', '413 Content Too Large', '307 Temporary Redirect'];
  const AFTERWARDS = {
    closes: ({ socket }) => socket.end(),
    'goes on reading': () => {},
    'reads no more': ({ socket }) => socket.pause(),
    resets: ({ socket }) => setTimeout(() => socket.resetAndDestroy(), 20),
    'closes without reading': ({ socket }) => {
      socket.pause();
      setTimeout(() => socket.destroy(), 20);
    },
  };
  const FRAMINGS = ['Content-Length: 67108864', 'Transfer-Encoding: chunked'];
  const rows = Object.keys(AFTERWARDS).flatMap((then) =>
    STATUSES.flatMap((status) => FRAMINGS.map((framing) => [status, then, framing])),
  );

  test.each(rows)('F-27 %s, then it %s; %s', async (status, then, framing) => {
    const target = await faultyTarget({
      onConnection(connection) {
        // As soon as it has the head and the first bytes of the body.
        const hasSome = ({ text: received }) => received.includes('\r\n\r\n');
        const respond = () => connection.socket.write(answer(status), () => AFTERWARDS[then](connection));
        connection.until(hasSome).then(respond, () => {});
      },
    });
    const bench = await faultBench('event', { target: target.url });
    const client = await rawClient(bench.port, `POST /a HTTP/1.1\r\nHost: me\r\n${framing}\r\n\r\n`);
    // Little at a time: 64 KiB more are heard out, and what is under way beyond them could take the answer with it.
    const piece = 'x'.repeat(0x400);
    const upload = setInterval(() => {
      if (client.socket.destroyed || client.ending !== null) return;
      client.socket.write(framing.startsWith('T') ? `400\r\n${piece}\r\n` : piece);
    }, 2);
    try {
      await client.closed();
    } finally {
      clearInterval(upload);
    }
    expect(client.text).toContain(`HTTP/1.1 ${status}\r\n`);
    expect(client.text.split('\r\n\r\n')[1]).toBe(text);
    expect(client.text).toMatch(/^connection: close\r$/im);
    await eventually(() => stats().connections === 0);
    await checkAfterwards(bench, { failures: 0, target });
  });
});

describe('F-27 an answer that goes on while the upload does', () => {
  // Listeners that read the answer get it another way than clients do.
  test.each(['nobody', 'a proxyRes listener'])(
    'F-27 an echo gets, and gives back, all of it; %s reads along',
    async (who) => {
      const { url } = await httpServer((req, res) => {
        res.writeHead(200, { 'x-echo': 'yes' });
        req.pipe(res);
      });
      const proxy = createProxyServer({ target: url });
      let read = 0;
      if (who !== 'nobody')
        proxy.on('proxyRes', (proxyRes) => proxyRes.on('data', (chunk) => (read += chunk.length)));
      const { port } = await httpServer((req, res) => proxy.web(req, res));
      const body = Buffer.alloc(100_000, 'x');
      const echoed = await new Promise((resolve, reject) => {
        const sent = http.request(
          { port, host: '127.0.0.1', method: 'POST', agent: false },
          async (response) => {
            let bytes = 0;
            response.on('data', (chunk) => (bytes += chunk.length));
            response.on('end', () => resolve(bytes)).on('error', reject);
            // Each part of the upload only after the answer to the one before.
            for (let i = 1; i < 20; i += 1) {
              while (bytes < i * body.length) await pause(1);
              sent.write(body);
            }
            while (bytes < 20 * body.length) await pause(1);
            sent.end();
          },
        );
        sent.on('error', reject);
        sent.write(body);
      });
      expect(echoed).toBe(20 * body.length);
      if (who !== 'nobody') expect(read).toBe(echoed);
      expect(stats().exchanges).toBe(0);
    },
  );
});

describe('F-34 the answer comes faster than it is read, then the target dies', () => {
  const SENT = 3 << 20;
  const FRAMINGS = {
    'with a length': [`HTTP/1.1 200 OK\r\nContent-Length: ${2 * SENT}\r\n\r\n`, Buffer.alloc(SENT, 'x')],
    chunked: [
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      Buffer.from(`${(0x10000).toString(16)}\r\n${'x'.repeat(0x10000)}\r\n`.repeat(SENT / 0x10000)),
    ],
  };

  test.each(Object.keys(FRAMINGS))(
    'F-34 what had come is delivered, then the connection is cut; %s',
    async (framing) => {
      const [head, body] = FRAMINGS[framing];
      const target = await faultyTarget({
        onRequest({ socket }) {
          socket.write(head);
          socket.end(body);
        },
      });
      const bench = await faultBench('event', { target: target.url });
      const client = await rawClient(bench.port, get);
      await client.received('\r\n\r\n');
      client.socket.pause();
      await pause(500);
      client.socket.resume();
      await client.closed();
      // Chunks of ours need not be those of the target.
      expect(client.text.match(/x/g)).toHaveLength(SENT);
      expect(client.text).not.toMatch(/0\r\n\r\n$/);
      await checkAfterwards(bench, { failures: 1, target });
    },
  );

  test('F-34 a client that reads nothing of it is let go of', async () => {
    const { url } = await answeringTarget(FRAMINGS['with a length'][0] + 'x'.repeat(SENT), {
      end: 'fin',
    });
    const bench = await faultBench('event', { target: url });
    const client = await rawClient(bench.port, get);
    client.socket.pause();
    await pause(300);
    client.socket.destroy();
    await eventually(() => stats().exchanges === 0);
    expect(bench.failures.length + bench.departures.length).toBeLessThanOrEqual(1);
    await checkAfterwards(bench, { failures: bench.failures.length });
  });
});
