'use strict';

/**
 * Faults of a whole process with a native door, by the numbers that the catalogue gives them: names, descriptors, ports, memory, a busy event loop,
 * certificates that are exchanged.
 */

const { setTimeout: pause } = require('node:timers/promises');
const { certificate } = require('../support/certificates.js');
const { startChild, twoPortNetwork } = require('../support/child.js');
const { OK, openDoor, startDoor } = require('../support/doors.js');
const { DOOR_WAYS, overEachWay } = require('../support/door-ways.js');
const {
  FLAG,
  block,
  frame,
  frameClient,
  integer,
  requestFields,
  setting,
} = require('../support/h2-frames.js');
const { all } = require('../support/http2.js');
const { watchMemory } = require('../support/memory.js');
const { lastRequest } = require('../support/messages.js');
const { answeringTarget, closeAll, eventually, httpServer, onCleanUp } = require('../support/peers.js');
const { fakeResolver } = require('../support/resolver.js');
const { CERTIFICATE, KEY, tlsClient } = require('../support/tls.js');

afterEach(closeAll);

/** Both versions of HTTP, once over TLS: for what keeps the processor busy. */
const isOneOfEach = ({ isMultiplexed, isSecure }) => isMultiplexed === isSecure;
const ok = { status: 200, text: 'ok', end: 'whole' };

describe('F-05 names', () => {
  const onLinux = process.platform === 'linux' ? test : test.skip;
  let resolver;
  beforeAll(() => (resolver = fakeResolver()));
  afterAll(() => resolver.remove());

  onLinux(
    'F-05 that are not there, that come late or never: each request has its own outcome, and nobody else waits',
    overEachWay(async ({ client: clientOf, options, settings }) => {
      const target = await answeringTarget(OK);
      const names = [
        'missing',
        'busy',
        'flapping',
        'slow',
        'fine',
        ...Array.from({ length: 5 }, (_, i) => `stuck${i}`),
      ];
      const routes = names.map((name) => ({
        path: `/${name}`,
        target: `http://${name}.test:${target.port}`,
      }));
      const { ask } = startDoor(
        { ...options, connectTimeout: 3000 },
        { ...settings, routes },
        { env: resolver.env },
      );
      const { ask: get } = await clientOf((await ask('open')).port);
      const statusOf = async (name) => (await get({ path: `/${name}` }).over()).status;
      const ends = [];
      const stuck = all(5, async (i) => {
        const status = await statusOf(`stuck${i}`);
        ends.push(status);
        return status;
      });
      await pause(50);
      expect([await statusOf('missing'), await statusOf('busy'), await statusOf('fine')]).toEqual([
        502, 502, 200,
      ]);
      // A failure is not remembered.
      expect([await statusOf('flapping'), await statusOf('flapping')]).toEqual([502, 200]);
      expect(await statusOf('slow')).toBe(200);
      expect(ends).toEqual([]);
      expect(await stuck).toEqual(Array(5).fill(504));
      expect(await ask('stats')).toMatchObject({ exchanges: 0, door: { failed: 8, inFlight: 0 } });
    }),
    30_000,
  );
});

test(
  'F-09 no descriptor left: 503 without a busy loop, and served again as soon as there is one',
  overEachWay(async ({ client: clientOf, options, settings }) => {
    // It keeps no connection that could be used again.
    const target = await httpServer((req, res) => res.setHeader('connection', 'close').end('ok'));
    const { ask } = startDoor({ target: target.url, ...options }, settings, { shell: 'ulimit -n 64' });
    const { ask: get } = await clientOf((await ask('open')).port);
    expect(await get().over()).toEqual(ok);
    expect(await ask('exhaust')).toBe('EMFILE');
    for (let i = 0; i < 3; i += 1) expect(await get().over()).toMatchObject({ status: 503, end: 'whole' });
    const before = await ask('cpu');
    await pause(500);
    expect((await ask('cpu')) - before).toBeLessThan(200);
    await ask('release');
    expect(await get().over()).toEqual(ok);
    expect(await ask('stats')).toMatchObject({ exchanges: 0, door: { failed: 3, forwarded: 5 } });
  }),
  30_000,
);

describe('F-10 no port left', () => {
  const network = twoPortNetwork();

  (network ? test : test.skip)('F-10 503, and served again as soon as there is one', async () => {
    const { ask } = startChild('no-port-left.js', network);
    const { full, after, errors, stats } = await ask('run', 'door');
    expect(full).toEqual(Array(2).fill({ status: 503, code: 'EADDRNOTAVAIL' }));
    expect(after).toEqual({ status: 200 });
    expect(errors).toBe(2);
    expect(stats).toMatchObject({ exchanges: 0 });
  });
});

test(
  'F-64 the event loop is blocked: requests of the engine keep their pace, those of Node wait, and none is lost',
  overEachWay(async ({ client: clientOf, isMultiplexed, options, settings }) => {
    const BLOCKED = 3000;
    const target = await httpServer((req, res) => res.end('ok'));
    const routes = [{ path: '/api', target: target.url }];
    const { ask } = startDoor(options, { ...settings, routes, fallback: true, maxRequestsPerSocket: 1e6 });
    const { port } = await ask('open');
    const client = await clientOf(port);
    const toNode = { status: 200, text: 'node', end: 'whole' };
    expect(await client.ask({ path: '/page' }).over()).toEqual(toNode);
    let isBlocked = true;
    const blocked = ask('block', BLOCKED).then(() => (isBlocked = false));
    await pause(100);
    const waiting = client.ask({ path: '/page' });
    const times = [];
    while (isBlocked) {
      const began = Date.now();
      // In HTTP/2 both are on one connection.
      expect(await client.ask({ path: '/api' }).over()).toEqual(ok);
      if (isBlocked) times.push(Date.now() - began);
      if (isBlocked && times.length < 20) expect(waiting.end).toBe(null);
      if (isMultiplexed) await pause(1);
    }
    await blocked;
    expect(await waiting.over()).toEqual(toNode);
    times.sort((a, b) => a - b);
    expect(times.length).toBeGreaterThan(20);
    expect(times[Math.floor(times.length * 0.99)]).toBeLessThan(BLOCKED / 2);
    expect((await ask('stats')).door).toMatchObject({ handedOver: 2, failed: 0, cut: 0 });
  }),
  60_000,
);

test(
  'F-66 a small heap that is collected all the time: bodies are what they were, both ways',
  overEachWay(async ({ client: clientOf, options, settings }) => {
    const target = await httpServer((req, res) => req.pipe(res));
    const small = { execArgv: ['--expose-gc', '--max-old-space-size=64'] };
    const { ask } = startDoor({ target: target.url, ...options }, settings, small);
    const client = await clientOf((await ask('open')).port);
    await ask('collect');
    // By the engine, and then by Node.
    for (const prepare of [() => {}, () => ask('listen')]) {
      await prepare();
      await all(5, async (i) => {
        const body = String.fromCharCode(97 + i).repeat(100_000);
        const { status, text } = await client.ask({ method: 'POST', body }).over();
        expect(status).toBe(200);
        expect(text === body).toBe(true);
      });
    }
    expect(await ask('stats')).toMatchObject({ exchanges: 0, door: { forwarded: 5, handedOver: 5 } });
  }, isOneOfEach),
  60_000,
);

test('F-67 the heap is full: the process dies as Node does, and its clients know', async () => {
  const target = await answeringTarget('');
  const full = { execArgv: ['--max-old-space-size=32'], shell: 'ulimit -c 0' };
  const { ask, ended } = startDoor({ target: target.url }, {}, full);
  const { ask: get } = await DOOR_WAYS[0].client((await ask('open')).port);
  const asked = Array.from({ length: 10 }, () => get());
  await eventually(() => target.connections.length === 10);
  ask('fillHeap').catch(() => {});
  const { code, signal, stderr } = await ended;
  expect(stderr).toContain('JavaScript heap out of memory');
  expect(code === 134 || signal === 'SIGABRT').toBe(true);
  for (const one of asked) expect(await one.over()).toMatchObject({ status: undefined, end: 'cut' });
  for (const connection of target.connections) await connection.closed();
}, 60_000);

test(
  'F-69 a process that swallows what is uncaught: requests beside and afterwards are served',
  overEachWay(async ({ client: clientOf, options, settings }) => {
    const target = await answeringTarget(OK);
    const { ask } = startDoor({ target: target.url, ...options }, settings);
    const { ask: get } = await clientOf((await ask('open')).port);
    await ask('swallow');
    for (const path of ['/timer', '/microtask', '/finish', '/close']) {
      const beside = all(3, () => get({ path: '/fine' }).over());
      await get({ path }).over();
      expect(await beside).toEqual(Array(3).fill(ok));
    }
    expect(await get({ path: '/fine' }).over()).toEqual(ok);
    expect(await ask('swallowed')).toBeGreaterThan(0);
    expect(await ask('stats')).toMatchObject({ exchanges: 0, panics: 0, door: { inFlight: 0 } });
  }),
  30_000,
);

test('F-81 fifty clients with bombs of fields and windows that they never open: memory stays below 256 MiB', async () => {
  const STREAMS = process.env.NIGHTLY ? 100 : 12;
  const body = Buffer.alloc(1 << 20, 'x');
  const target = await httpServer((req, res) => res.end(body));
  const { ask, pid } = startDoor({ target: target.url }, { h2c: true });
  const { port } = await ask('open');
  const memory = watchMemory(pid);
  onCleanUp(() => memory.stop());
  const GET = block(requestFields());
  // A field of three kilobytes is put into the table once, and then meant by one byte each.
  const long = Buffer.concat([Buffer.from([0x40]), block([['x', 'y'.repeat(3000)]]).subarray(1)]);
  const bomb = Buffer.concat([GET, long, Buffer.alloc(8000, integer(62, 7, 0x80))]);
  const clients = await all(50, async () => {
    const client = await frameClient(port, { settings: Buffer.concat([setting(1, 0), setting(4, 0)]) });
    for (let i = 0; i < STREAMS; i += 1) {
      const payload = i % 2 ? GET : bomb;
      client.send(frame('HEADERS', FLAG.END_HEADERS | FLAG.END_STREAM, 2 * i + 1, payload));
    }
    return client;
  });
  await eventually(async () => (await ask('stats')).door.refused >= 50, undefined, 60_000);
  // Others are served meanwhile.
  const { ask: get } = await DOOR_WAYS[0].client(port);
  expect((await get().over()).end).toBe('whole');
  await pause(1000);
  expect(memory.stop().most).toBeLessThan(256 << 20);
  for (const { socket } of clients) socket.destroy();
  await eventually(async () => (await ask('stats')).exchanges === 0);
  expect((await ask('stats')).panics).toBe(0);
}, 120_000);

test('F-83 certificates are exchanged all the time under load: no handshake fails, and nobody is cut off', async () => {
  const SSL = { key: KEY, cert: CERTIFICATE };
  const other = certificate(undefined, { common: 'another' });
  const target = await answeringTarget(OK);
  const { port, door, proxy } = await openDoor(
    { target: target.url, ssl: SSL },
    { keepAliveTimeout: 60_000 },
  );
  const kept = await DOOR_WAYS.at(-1).client(port);
  const GET = lastRequest('GET /');
  const shown = new Map();
  let isOver = false;
  const exchanging = (async () => {
    for (let i = 0; !isOver; i += 1) {
      door.setSecureContext(i % 2 ? SSL : other);
      await pause(3);
    }
  })();
  await all(8, async () => {
    for (let i = 0; i < (process.env.NIGHTLY ? 500 : 25); i += 1) {
      const client = await tlsClient(port);
      const { CN } = client.socket.getPeerCertificate().subject;
      shown.set(CN, (shown.get(CN) ?? 0) + 1);
      client.socket.write(GET);
      await client.closed();
      expect(client.text).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nok$/);
      if (i % 5 === 0) expect(await kept.ask().over()).toEqual(ok);
    }
  });
  isOver = true;
  await exchanging;
  expect([...shown.keys()].sort()).toEqual(['another', 'localhost']);
  expect(proxy.stats().door).toMatchObject({ handshakeFailures: 0, failed: 0, cut: 0, abandoned: 0 });
}, 120_000);
