'use strict';

/** Bodies that the application reads, or gives, or does not (reliability rows K-09, K-10, K-26 and K-28). */

const { Readable } = require('node:stream');
const { setTimeout: pause } = require('node:timers/promises');
const { createProxyMiddleware, createProxyServer } = require('../../index.js');
const { FACES, proxyMiddleware } = require('../support/faces.js');
const { lastRequest, readRequest, readResponse, requestText } = require('../support/messages.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { released, stats } = require('../support/engine.js');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const POST = lastRequest('POST /', ['Content-Length: 5'], 'hello');
const GET = lastRequest('GET /');

afterEach(closeAll);

const moment = () => pause(50);

describe.each(FACES)('K-09 %s, a response that its listener never ends', (_name, face) => {
  const LARGE = `HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n${'x'.repeat(3_000_000)}`;

  test('K-09 but reads: the engine is done with it when the target is', async () => {
    const target = await answeringTarget(LARGE);
    let length = 0;
    const on = { proxyRes: (proxyRes) => proxyRes.on('data', (chunk) => (length += chunk.length)) };
    const { port } = await face({ target: target.url, selfHandleResponse: true, on });
    const client = await rawClient(port, requestText('GET /'));
    await eventually(() => length === 3_000_000);
    await released();
    expect([client.text, client.ending]).toEqual(['', null]);
  });

  test.each([
    ['of the target', { proxyTimeout: 150 }, 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun'],
    ['of the client', { timeout: 150 }, LARGE],
  ])('K-09 nor reads: the time limit %s ends it', async (_whose, limit, answer) => {
    const target = await answeringTarget(answer);
    const options = { target: target.url, selfHandleResponse: true, on: { proxyRes() {} }, ...limit };
    const { port, events } = await face(options);
    await rawClient(port, requestText('GET /'));
    await target.connected();
    await target.connections[0].closed();
    await released();
    expect(events.length).toBeLessThanOrEqual(1);
  });

  test('K-09 nor reads: the client that leaves ends it', async () => {
    const target = await answeringTarget(LARGE);
    let isShown = false;
    const on = { proxyRes: () => (isShown = true) };
    const { port } = await face({ target: target.url, selfHandleResponse: true, on });
    const client = await rawClient(port, requestText('GET /'));
    await eventually(() => isShown);
    client.socket.destroy();
    await released();
    await target.connections[0].closed();
  });

  test('K-09 a small one, neither read nor ended, is through at once', async () => {
    const target = await answeringTarget(OK);
    const { port } = await face({
      target: target.url,
      selfHandleResponse: true,
      on: { proxyRes() {} },
    });
    const client = await rawClient(port, requestText('GET /'));
    await target.connected();
    await eventually(() => stats().connections === stats().idleConnections);
    client.socket.destroy();
    await released();
  });
});

/** The option of one call, and of a middleware. */
const BUFFERING = [
  [
    'createProxyServer',
    ({ url: target }, buffer, failed) => {
      const proxy = createProxyServer({ target });
      return httpServer((req, res) => proxy.web(req, res, { buffer }, (error) => failed(error, res)));
    },
  ],
  [
    'createProxyMiddleware',
    ({ url: target }, buffer, failed) =>
      proxyMiddleware({ target, buffer, on: { error: (error, _req, res) => failed(error, res) } }),
  ],
];

describe.each(BUFFERING)('K-10 %s, the buffer option', (_name, face) => {
  /** A request with this stream for a body: its answer, the error, and what the target got. */
  async function buffered(buffer, request = POST) {
    const target = await answeringTarget(OK);
    const errors = [];
    const { port } = await face(target, buffer, (error, res) => {
      errors.push(error);
      res.writeHead(500).end();
    });
    const { status } = readResponse(await rawExchange(port, request));
    await released();
    return { status, errors, received: target.connections.map(({ text }) => text) };
  }

  test('K-10 a stream is sent whole', async () => {
    const { status, received } = await buffered(Readable.from([Buffer.from('he'), Buffer.from('llo')]));
    expect(status).toBe(200);
    expect(readRequest(received[0])).toMatchObject({ body: 'hello', isComplete: true, rest: '' });
  });

  test.each([['he'], ['something longer']])(
    'K-10 a stream of another length than was declared fails its request: %p',
    async (text) => {
      const { status, errors, received } = await buffered(Readable.from([Buffer.from(text)]));
      expect(status).toBe(500);
      expect(errors.map(({ code }) => code)).toEqual(['ERR_PROXY_INVALID_BODY_LENGTH']);
      for (const request of received.filter((one) => one !== '')) {
        expect(readRequest(request).isComplete).toBe(false);
      }
    },
  );

  test('K-10 a stream of an undeclared length is sent whole', async () => {
    const chunked = lastRequest('POST /', ['Transfer-Encoding: chunked'], '1\r\nx\r\n0\r\n\r\n');
    const { status, received } = await buffered(Readable.from([Buffer.from('something longer')]), chunked);
    expect(status).toBe(200);
    expect(readRequest(received[0])).toMatchObject({ body: 'something longer', isComplete: true, rest: '' });
  });

  const failing = (...chunks) =>
    new Readable({
      read() {
        if (chunks.length > 0) this.push(chunks.shift());
        else setTimeout(() => this.destroy(new RangeError('of the stream')), 20);
      },
    });

  test.each([
    ['at once', () => failing()],
    ['in the middle', () => failing(Buffer.from('he'))],
  ])('K-10 a stream that fails %s fails its request', async (_when, stream) => {
    const { status, errors, received } = await buffered(stream());
    expect(status).toBe(500);
    expect(errors.map(({ message }) => message)).toEqual(['of the stream']);
    for (const text of received.filter((one) => one !== '')) expect(readRequest(text).isComplete).toBe(false);
  });

  test.each([
    ['ended', (stream) => stream.resume()],
    ['destroyed', (stream) => stream.destroy()],
  ])('K-10 a stream that is %s already does not hang its request', async (_case, end) => {
    const stream = Readable.from([Buffer.from('hello')]);
    end(stream);
    await moment();
    const { status, errors, received } = await buffered(stream);
    expect([200, 500]).toContain(status);
    expect(errors).toHaveLength(status === 200 ? 0 : 1);
    for (const text of received.filter((one) => one !== '')) {
      const request = readRequest(text);
      // Nothing that the stream had is made up.
      if (request.isComplete) expect(request.body).toBe('');
    }
  });

  test.each([[5], [true], ['text'], [{}], [Buffer.from('hello')], [() => {}]])(
    'K-10 what is no stream is refused by name: %p',
    (buffer) => {
      const refusal = { name: 'TypeError', code: 'ERR_PROXY_INVALID_OPTION', option: 'buffer' };
      for (const make of [createProxyServer, createProxyMiddleware])
        expect(() => make({ target: 'http://127.0.0.1:1', buffer })).toThrow(
          expect.objectContaining(refusal),
        );
    },
  );
});

describe.each(FACES)('%s', (_name, face) => {
  const BYTES = 300_000;
  const HARMS = {
    overwritten: (bytes) => bytes.fill(0),
    transferred: (bytes) => structuredClone(bytes.buffer, { transfer: [bytes.buffer] }),
  };
  const memory = {
    'a Buffer': (length) => Buffer.from(new ArrayBuffer(length)),
    'a Uint8Array': (length) => new Uint8Array(length),
    'a Buffer of shared memory': (length) => Buffer.from(new SharedArrayBuffer(length)),
  };
  const harmed = Object.keys(memory).flatMap((of) =>
    Object.keys(HARMS)
      .filter((how) => how !== 'transferred' || !of.includes('shared'))
      .map((how) => [of, how]),
  );

  test.each(harmed)('K-26 %s that is %s after it was written is sent as it was', async (of, how) => {
    const target = await answeringTarget(OK);
    const proxyReq = (request) => {
      const bytes = memory[of](BYTES).fill('x'.charCodeAt(0));
      request.setHeader('content-length', BYTES);
      request.write(bytes);
      HARMS[how](bytes);
    };
    const { port } = await face({ target: target.url, on: { proxyReq } });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'ok' });
    const { body } = readRequest(target.connections[0].text);
    expect([body.length, body === 'x'.repeat(BYTES)]).toEqual([BYTES, true]);
  });

  test.each(Object.keys(HARMS))(
    'K-26 a chunk of a body that is %s after it was emitted is sent as it was',
    async (how) => {
      const target = await answeringTarget(OK);
      let count = 0;
      const harm = (chunk) => {
        // What shares its memory with other chunks may not be taken away.
        if (how === 'transferred' && chunk.buffer.byteLength !== chunk.length) return;
        count += 1;
        HARMS[how](chunk);
      };
      const app = (req, res, forward) => {
        const done = forward();
        // Behind the proxy's own listener.
        setImmediate(() => req.on('data', harm));
        return done;
      };
      const { port } = await face({ target: target.url }, { app });
      const client = await rawClient(port, lastRequest('POST /', [`Content-Length: ${BYTES}`]));
      await moment();
      client.socket.write('x'.repeat(BYTES));
      await client.closed();
      expect(readResponse(client.text)).toMatchObject({ status: 200, body: 'ok' });
      const { body } = readRequest(target.connections[0].text);
      expect([body.length, body === 'x'.repeat(BYTES)]).toEqual([BYTES, true]);
      expect(count).toBeGreaterThan(0);
    },
  );

  const LARGE = 50 * (1 << 20);

  test('K-28 a text of 50 MiB that a listener writes as the request body is sent whole', async () => {
    let received = 0;
    const target = await rawTarget(({ socket }) => {
      socket.removeAllListeners('data');
      let head = '';
      socket.on('data', (chunk) => {
        if (!head.includes('\r\n\r\n')) head += chunk.latin1Slice();
        received += chunk.length;
        if (received >= LARGE + head.indexOf('\r\n\r\n') + 4) socket.write(OK);
      });
    });
    const proxyReq = (request) => {
      request.setHeader('content-length', LARGE);
      request.end('x'.repeat(LARGE));
    };
    const { port } = await face({ target: target.url, on: { proxyReq } });
    const answer = readResponse(await rawExchange(port, GET, 15_000));
    expect(answer).toMatchObject({ status: 200, body: 'ok' });
    expect(received).toBeGreaterThan(LARGE);
  });

  test('K-28 a text of 50 MiB that a listener answers with reaches the client whole', async () => {
    const target = await answeringTarget(OK);
    const proxyRes = (_proxyRes, _req, res) => res.end('x'.repeat(LARGE));
    const { port } = await face({ target: target.url, selfHandleResponse: true, on: { proxyRes } });
    const client = await rawClient(port);
    let received = 0;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk) => (received += chunk.length));
    client.socket.write(GET);
    await client.closed(15_000);
    expect(received).toBeGreaterThan(LARGE);
    await released();
  });
});
