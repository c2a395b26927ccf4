'use strict';

/** F-01…F-04: targets that cannot be connected to, or close before they answer. */

const http = require('node:http');
const os = require('node:os');
const {
  answeringTarget,
  closeAll,
  closedPort,
  eventually,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { fullListener } = require('../support/child.js');
const {
  EARS,
  GOOD,
  checkAfterwards,
  faultBench,
  faultyTarget,
  hears,
  nodeError,
  parts,
  statusOf,
  takeBaseline,
} = require('../support/faults.js');
const { stats } = require('../support/engine.js');

beforeAll(takeBaseline);
afterEach(closeAll);

const nightly = process.env.NIGHTLY ? test : test.skip;
const hasIpv6 = Object.values(os.networkInterfaces())
  .flat()
  .some(({ address }) => address === '::1');
const LOOPBACKS = hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];

const get = 'GET /a HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n';
const post = 'POST /a HTTP/1.1\r\nHost: me\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc';
const REQUESTS = { GET: get, POST: post };

describe('F-01 refused', () => {
  test.each(EARS)('F-01 refused, told by %s', async (ear) => {
    const port = await closedPort();
    const bench = await faultBench(ear, { target: `http://127.0.0.1:${port}` });
    const began = Date.now();
    const answer = await rawExchange(bench.port, get);
    // The row says 50 ms; a busy machine takes longer, the time-out longer still.
    expect(Date.now() - began).toBeLessThan(5000);
    expect(statusOf(answer)).toBe(ear === 'middleware' ? 504 : 502);
    await checkAfterwards(bench, { failures: 1 });
  });

  test.each(['GET', 'POST', 'PUT', 'DELETE'])(
    "F-01 refused: %s has the error of Node's client",
    async (method) => {
      const port = await closedPort();
      const bench = await faultBench('event', { target: `http://127.0.0.1:${port}` });
      await rawExchange(bench.port, post.replace('POST', method));
      const theirs = await nodeError(http, { port, host: '127.0.0.1', method });
      expect(parts(bench.failures[0].error)).toEqual(parts(theirs));
      await checkAfterwards(bench, { failures: 1 });
    },
  );

  test.each(LOOPBACKS)('F-01 refused on one address: a POST goes once to the other, %s', async (host) => {
    const target = await rawTarget(
      (connection) => connection.onRequest(() => connection.socket.write(GOOD)),
      0,
      host,
    );
    const bench = await faultBench('event', { target: `http://localhost:${target.port}` });
    expect(statusOf(await rawExchange(bench.port, post))).toBe(200);
    expect(target.connections.map(({ text }) => text.match(/^POST/gm)?.length)).toEqual([1]);
    await checkAfterwards(bench, { failures: 0 });
  });
});

describe('F-02 no answer to the connection attempt', () => {
  test.each(EARS)('F-02 a full backlog is given up after connectTimeout, told by %s', async (ear) => {
    const { port } = await fullListener('127.0.0.1');
    const bench = await faultBench(ear, { target: `http://127.0.0.1:${port}`, connectTimeout: 300 });
    const began = Date.now();
    const answer = await rawExchange(bench.port, get);
    const took = Date.now() - began;
    expect(statusOf(answer)).toBe(504);
    expect(took).toBeGreaterThanOrEqual(290);
    expect(took).toBeLessThan(8000);
    if (hears(ear)) {
      expect(bench.failures[0].error).toMatchObject({
        code: 'ECONNECT_TIMEOUT',
        timeout: 'connect',
        status: 504,
      });
    }
    await checkAfterwards(bench, { failures: 1 });
  });

  test('F-02 a client that leaves meanwhile ends the attempt', async () => {
    const { port } = await fullListener('127.0.0.1');
    const bench = await faultBench('event', { target: `http://127.0.0.1:${port}` });
    const client = await rawClient(bench.port, get);
    await eventually(() => stats().exchanges === 1);
    client.socket.destroy();
    await eventually(() => bench.departures.length === 1);
    await checkAfterwards(bench, { failures: 0 });
  });

  nightly('F-02 without connectTimeout it is given up after ten seconds', async () => {
    const { port } = await fullListener('127.0.0.1');
    const bench = await faultBench('event', { target: `http://127.0.0.1:${port}` });
    const began = Date.now();
    expect(statusOf(await rawExchange(bench.port, get, 15_000))).toBe(504);
    const took = Date.now() - began;
    expect(took).toBeGreaterThanOrEqual(9900);
    expect(took).toBeLessThan(14_000);
    await checkAfterwards(bench, { failures: 1 });
  });
});

describe('F-03 connected, and never an answer', () => {
  const neverReads = { onConnection: ({ socket }) => socket.pause() };

  test.each(EARS)('F-03 a request without a body, told by %s', async (ear) => {
    const target = await faultyTarget(neverReads);
    const bench = await faultBench(ear, { target: target.url, proxyTimeout: 300 });
    const answer = await rawExchange(bench.port, get);
    expect(statusOf(answer)).toBe(504);
    if (hears(ear)) {
      expect(bench.failures[0].error).toMatchObject({ code: 'ECONNRESET', timeout: 'head', status: 504 });
    }
    await checkAfterwards(bench, { failures: 1, target });
  });

  test.each(['Content-Length: 33554432', 'Transfer-Encoding: chunked'])(
    'F-03 an upload that is not read, with %s',
    async (framing) => {
      const target = await faultyTarget(neverReads);
      const bench = await faultBench('event', { target: target.url, proxyTimeout: 300 });
      const client = await rawClient(
        bench.port,
        `POST /a HTTP/1.1\r\nHost: me\r\n${framing}\r\nConnection: close\r\n\r\n`,
      );
      const piece = Buffer.alloc(1 << 20, 'x');
      for (let i = 0; i < 32; i += 1) {
        if (framing.startsWith('T')) client.socket.write('100000\r\n');
        client.socket.write(piece);
        if (framing.startsWith('T')) client.socket.write('\r\n');
      }
      await client.received('\r\n\r\n');
      expect(statusOf(client.text)).toBe(504);
      expect(bench.failures[0].error).toMatchObject({
        code: 'ECONNRESET',
        timeout: expect.any(String),
        status: 504,
      });
      // What was not taken is not kept: most of the upload is still with the client.
      expect(stats().exchanges).toBe(0);
      client.socket.destroy();
      await checkAfterwards(bench, { failures: 1, target });
    },
  );

  test('F-03 without a time-out it is the client who decides how long to wait', async () => {
    const target = await faultyTarget(neverReads);
    const bench = await faultBench('event', { target: target.url });
    const client = await rawClient(bench.port, get);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(client.text).toBe('');
    expect(stats().exchanges).toBe(1);
    client.socket.destroy();
    await eventually(() => bench.departures.length === 1);
    await checkAfterwards(bench, { failures: 0, target });
  });
});

describe('F-04 reset instead of an answer', () => {
  const faults = {
    'at once': { onConnection: ({ socket }) => socket.resetAndDestroy() },
    'after the request': { onRequest: ({ socket }) => socket.resetAndDestroy() },
  };
  const rows = Object.keys(faults).flatMap((when) =>
    Object.keys(REQUESTS).flatMap((method) => EARS.map((ear) => [when, method, ear])),
  );

  test.each(rows)('F-04 reset %s, %s, told by %s', async (when, method, ear) => {
    const target = await faultyTarget(faults[when]);
    const bench = await faultBench(ear, { target: target.url });
    const answer = await rawExchange(bench.port, REQUESTS[method]);
    expect(statusOf(answer)).toBe(ear === 'middleware' ? 504 : 502);
    const requests = target.connections.flatMap(({ text }) => text.match(/^(GET|POST) /gm) ?? []);
    expect(requests.length).toBeLessThanOrEqual(1);
    if (when === 'after the request') expect(requests).toHaveLength(1);
    if (hears(ear)) expect(bench.failures[0].error).toMatchObject({ code: 'ECONNRESET', status: 502 });
    await checkAfterwards(bench, { failures: 1, target });
  });

  test('F-04 a healthy target beside it is not disturbed', async () => {
    const bad = await faultyTarget(faults['after the request']);
    const good = await answeringTarget(GOOD);
    const bench = await faultBench('event', { target: bad.url });
    const beside = await faultBench('event', { target: good.url });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => rawExchange(i % 2 ? bench.port : beside.port, get)),
    );
    expect(answers.map(statusOf)).toEqual(Array.from({ length: 20 }, (_, i) => (i % 2 ? 502 : 200)));
    await checkAfterwards(bench, { failures: 10, target: bad });
  });
});
