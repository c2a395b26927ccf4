'use strict';

/** Lines, characters, sizes and pace of a client's request, through the native door (reliability rows ). */

const { closeAll, eventually, rawClient, rawExchange, rawTarget } = require('../support/peers.js');
const { doorTo, forwarded, openDoor, refused } = require('../support/doors.js');
const { lastRequest, readResponse, requestText } = require('../support/messages.js');

afterEach(closeAll);

const get = (...lines) => lastRequest('GET /', lines);
const line = (start) => `${start}\r\nHost: me\r\nConnection: close\r\n\r\n`;

describe('lines and characters', () => {
  test.each([
    ['A-39', 'GET / HTTP/1.1\nHost: me\n\n'],
    ['A-39', 'GET / HTTP/1.1\r\nHost: me\n\r\n'],
    ['A-39', 'GET / HTTP/1.1\nHost: me\r\n\r\n'],
    ['A-40', get('X: a\rb')],
    ['A-40', get('X\rY: a')],
    ['A-40', 'GET / HTTP/1.1\r\nHost: me\r\n\rX'],
    ...['\0', '\x01', '\x1b', '\x7f'].map((byte) => ['A-41', get(`X: a${byte}b`)]),
    ...[': x', 'x', 'a b: x', '(: x', '": x', '@: x', '\xe9: x'].map((field) => ['A-42', get(field)]),
    ['A-43', 'GET / HTTP/1.1\r\n Host: me\r\n\r\n'],
    ['A-43', 'GET / HTTP/1.1\r\n\tHost: me\r\n\r\n'],
    ['A-44', get('X: a', ' b')],
    ...['GET\t/ HTTP/1.1', 'GET  / HTTP/1.1', 'GET /  HTTP/1.1', 'GET / HTTP/1.1 '].map((start) => [
      'A-47',
      line(start),
    ]),
    ...['GET / http/1.1', 'GET / HTTP/1.10', 'GET / HTTP/1.1x'].map((start) => ['A-47', line(start)]),
    ['A-48', line('GET /')],
    ['A-48', line('GET / ICE/1.0')],
    ['A-48', line('GET / RTSP/1.0')],
    ['A-49', line(`${'M'.repeat(1024)} / HTTP/1.1`)],
    ['A-49', line(' / HTTP/1.1')],
    ['A-79', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'],
    ['A-79', '\x04\x01\0\x50'],
    ['A-79', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['A-79', 'PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET / HTTP/1.1\r\nHost: me\r\n\r\n'],
    ['A-79', '\r\n\r\n\0\r\nQUIT\n'],
  ])('%s %j is answered with 400', async (_id, bytes) => {
    expect(await refused(bytes)).toBe(400);
  });

  test('A-45 bytes beyond ASCII are forwarded as they came', async () => {
    const { request } = await forwarded(get('X: \x80\xe9\xff'));
    expect(request.values('x')).toEqual(['\x80\xe9\xff']);
  });

  test('A-46 a few empty lines in front of a request are nothing, many are refused', async () => {
    await forwarded(`${'\r\n'.repeat(4)}${get()}`);
    expect(await refused(`${'\r\n'.repeat(5)}${get()}`)).toBe(400);
    expect(await refused('\r\n'.repeat(10_000))).toBe(400);
  });

  test.each(['GET / HTTP/0.9', 'GET / HTTP/1.2', 'GET / HTTP/2.0', 'PRI * HTTP/2.0', 'GET / HTTP/3.0'])(
    'A-48 %s is of another version',
    async (start) => {
      expect(await refused(line(start))).toBe(505);
    },
  );

  test.each(["M-SEARCH'*", 'get', 'A'.repeat(32)])(
    'A-49 the method %s is forwarded as it is',
    async (method) => {
      const { target, port } = await doorTo();
      await rawExchange(port, lastRequest(`${method} /`));
      expect(target.connections[0].text.startsWith(`${method} / HTTP/1.1\r\n`)).toBe(true);
    },
  );

  test('A-50 TRACE is not offered', async () => {
    expect(await refused(lastRequest('TRACE /'))).toBe(405);
  });
});

describe('sizes', () => {
  test.each([101, 1000, 5000])('A-51 %i fields are too many', async (count) => {
    expect(await refused(get(...Array.from({ length: count }, () => 'X: 1')))).toBe(431);
  });

  test('A-51 a hundred are not, and none is lost', async () => {
    const lines = Array.from({ length: 98 }, (_, i) => `X-${i}: 1`);
    const { request } = await forwarded(get(...lines));
    expect(request.fields.filter(([name]) => name.startsWith('x-'))).toHaveLength(98);
  });

  test('A-52 a head of more than 32 KiB is refused, however it arrives', async () => {
    expect(await refused(get(`X: ${'a'.repeat(33 * 1024)}`))).toBe(431);
    const { port } = await doorTo();
    const client = await rawClient(port, 'GET / HTTP/1.1\r\nHost: me\r\n');
    // Faults of a connection that has been refused already are of no interest.
    for (let i = 0; i < 400 && client.ending === null; i++) {
      client.socket.write(`X-${i}: ${'a'.repeat(100)}\r\n`);
      await new Promise(setImmediate);
    }
    await client.closed();
    expect(readResponse(client.text)).toMatchObject({ status: 431, isComplete: true });
  });

  test.each([9 * 1024, 70 * 1024])('A-53 a target of %i bytes is too long', async (length) => {
    expect(await refused(lastRequest(`GET /${'a'.repeat(length)}`))).toBe(414);
  });

  test('A-51 A-52 A-53 the limits are options', async () => {
    const settings = { maxHeadersCount: 3, maxHeaderSize: 1024, maxUrlLength: 10 };
    expect(await refused(get('A: 1', 'B: 2'), { settings })).toBe(431);
    expect(await refused(get(`A: ${'a'.repeat(1100)}`), { settings })).toBe(431);
    expect(await refused(lastRequest('GET /1234567890'), { settings })).toBe(414);
    await forwarded(lastRequest('GET /123456789', ['A: 1']), { settings });
  });
});

describe('pace', () => {
  test('A-63 a connection that brings nothing is closed without an answer', async () => {
    const { port } = await doorTo(undefined, { settings: { headersTimeout: 100 } });
    const client = await rawClient(port);
    await client.closed();
    expect(client.text).toBe('');
  });

  test('A-64 a head that drips in is cut at the limit for the whole of it, and others are served', async () => {
    const { port, proxy } = await doorTo(undefined, { settings: { headersTimeout: 300 } });
    const began = Date.now();
    const client = await rawClient(port, 'GET / HTTP/1.1\r\n');
    const drip = setInterval(() => client.socket.write('X'), 20);
    try {
      expect(readResponse(await rawExchange(port, get()))).toMatchObject({ status: 200 });
      await client.closed();
    } finally {
      clearInterval(drip);
    }
    expect(readResponse(client.text)).toMatchObject({ status: 408, isComplete: true });
    expect(Date.now() - began).toBeGreaterThanOrEqual(290);
    expect(proxy.stats().door).toMatchObject({ refused: 1, forwarded: 1 });
  });

  test('A-65 a body that does not go on is given up, and so is its upstream', async () => {
    const { target, port } = await doorTo(undefined, { settings: { bodyTimeout: 150 } });
    const answer = await rawExchange(port, lastRequest('POST /', ['Content-Length: 10'], 'hello'));
    expect(readResponse(answer)).toMatchObject({ status: 408, isComplete: true });
    await target.connections[0].closed();
  });

  test('A-66 a client that reads slowly slows the target, and is given up in the end', async () => {
    let written = 0;
    const target = await rawTarget((connection) => {
      connection.onRequest(() => {
        connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
        const chunk = Buffer.alloc(64 * 1024);
        const more = () => {
          while (written < 100_000_000 && connection.socket.write(chunk)) written += chunk.length;
          if (!connection.socket.destroyed) connection.socket.once('drain', more);
        };
        more();
      });
    });
    const { port, proxy } = await openDoor({ target: target.url }, { writeTimeout: 400 });
    const client = await rawClient(port, get());
    client.socket.pause();
    await eventually(() => proxy.stats().door.abandoned === 1);
    // What fits into the system's buffers, and the exchange's window.
    expect(written).toBeLessThan(20_000_000);
    await target.connections[0].closed();
  });

  test('A-67 pipelined requests are answered in order, one at a time', async () => {
    const { target, port } = await doorTo(undefined, { settings: { maxRequestsPerSocket: 5000 } });
    const count = 2000;
    const bytes = requestText('GET /x').repeat(count - 1) + lastRequest('GET /last');
    const answer = await rawExchange(port, bytes, 20_000);
    expect(answer.split('HTTP/1.1 200 OK')).toHaveLength(count + 1);
    expect(target.connections).toHaveLength(1);
  });

  test('A-68 the client is told to go on, and given up if it does not', async () => {
    const { target, port } = await doorTo(undefined, { settings: { bodyTimeout: 150 } });
    const client = await rawClient(
      port,
      lastRequest('POST /', ['Content-Length: 5', 'Expect: 100-continue']),
    );
    await client.closed();
    const interim = readResponse(client.text);
    expect(interim.status).toBe(100);
    expect(readResponse(interim.rest)).toMatchObject({ status: 408, rest: '' });
    await target.connections[0].closed();
  });

  test('A-68 the client is told to go on, and goes on', async () => {
    const { target, port } = await doorTo();
    const client = await rawClient(
      port,
      lastRequest('POST /', ['Content-Length: 5', 'Expect: 100-continue']),
    );
    await client.received('100 Continue\r\n\r\n');
    client.socket.write('hello');
    await client.closed();
    expect(client.text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 100', 'HTTP/1.1 200']);
    expect(target.connections[0].text).toMatch(/\r\n\r\nhello$/);
    expect(target.connections[0].text).not.toMatch(/^expect:/im);
  });

  test.each(['bogus', '100-continue, x'])('A-69 Expect: %s is not met', async (what) => {
    expect(await refused(lastRequest('POST /', ['Content-Length: 5', `Expect: ${what}`], 'hello'))).toBe(417);
  });

  test('A-69 without a body, and with HTTP/1.0, it means nothing', async () => {
    expect((await forwarded(get('Expect: 100-continue'))).request.values('expect')).toEqual([]);
    await forwarded('POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello');
  });
});
