'use strict';

/** HTTP/2 at the native door, by clients that speak it well: bodies both ways, interim responses, trailers, failures, the end. */

const http2 = require('node:http2');
const { once } = require('node:events');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  onCleanUp,
  rawTarget,
} = require('../support/peers.js');
const { doorTo, openDoor } = require('../support/doors.js');
const { ERROR, FLAG, block, frame, frameClient, number, requestFields } = require('../support/h2-frames.js');
const { http2Exchange } = require('../support/http2.js');
const { readRequest } = require('../support/messages.js');
const { CERTIFICATE, KEY, tlsClient } = require('../support/tls.js');

afterEach(closeAll);

const SSL = { key: KEY, cert: CERTIFICATE };
const REFUSED = 'http://127.0.0.1:1';
const GET = { ':path': '/' };
const POST = { ':path': '/', ':method': 'POST' };
const CHUNKS = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

/** A session of Node's client with a door, with TLS unless the door has none. */
async function sessionWith(port, { isPlain = false } = {}) {
  const session = http2.connect(`${isPlain ? 'http' : 'https'}://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
  });
  onCleanUp(() => session.destroy());
  session.on('error', () => {});
  await once(session, 'connect');
  return session;
}

async function bench(target, { settings, ...options } = {}) {
  const { url } = typeof target === 'string' ? await answeringTarget(target) : target;
  const door = await openDoor({ target: url, ssl: SSL, ...options }, settings);
  return { ...door, session: await sessionWith(door.port) };
}

const echo = () => httpServer((req, res) => req.pipe(res));

describe.each([
  ['by ALPN', {}, {}],
  ['with prior knowledge', { ssl: undefined }, { isPlain: true }],
])('%s', (_how, options, how) => {
  test('requests are answered, many at a time', async () => {
    const target = await httpServer((req, res) => setTimeout(() => res.end(req.url), 20));
    const { port, proxy } = await openDoor({ target: target.url, ssl: SSL, ...options }, { h2c: true });
    const session = await sessionWith(port, how);
    const paths = Array.from({ length: 50 }, (_, i) => `/${i}`);
    const answers = await Promise.all(paths.map((path) => http2Exchange(session, { ':path': path })));
    expect(answers.map(({ body }) => body)).toEqual(paths);
    expect(answers[0].headers).toMatchObject({ ':status': 200, date: expect.any(String) });
    expect(proxy.stats().door).toMatchObject({ accepted: 1, forwarded: 50, refused: 0 });
  });

  test('bodies go both ways at once, whole', async () => {
    const { url } = await echo();
    const { port } = await openDoor({ target: url, ssl: SSL, ...options }, { h2c: true });
    const session = await sessionWith(port, how);
    // Node's client keeps no more than 10 MB for a session.
    const body = Buffer.alloc(2 * 1024 * 1024, 'abcdefghij').toString('latin1');
    const answers = await Promise.all([
      http2Exchange(session, POST, body),
      http2Exchange(session, POST, body),
    ]);
    for (const answer of answers) expect(answer.body === body && !answer.isReset).toBe(true);
  });
});

describe('the request', () => {
  test('is one of HTTP/1.1 with the same words', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    const { session } = await bench(target, { xfwd: true });
    await http2Exchange(session, {
      ':path': '/a?b',
      ':authority': 'me:1',
      'x-own': ['1', '2'],
      cookie: ['a=1', 'b=2'],
    });
    const request = readRequest(target.connections[0].text);
    expect(request.start).toBe('GET /a?b HTTP/1.1');
    expect(request.values('host')).toEqual(['me:1']);
    expect(request.values('x-own')).toEqual(['1, 2']);
    expect(request.values('cookie')).toEqual(['a=1; b=2']);
    expect(request.values('x-forwarded-proto')).toEqual(['https']);
    expect(request.values('x-forwarded-port')).toEqual(['1']);
    expect(request.framing).toBe('none');
  });

  test.each([
    ['of known length', { 'content-length': 5 }, 'length'],
    ['of unknown length', {}, 'chunked'],
  ])('has a body %s', async (_what, headers, framing) => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    const { session } = await bench(target);
    await http2Exchange(session, { ...POST, ...headers }, 'hello');
    expect(readRequest(target.connections[0].text)).toMatchObject({
      framing,
      body: 'hello',
      isComplete: true,
    });
  });

  test('may have trailers, and so may the response', async () => {
    const { url } = await httpServer((req, res) => {
      req.resume().on('end', () => {
        res.writeHead(200, { trailer: 'x-back' });
        res.write('ok');
        res.addTrailers({ 'x-back': req.trailers['x-sum'] });
        res.end();
      });
    });
    const { session } = await bench({ url });
    const stream = session.request(POST, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
    stream.end('hello');
    const [[trailers]] = await Promise.all([once(stream, 'trailers'), stream.resume()]);
    expect(trailers['x-back']).toBe('42');
  });

  test('is told to go on, if its client waits for that', async () => {
    const { session } = await bench(await echo());
    const stream = session.request({ ...POST, expect: '100-continue' });
    await once(stream, 'continue');
    stream.end('hello');
    expect(Buffer.concat(await stream.toArray()).toString()).toBe('hello');
    const other = await http2Exchange(session, { ...POST, expect: 'more' }, 'x');
    expect(other.headers[':status']).toBe(417);
  });
});

describe('the response', () => {
  test('may have others in front of it', async () => {
    const { session } = await bench(
      `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${CHUNKS}2\r\nok\r\n0\r\n\r\n`,
    );
    const stream = session.request(GET);
    const [early] = await once(stream, 'headers');
    expect(early).toMatchObject({ ':status': 103, link: '</a>' });
    expect(Buffer.concat(await stream.toArray()).toString()).toBe('ok');
  });

  test.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', { ':status': 200, 'content-length': '5' }],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', { ':status': 304 }],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', { ':status': 204 }],
    ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', { ':status': 200 }],
  ])('to %s has no body: %j', async (method, answer, headers) => {
    const { session } = await bench(answer);
    const outcome = await http2Exchange(session, { ...GET, ':method': method });
    expect(outcome).toMatchObject({ headers, body: '', isReset: false });
  });

  test('has none of the fields of a connection', async () => {
    const { session } = await bench(
      'HTTP/1.1 200 OK\r\nConnection: x-own\r\nX-Own: 1\r\nKeep-Alive: timeout=5\r\nX-B: 2\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 2\r\n\r\nok',
    );
    const { headers } = await http2Exchange(session, GET);
    expect(Object.fromEntries(Object.entries(headers))).toEqual({
      ':status': 200,
      'x-b': '2',
      'set-cookie': ['a', 'b'],
      'content-length': '2',
      date: expect.any(String),
    });
  });

  test('waits for a client that is slow, and costs no memory meanwhile', async () => {
    const size = 64 * 1024 * 1024;
    const piece = Buffer.alloc(64 * 1024, 'x');
    let written = 0;
    const { url } = await httpServer((req, res) => {
      const more = () => {
        while (written < size && res.write(piece)) written += piece.length;
        if (written >= size) res.end();
      };
      res.on('drain', () => ((written += piece.length), more()));
      more();
    });
    const { session } = await bench({ url });
    const stream = session.request(GET);
    await once(stream, 'response');
    let before = -1;
    await eventually(
      async () => {
        const now = written;
        await new Promise((resolve) => setTimeout(resolve, 200));
        const isStill = now === before;
        before = now;
        return isStill;
      },
      undefined,
      20_000,
    );
    expect(written).toBeLessThan(size / 2);
    let received = 0;
    for await (const chunk of stream) received += chunk.length;
    expect(received).toBeGreaterThanOrEqual(size);
  }, 60_000);
});

describe('failures', () => {
  test('a target that refuses is answered with 502, and the connection is kept', async () => {
    const { session, proxy } = await bench({ url: REFUSED });
    for (let i = 0; i < 2; i++) {
      const answer = await http2Exchange(session, GET);
      expect(answer).toMatchObject({
        headers: { ':status': 502, 'content-length': '16' },
        body: '502 Bad Gateway\n',
      });
    }
    expect(proxy.stats().door).toMatchObject({ accepted: 1, failed: 2 });
  });

  test('a response that is cut is reset', async () => {
    const target = await answeringTarget(`${CHUNKS}5\r\nhello\r\n`);
    const { session, proxy } = await bench(target);
    const stream = session.request(GET);
    stream.on('error', () => {});
    const [chunk] = await once(stream, 'data');
    target.connections[0].socket.resetAndDestroy();
    await new Promise((resolve) => stream.on('close', resolve));
    expect([chunk.toString(), stream.rstCode]).toEqual(['hello', http2.constants.NGHTTP2_INTERNAL_ERROR]);
    expect(proxy.stats().door.cut).toBe(1);
  });

  test.each([
    ['B-33 before it has an answer', ''],
    ['B-33 in the middle of its answer', `${CHUNKS}5\r\nhello\r\n`],
  ])('a client that resets its request %s: so does the door', async (_when, answer) => {
    const target = await rawTarget((connection) =>
      connection.onRequest(() => connection.socket.write(answer)),
    );
    const { session, proxy } = await bench(target);
    const stream = session.request(GET);
    stream.on('error', () => {});
    if (answer === '') await target.connected();
    else await once(stream, 'data');
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await target.connections[0].closed();
    await eventually(() => proxy.stats().exchanges === 0);
    expect(proxy.stats().door.abandoned).toBe(1);
  });

  test('B-33 an upload that is reset is never a whole one', async () => {
    const target = await rawTarget(() => {});
    const { port } = await openDoor({ target: target.url }, { h2c: true });
    const client = await frameClient(port);
    client.send(frame('HEADERS', FLAG.END_HEADERS, 1, block(requestFields([], { method: 'POST' }))));
    client.send(frame('DATA', 0, 1, Buffer.from('hello')));
    const connection = await target.connected();
    await connection.received('hello');
    client.send(frame('RST_STREAM', 0, 1, number(ERROR.CANCEL)));
    await connection.closed();
    expect(connection.text).toMatch(/\r\n\r\n5\r\nhello\r\n$/);
  });

  test('a body that does not go on is answered with 408', async () => {
    const target = await rawTarget(() => {});
    const { session, proxy } = await bench(target, { settings: { bodyTimeout: 200 } });
    const stream = session.request(POST);
    stream.on('error', () => {});
    stream.write('hello');
    const [headers] = await once(stream, 'response');
    expect(headers[':status']).toBe(408);
    await eventually(() => proxy.stats().exchanges === 0);
  });

  test('an answer that comes before the whole request arrives', async () => {
    const target = await rawTarget((connection) => {
      connection.received('\r\n\r\n').then(() => {
        connection.socket.write('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig');
      });
    });
    const { session } = await bench(target);
    const stream = session.request(POST);
    stream.on('error', () => {});
    stream.write(Buffer.alloc(100_000));
    const [headers] = await once(stream, 'response');
    expect(headers[':status']).toBe(413);
    const [chunk] = await once(stream, 'data');
    expect(chunk.toString()).toBe('big');
  });
});

describe('the end', () => {
  test('B-34 a door that closes says so, and lets what is in progress end', async () => {
    const waiting = [];
    const target = await httpServer((req, res) => waiting.push(res));
    const { session, proxy } = await bench(target, { settings: { grace: 10_000 } });
    const first = http2Exchange(session, GET);
    await eventually(() => waiting.length === 1);
    const closed = new Promise((resolve) => proxy.close(resolve));
    await once(session, 'goaway');
    // Older versions of Node say so by the call, newer ones by the stream.
    const { error } = await http2Exchange(session, GET).catch((thrown) => ({ error: thrown }));
    expect(error.code).toBe('ERR_HTTP2_GOAWAY_SESSION');
    waiting[0].end('ok');
    expect((await first).body).toBe('ok');
    await closed;
    expect(waiting).toHaveLength(1);
  });

  test('a connection without requests is closed after a while', async () => {
    const { session, proxy } = await bench('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', {
      settings: { keepAliveTimeout: 200 },
    });
    await http2Exchange(session, GET);
    await once(session, 'goaway');
    await eventually(() => proxy.stats().door.connections === 0);
  });

  test('a connection has only so many requests', async () => {
    const { session, port } = await bench('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', {
      settings: { maxRequestsPerSocket: 3 },
    });
    const gone = once(session, 'goaway');
    for (let i = 0; i < 3; i++) expect((await http2Exchange(session, GET)).headers[':status']).toBe(200);
    await gone;
    expect((await http2Exchange(await sessionWith(port), GET)).headers[':status']).toBe(200);
  });
});

test('limits of options hold: a long path, a request too many', async () => {
  const held = [];
  const target = await httpServer((req, res) => held.push(res));
  const { session } = await bench(target, { settings: { maxUrlLength: 100, maxInFlight: 1 } });
  const long = await http2Exchange(session, { ':path': `/${'a'.repeat(200)}` });
  expect(long.headers[':status']).toBe(414);
  const first = http2Exchange(session, GET);
  await eventually(() => held.length === 1);
  expect((await http2Exchange(session, GET)).headers).toMatchObject({ ':status': 503, 'retry-after': '1' });
  held[0].end();
  expect((await first).headers[':status']).toBe(200);
});

test('ALPN chooses: HTTP/2 first, HTTP/1.1 for those who know nothing else, or if the options say so', async () => {
  const agreed = async (port, ALPNProtocols) =>
    (await tlsClient(port, { ALPNProtocols })).socket.alpnProtocol;
  const { port } = await doorTo(undefined, { options: { ssl: SSL } });
  expect(await agreed(port, ['http/1.1', 'h2'])).toBe('h2');
  expect(await agreed(port, ['http/1.1'])).toBe('http/1.1');
  const other = await doorTo(undefined, { options: { ssl: { ...SSL, ALPNProtocols: ['http/1.1'] } } });
  expect(await agreed(other.port, ['h2', 'http/1.1'])).toBe('http/1.1');
});

describe('what needs JavaScript', () => {
  test('goes through Node, and back', async () => {
    const { url } = await httpServer((req, res) => {
      res.writeHead(200, { 'x-seen': req.headers['x-hook'], 'x-host': req.headers.host });
      req.pipe(res);
    });
    const { session, proxy } = await bench({ url });
    const seen = [];
    proxy.on('proxyReq', (proxyReq, req) => {
      seen.push([req.method, req.url, req.headers['x-own'], req.socket.encrypted, req.socket.remoteAddress]);
      proxyReq.setHeader('x-hook', '1');
    });
    const headers = { ...POST, ':path': '/a?b', ':authority': 'me', 'x-own': '1' };
    const body = 'x'.repeat(300_000);
    const answers = await Promise.all([1, 2, 3].map(() => http2Exchange(session, headers, body)));
    for (const answer of answers) {
      expect(answer.headers).toMatchObject({ ':status': 200, 'x-seen': '1', 'x-host': 'me' });
      expect(answer.body === body).toBe(true);
    }
    expect(seen).toEqual(Array(3).fill(['POST', '/a?b', '1', true, '127.0.0.1']));
    expect(proxy.stats().door).toMatchObject({ handedOver: 3, forwarded: 0 });
  });

  test('is given to the fallback, which may answer at its leisure', async () => {
    const fallback = (req, res) => {
      res.setHeader('connection', 'close');
      res.write(`${req.method} `);
      setTimeout(() => res.end(req.url), 20);
    };
    const { port } = await openDoor({ ssl: SSL }, { routes: [{ path: '/api', target: REFUSED }], fallback });
    const session = await sessionWith(port);
    const answer = await http2Exchange(session, { ':path': '/page' });
    expect(answer).toMatchObject({ headers: { ':status': 200 }, body: 'GET /page', isReset: false });
    expect((await http2Exchange(session, { ':path': '/api' })).headers[':status']).toBe(502);
    const head = await http2Exchange(session, { ':path': '/page', ':method': 'HEAD' });
    expect(head).toMatchObject({ headers: { ':status': 200 }, body: '' });
  });

  test('is the failure of a target, for those who listen', async () => {
    const { session, proxy } = await bench({ url: REFUSED });
    proxy.on('error', (error, req, res) => res.writeHead(418).end(error.code));
    const answer = await http2Exchange(session, GET);
    expect(answer).toMatchObject({ headers: { ':status': 418 }, body: 'ECONNREFUSED' });
  });

  test('is given up by a client that resets it', async () => {
    const left = jest.fn();
    const fallback = (req, res) => res.on('close', () => left(res.writableFinished));
    const { port } = await openDoor({ ssl: SSL }, { routes: [{ path: '/api', target: REFUSED }], fallback });
    const stream = (await sessionWith(port)).request(GET);
    stream.on('error', () => {});
    setTimeout(() => stream.close(http2.constants.NGHTTP2_CANCEL), 50);
    await eventually(() => left.mock.calls.length === 1);
    expect(left).toHaveBeenCalledWith(false);
  });
});
