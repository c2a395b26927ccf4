'use strict';

/** Clients of HTTP/2 that flood the native door, or take nothing: they are closed, and cost it little until then. */

const { closeAll, eventually, onCleanUp, rawTarget, httpServer } = require('../support/peers.js');
const { openDoor } = require('../support/doors.js');
const {
  ERROR,
  FLAG,
  block,
  frame,
  frameClient,
  integer,
  number,
  requestFields,
  setting,
} = require('../support/h2-frames.js');

afterEach(closeAll);

const GET = block(requestFields());
const CANCEL = number(ERROR.CANCEL);
const head = (stream, flags = FLAG.END_HEADERS | FLAG.END_STREAM, payload = GET) =>
  frame('HEADERS', flags, stream, payload);
const streams = (count) => Array.from({ length: count }, (_, i) => 2 * i + 1);

/** A door in front of a target that does not answer. */
async function bench(settings) {
  const target = await rawTarget(() => {});
  const { port, proxy } = await openDoor({ target: target.url }, { h2c: true, ...settings });
  return { target, proxy, port };
}

/** The door closes a connection, and says why. */
async function isClosed(client, reason) {
  expect((await client.goneAway()).at(-1)).toBe(reason);
}

/** What the door is after a connection that it has closed: nothing is left of it, and others are served. */
async function expectCalm({ proxy, port }) {
  await eventually(
    () => proxy.stats().door.connections === 0 && proxy.stats().exchanges === 0,
    undefined,
    10_000,
  );
  expect(proxy.stats().panics).toBe(0);
  const client = await frameClient(port);
  client.request(1, requestFields([], { method: 'OPTIONS', path: '*' }));
  expect((await client.answer(1)).status).toBe(200);
}

describe('B-17 thousands of requests that are reset', () => {
  test('at once', async () => {
    const door = await bench();
    const client = await frameClient(door.port);
    for (const stream of streams(10_000)) client.send(head(stream), frame('RST_STREAM', 0, stream, CANCEL));
    await isClosed(client, ERROR.ENHANCE_YOUR_CALM);
    expect(door.target.connections.length).toBeLessThanOrEqual(100);
    await expectCalm(door);
  });

  test('after they have been forwarded', async () => {
    const door = await bench();
    const client = await frameClient(door.port);
    let stream = 1;
    while (client.ending === null && stream < 2000) {
      const last = door.proxy.stats().door.forwarded;
      client.send(head(stream));
      await eventually(() => client.ending !== null || door.proxy.stats().door.forwarded > last);
      client.send(frame('RST_STREAM', 0, stream, CANCEL));
      stream += 2;
    }
    await isClosed(client, ERROR.ENHANCE_YOUR_CALM);
    expect(door.proxy.stats().door.forwarded).toBeLessThanOrEqual(110);
    await expectCalm(door);
  });
});

test.each([
  ['a window that is opened by nothing', 0, ERROR.PROTOCOL_ERROR],
  ['a window that is opened too far', 2 ** 31 - 1, ERROR.ENHANCE_YOUR_CALM],
])('B-18 thousands of requests that the door must reset, for %s', async (_what, increment, reason) => {
  const door = await bench();
  const client = await frameClient(door.port);
  for (const stream of streams(5000))
    client.send(head(stream), frame('WINDOW_UPDATE', 0, stream, number(increment)));
  await isClosed(client, reason);
  expect(door.target.connections.length).toBeLessThanOrEqual(100);
  await expectCalm(door);
});

describe('B-19 a head that does not end', () => {
  // Less than the megabyte that the door hears out before it closes, so that what it has said arrives.
  test.each([
    ['empty frames', 10_000, Buffer.alloc(0)],
    ['small frames', 10_000, block([['x', 'y']])],
    ['large frames', 100, block([['x', 'y'.repeat(8000)]])],
  ])('in %s', async (_what, many, piece) => {
    const door = await bench();
    const client = await frameClient(door.port);
    client.send(head(1, FLAG.END_STREAM));
    for (let i = 0; i < many; i++) client.send(frame('CONTINUATION', 0, 1, piece));
    await isClosed(client, ERROR.ENHANCE_YOUR_CALM);
    expect(door.target.connections).toHaveLength(0);
    await expectCalm(door);
  });

  test('B-30 whose frames come slowly', async () => {
    const door = await bench({ headersTimeout: 500, keepAliveTimeout: 500 });
    const client = await frameClient(door.port);
    client.send(head(1, FLAG.END_STREAM, GET.subarray(0, 3)));
    let at = 3;
    const drip = setInterval(() => client.send(frame('CONTINUATION', 0, 1, GET.subarray(at, ++at))), 100);
    onCleanUp(() => clearInterval(drip));
    await client.until(({ ending }) => ending);
    clearInterval(drip);
    expect(door.target.connections).toHaveLength(0);
    await expectCalm(door);
  });
});

test.each([
  ['B-20 PING', frame('PING', 0, 0, Buffer.alloc(8))],
  ['B-20 SETTINGS', frame('SETTINGS', 0, 0)],
  ['B-20 PRIORITY', frame('PRIORITY', 0, 1, Buffer.from([0, 0, 0, 3, 9]))],
  ['B-20 WINDOW_UPDATE of 1', frame('WINDOW_UPDATE', 0, 0, number(1))],
])('%s 100 000 times, and nothing of the answers is read: others are served', async (_what, bytes) => {
  const door = await bench();
  const client = await frameClient(door.port);
  client.socket.pause();
  const many = Buffer.concat(Array.from({ length: 1000 }, () => bytes));
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 100 && client.socket.writableLength < 1024 * 1024; i++) {
    client.send(many);
    await new Promise(setImmediate);
  }
  const other = await frameClient(door.port);
  other.request(1, requestFields([], { method: 'OPTIONS', path: '*' }));
  expect((await other.answer(1)).status).toBe(200);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  client.socket.destroy();
  other.socket.destroy();
  await expectCalm(door);
});

test('B-21 a body of frames with nothing in them', async () => {
  const door = await bench();
  const client = await frameClient(door.port);
  client.send(head(1, FLAG.END_HEADERS));
  for (let i = 0; i < 3000 && client.ending === null; i++) {
    client.send(Buffer.concat(Array.from({ length: 100 }, () => frame('DATA', 0, 1))));
    await new Promise(setImmediate);
  }
  await isClosed(client, ERROR.ENHANCE_YOUR_CALM);
  await expectCalm(door);
});

test('B-22 a head of thousands of references to one long field', async () => {
  const door = await bench();
  const client = await frameClient(door.port);
  // The field is put into the table once, and then meant by one byte each.
  const long = Buffer.concat([Buffer.from([0x40]), block([['x', 'y'.repeat(3000)]]).subarray(1)]);
  client.send(
    head(
      1,
      FLAG.END_HEADERS | FLAG.END_STREAM,
      Buffer.concat([GET, long, Buffer.alloc(8000, integer(62, 7, 0x80))]),
    ),
  );
  await client.until(({ frames, ending }) => ending || frames.some(({ stream }) => stream === 1));
  if (client.ending === null) expect((await client.answer(1)).status).toBe(431);
  expect(door.target.connections).toHaveLength(0);
  client.socket.destroy();
  await expectCalm(door);
});

test('B-29 streams beyond the limit are refused', async () => {
  const door = await bench({ maxConcurrentStreams: 10 });
  const client = await frameClient(door.port);
  await client.until(({ frames }) => frames.some(({ type, flags }) => type === 'SETTINGS' && flags === 1));
  for (const stream of streams(12)) client.send(head(stream));
  expect(await client.reset(21)).toBe(ERROR.REFUSED_STREAM);
  expect(await client.reset(23)).toBe(ERROR.REFUSED_STREAM);
  await eventually(() => door.target.connections.length === 10);
  for (let stream = 25; stream < 2000; stream += 2) client.send(head(stream));
  await isClosed(client, ERROR.ENHANCE_YOUR_CALM);
  expect(door.target.connections).toHaveLength(10);
  await expectCalm(door);
});

describe('clients that take nothing', () => {
  const BODY = Buffer.alloc(1024 * 1024, 'x');

  test.each([
    ['B-25 windows of their streams that are never opened', setting(4, 0)],
    ['B-26 a window of the connection that is never opened', setting(4, 2 ** 30)],
  ])('%s: their streams are given up, and nothing is kept for them', async (_what, settings) => {
    const target = await httpServer((req, res) => res.end(BODY));
    const { port, proxy } = await openDoor({ target: target.url }, { h2c: true, writeTimeout: 1500 });
    const client = await frameClient(port, { settings: Buffer.concat([setting(1, 0), settings]) });
    const before = process.memoryUsage().rss;
    for (const stream of streams(50)) client.request(stream);
    await eventually(() => proxy.stats().exchanges > 0);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
    for (const stream of [1, 99]) expect(await client.reset(stream)).toBe(ERROR.CANCEL);
    await eventually(() => proxy.stats().exchanges === 0);
    expect(proxy.stats().door.abandoned).toBe(50);
  });
});
