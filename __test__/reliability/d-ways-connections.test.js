'use strict';

/** Connections that targets close, reset or misuse between requests, over each way to them. */

const { setTimeout: pause } = require('node:timers/promises');
const { createProxyServer } = require('../../index.js');
const { GOOD, checkAfterwards, faultBench, request, takeBaseline } = require('../support/faults.js');
const { all, frame, framedTarget } = require('../support/http2.js');
const { closeAll, eventually, httpServer, keepingAgent, rawExchange } = require('../support/peers.js');
const { stats } = require('../support/engine.js');
const { tlsTarget } = require('../support/tls.js');
const { UPSTREAM_WAYS } = require('../support/upstream-ways.js');

beforeAll(takeBaseline);

afterEach(closeAll);

describe.each(Object.entries(UPSTREAM_WAYS))('%s', (_way, targetOf) => {
  test('F-40 a connection that is closed while it is idle costs nobody a request', async () => {
    let served = 0;
    const { options, kill } = await targetOf((one) => {
      served++;
      one.head(200, { 'content-length': '4' });
      one.end('good');
    });
    const bench = await faultBench('event', options);
    const agent = keepingAgent();
    for (let i = 0; i < 30; i++) {
      // A moment before, at the same time as, or a moment after the request is sent.
      if (i % 3 === 0) kill();
      else if (i % 3 === 1) setImmediate(kill);
      else setTimeout(kill, 1);
      expect(await request(agent, bench.port)).toMatchObject({ status: 200, text: 'good' });
    }
    expect(served).toBeGreaterThanOrEqual(30);
    expect(bench.failures).toEqual([]);
  });

  test('F-41 a large upload over a connection that has been used is not sent again', async () => {
    const posts = [];
    const { options } = await targetOf((one) => {
      if (one.method === 'POST') {
        posts.push(one);
        let length = 0;
        one.onBody((chunk) => {
          length += chunk.length;
          if (length > 200_000) one.die();
        });
      } else {
        one.head(200, { 'content-length': '4' });
        one.end('good');
      }
    });
    const bench = await faultBench('event', options);
    const agent = keepingAgent();
    expect((await request(agent, bench.port)).text).toBe('good');
    expect((await request(agent, bench.port, { method: 'POST', body: 'x'.repeat(1 << 20) })).status).toBe(
      502,
    );
    expect(posts).toHaveLength(1);
  });

  test('F-42 a connection that is reset behind its answer does not disturb the next request', async () => {
    const { options } = await targetOf((one) => {
      one.head(200, { 'content-length': '4' });
      one.end('good');
      setTimeout(() => one.die(), 5);
    });
    const bench = await faultBench('event', options);
    const agent = keepingAgent();
    for (let i = 0; i < 10; i++) expect((await request(agent, bench.port)).text).toBe('good');
    expect(bench.failures).toEqual([]);
  });
});

const WAYS = Object.entries(UPSTREAM_WAYS);
const good = (one) => {
  one.head(200, { 'content-length': '4' });
  one.end('good');
};

// Most of these two is waiting: all ways at the same time.

test('F-44 targets that keep connections for five seconds, asked every five seconds: no error', async () => {
  const rounds = process.env.NIGHTLY ? 24 : 1;
  const benches = await Promise.all(
    WAYS.map(async ([, targetOf]) => {
      const timers = new Map();
      const { options } = await targetOf((one) => {
        clearTimeout(timers.get(one.connection));
        good(one);
        timers.set(one.connection, setTimeout(one.leave, 5000).unref());
      });
      return faultBench('event', options);
    }),
  );
  const lanes = benches.flatMap(({ port }) =>
    ['GET', 'POST', 'POST'].map(async (method, i) => {
      for (let round = 0; round <= rounds; round++) {
        // The front's connections are as old as the target's: each request has one of its own.
        const head = `${method} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx`;
        expect(await rawExchange(port, head)).toMatch(/^HTTP\/1\.1 200 [^]*good$/);
        // Around the moment at which the target closes.
        if (round < rounds) await pause(4999 + i);
      }
    }),
  );
  await Promise.all(lanes);
  expect(benches.flatMap(({ failures }) => failures)).toEqual([]);
}, 300_000);

test('F-46 many places: their connections are given up, and none is left', async () => {
  const answers = await Promise.all(
    WAYS.map(async ([, targetOf]) => {
      const { options } = await targetOf(good);
      const proxy = createProxyServer({ ...options, secure: false, ca: undefined });
      const { port } = await httpServer((req, res) => {
        // A name of its own is a place of its own.
        const name = req.url.slice(1);
        proxy.web(req, res, { headers: { host: name }, servername: `${name}.test` });
      });
      const agent = keepingAgent();
      return all(40, (i) => request(agent, port, { path: `/n${i}` }));
    }),
  );
  expect(answers.flat().map(({ text }) => text)).toEqual(Array(160).fill('good'));
  await eventually(
    () => stats().connections === 0,
    () => JSON.stringify(stats()),
    15_000,
  );
}, 30_000);

const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
const STATUS = '\x88';
const [DATA, HEADERS, END_STREAM, END_HEADERS] = [0, 1, 1, 4];
const framedGood = (id) => [frame(HEADERS, END_HEADERS, id, STATUS), frame(DATA, END_STREAM, id, 'good')];
const UNASKED = {
  'HTTP/1.1 over TLS, a response': [POISON],
  'HTTP/1.1 over TLS, a byte': ['H'],
  'HTTP/2, a second answer': [
    (id) => [frame(HEADERS, END_HEADERS, id, STATUS), frame(DATA, END_STREAM, id, 'bad!')],
  ],
  'HTTP/2, an answer to the next request': [
    (id) => [frame(HEADERS, END_HEADERS, id + 2, STATUS), frame(DATA, END_STREAM, id + 2, 'bad!')],
  ],
  'HTTP/2, bytes that are no frame': [() => ['nonsense, and more of it']],
};

const unaskedRows = Object.entries(UNASKED).flatMap(([what, [bytes]]) =>
  (typeof bytes === 'string' ? [true] : [false, true]).map((isSecure) => [what, isSecure, bytes]),
);

test.each(unaskedRows)(
  'F-45 %s (TLS: %s), on an idle connection: nobody gets it',
  async (_what, isSecure, bytes) => {
    const late = (socket, pieces) =>
      setTimeout(() => pieces.forEach((piece) => socket.writable && socket.write(piece, 'latin1')), 20);
    let options;
    if (typeof bytes === 'string') {
      const target = await tlsTarget((connection) =>
        connection.onRequest(() => {
          connection.socket.write(GOOD);
          late(connection.socket, [bytes]);
        }),
      );
      options = { target: target.url, secure: false };
    } else {
      const target = await framedTarget(
        (id, { socket }) => {
          late(socket, bytes(id));
          return framedGood(id);
        },
        { isSecure },
      );
      options = target.options;
    }
    const bench = await faultBench('event', options);
    const agent = keepingAgent();
    for (let i = 0; i < 5; i++) {
      expect(await request(agent, bench.port)).toMatchObject({ status: 200, text: 'good' });
      await pause(60);
    }
    await checkAfterwards(bench, { failures: 0 });
  },
);
