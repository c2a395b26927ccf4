'use strict';

/** Frames of HTTP/2 at the native door: malformed ones end the connection, those that mean nothing are no matter. */

const { closeAll, eventually, rawClient, rawTarget } = require('../support/peers.js');
const { isOverTls, openDoor } = require('../support/doors.js');
const { readResponse } = require('../support/messages.js');
const {
  ERROR,
  FLAG,
  PREFACE,
  block,
  frame,
  frameClient,
  integer,
  number,
  requestFields,
  setting,
} = require('../support/h2-frames.js');

afterEach(closeAll);

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = block(requestFields());
const head = (stream, flags = FLAG.END_HEADERS | FLAG.END_STREAM, payload = GET) =>
  frame('HEADERS', flags, stream, payload);
const ping = frame('PING', 0, 0, Buffer.alloc(8));

async function bench(settings, { answer = OK } = {}) {
  const target = await rawTarget((connection) =>
    connection.onRequest(() => answer !== undefined && connection.socket.write(answer)),
  );
  const { port, proxy } = await openDoor({ target: target.url }, { h2c: true, ...settings });
  return { target, proxy, port };
}

const HUGE = integer(2 ** 40, 7, 0x80);

describe.each([
  [
    'B-02 SETTINGS of a length that is none',
    [frame('SETTINGS', 0, 0, Buffer.alloc(5))],
    ['FRAME_SIZE_ERROR', 'PROTOCOL_ERROR'],
  ],
  [
    'B-02 an acknowledgement with something in it',
    [frame('SETTINGS', 1, 0, Buffer.alloc(6))],
    ['FRAME_SIZE_ERROR', 'PROTOCOL_ERROR'],
  ],
  ['B-02 ENABLE_PUSH of 2', [frame('SETTINGS', 0, 0, setting(2, 2))], ['PROTOCOL_ERROR']],
  [
    'B-02 a window of 2^31',
    [frame('SETTINGS', 0, 0, setting(4, 2 ** 31))],
    ['FLOW_CONTROL_ERROR', 'PROTOCOL_ERROR'],
  ],
  ['B-02 a frame size of 1', [frame('SETTINGS', 0, 0, setting(5, 1))], ['PROTOCOL_ERROR']],
  ['B-03 DATA of stream 0', [frame('DATA', 0, 0, Buffer.from('x'))], ['PROTOCOL_ERROR']],
  ['B-03 HEADERS of stream 0', [head(0)], ['PROTOCOL_ERROR']],
  ['B-03 a stream with an even number', [head(2)], ['PROTOCOL_ERROR']],
  ['B-03 a number that goes down', [head(5), head(3)], ['PROTOCOL_ERROR', 'STREAM_CLOSED']],
  ['B-03 DATA of a stream that there never was', [frame('DATA', 0, 7, Buffer.from('x'))], ['PROTOCOL_ERROR']],
  [
    'B-04 a frame of 16 385 bytes',
    [head(1, 4), frame('DATA', 0, 1, Buffer.alloc(16_385))],
    ['FRAME_SIZE_ERROR'],
  ],
  [
    'B-04 more padding than there is',
    [head(1, 4), frame('DATA', FLAG.PADDED, 1, Buffer.from([200, 1]))],
    ['PROTOCOL_ERROR'],
  ],
  ['B-04 a PING of 7 bytes', [frame('PING', 0, 0, Buffer.alloc(7))], ['FRAME_SIZE_ERROR', 'PROTOCOL_ERROR']],
  [
    'B-05 CONTINUATION without HEADERS',
    [frame('CONTINUATION', FLAG.END_HEADERS, 1, GET)],
    ['PROTOCOL_ERROR'],
  ],
  ['B-05 a frame in the middle of a head', [head(1, FLAG.END_STREAM), ping], ['PROTOCOL_ERROR']],
  [
    'B-05 CONTINUATION of another stream',
    [head(1, FLAG.END_STREAM), frame('CONTINUATION', FLAG.END_HEADERS, 3, GET)],
    ['PROTOCOL_ERROR'],
  ],
  ['B-24 index 0', [head(1, 5, Buffer.from([0x80]))], ['COMPRESSION_ERROR', 'PROTOCOL_ERROR']],
  [
    'B-24 an index that there is not',
    [head(1, 5, integer(5000, 7, 0x80))],
    ['COMPRESSION_ERROR', 'PROTOCOL_ERROR'],
  ],
  ['B-24 an index that is too large', [head(1, 5, HUGE)], ['COMPRESSION_ERROR', 'PROTOCOL_ERROR']],
  [
    'B-24 a table that is too large',
    [head(1, 5, Buffer.concat([integer(100_000, 5, 0x20), GET]))],
    ['COMPRESSION_ERROR', 'PROTOCOL_ERROR'],
  ],
  [
    'B-24 a string that is longer than the head',
    [head(1, 5, Buffer.from([0x00, 0x7f, 0x61]))],
    ['COMPRESSION_ERROR', 'PROTOCOL_ERROR'],
  ],
  [
    'B-24 the end-of-string code',
    [head(1, 5, Buffer.from([0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 0x01, 0x61]))],
    ['COMPRESSION_ERROR', 'PROTOCOL_ERROR'],
  ],
  [
    'B-27 a window beyond 2^31 of the connection',
    [frame('WINDOW_UPDATE', 0, 0, number(2 ** 31 - 1))],
    ['FLOW_CONTROL_ERROR'],
  ],
  ['B-27 an increment of 0 of the connection', [frame('WINDOW_UPDATE', 0, 0, number(0))], ['PROTOCOL_ERROR']],
  [
    'B-27 the window of a stream that there never was',
    [frame('WINDOW_UPDATE', 0, 9, number(1))],
    ['PROTOCOL_ERROR'],
  ],
  ['B-31 GOAWAY of a stream', [frame('GOAWAY', 0, 1, Buffer.alloc(8))], ['PROTOCOL_ERROR']],
  [
    'B-32 PUSH_PROMISE',
    [head(1, 4), frame('PUSH_PROMISE', FLAG.END_HEADERS, 1, Buffer.concat([number(2), GET]))],
    ['PROTOCOL_ERROR'],
  ],
])('%s', (_what, frames, reasons) => {
  test(`ends the connection with ${reasons.join(' or ')}`, async () => {
    const { port, proxy } = await bench();
    const client = await frameClient(port);
    client.send(...frames);
    const names = (await client.goneAway()).map((code) =>
      Object.keys(ERROR).find((name) => ERROR[name] === code),
    );
    expect(reasons).toContain(names.at(-1));
    await eventually(() => proxy.stats().door.connections === 0 && proxy.stats().exchanges === 0);
    expect(proxy.stats().panics).toBe(0);
  });
});

describe('B-01', () => {
  // With TLS the protocol has been agreed on before.
  if (!isOverTls()) describe('without TLS', plainly);

  test('a preface that does not go on, and one without requests, are not waited for', async () => {
    const { port, proxy } = await bench({ headersTimeout: 300 });
    const halves = [PREFACE.subarray(0, 10), PREFACE, Buffer.concat([PREFACE, frame('SETTINGS', 0, 0)])];
    const clients = await Promise.all(halves.map((bytes) => rawClient(port, bytes)));
    await Promise.all(clients.map((client) => client.closed()));
    await eventually(() => proxy.stats().door.connections === 0);
  });
});

function plainly() {
  test.each(['PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n', 'PRI * HTTP/2.0\r\nHost: me\r\n\r\n'])(
    'a preface that is none is a request of another version',
    async (text) => {
      const { port, target } = await bench();
      const client = await rawClient(port, text);
      await client.closed();
      expect([400, 505]).toContain(readResponse(client.text).status);
      expect(target.connections).toHaveLength(0);
    },
  );

  test('HTTP/1.1 is served at the same port', async () => {
    const { port } = await bench();
    for (const method of ['GET', 'PRI', 'PROPFIND', 'P']) {
      const client = await rawClient(port, `${method} / HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n`);
      await client.closed();
      expect(readResponse(client.text)).toMatchObject({ status: 200, body: 'ok' });
    }
  });

  test('B-36 the preface where HTTP/2 was not asked for is a request of another version', async () => {
    const target = await rawTarget(() => {});
    const { port } = await openDoor({ target: target.url });
    const client = await rawClient(port, PREFACE);
    await client.closed();
    expect(readResponse(client.text).status).toBe(505);
    expect(target.connections).toHaveLength(0);
  });
}

describe('what means nothing', () => {
  test.each([
    ['B-32 an unknown frame', frame(0xbe, 0xff, 0, Buffer.from('x'))],
    ['B-32 an unknown setting', frame('SETTINGS', 0, 0, setting(0xfff, 1))],
    ['B-32 a priority', frame('PRIORITY', 0, 1, Buffer.from([0, 0, 0, 3, 9]))],
  ])('%s is no matter', async (_what, bytes) => {
    const { port } = await bench();
    const client = await frameClient(port);
    client.send(bytes).request(3);
    expect(await client.answer(3)).toEqual({ status: 200, body: 'ok' });
  });

  test('B-31 after GOAWAY what is in progress goes on to its end', async () => {
    const { port } = await bench();
    const client = await frameClient(port);
    client.request(1).send(frame('GOAWAY', 0, 0, Buffer.alloc(8)));
    expect(await client.answer(1)).toEqual({ status: 200, body: 'ok' });
    expect(await client.goneAway()).toContain(ERROR.NO_ERROR);
  });

  test('B-04 a priority of itself resets its stream', async () => {
    const { port } = await bench();
    const client = await frameClient(port);
    client.send(frame('PRIORITY', 0, 1, Buffer.from([0, 0, 0, 1, 9]))).request(3);
    expect(await client.reset(1)).toBe(ERROR.PROTOCOL_ERROR);
    expect((await client.answer(3)).status).toBe(200);
  });

  test('B-28 a window that becomes negative stops the response until it is open again', async () => {
    const body = 'x'.repeat(40_000);
    const { port } = await bench({}, { answer: `HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n${body}` });
    const client = await frameClient(port, { settings: Buffer.concat([setting(1, 0), setting(4, 20_000)]) });
    client.request(1);
    const received = () =>
      client.frames
        .filter(({ type }) => type === 'DATA')
        .reduce((sum, { payload }) => sum + payload.length, 0);
    await client.until(() => received() === 20_000);
    client.send(frame('SETTINGS', 0, 0, setting(4, 10)), ping);
    await client.until(({ frames }) => frames.some(({ type, flags }) => type === 'PING' && flags === 1));
    expect(received()).toBe(20_000);
    client.send(frame('WINDOW_UPDATE', 0, 1, number(39_990)));
    expect((await client.answer(1)).body).toBe(body);
  });

  test('B-27 a window beyond 2^31 of a stream resets the stream', async () => {
    const { port, proxy, target } = await bench({}, { answer: '' });
    const client = await frameClient(port);
    client.request(1);
    await target.connected();
    client.send(frame('WINDOW_UPDATE', 0, 1, number(2 ** 31 - 1)));
    expect(await client.reset(1)).toBe(ERROR.FLOW_CONTROL_ERROR);
    await eventually(() => proxy.stats().exchanges === 0);
    expect(proxy.stats().door).toMatchObject({ connections: 1, abandoned: 1 });
  });
});
