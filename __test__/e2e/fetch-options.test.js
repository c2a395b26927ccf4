'use strict';

/** `fetch` and `fetchOptions`, as http-proxy-3 has them, without what goes wrong there. */

const zlib = require('node:zlib');
const { Agent, fetch: undiciFetch } = require('undici');
const { FACES } = require('../support/faces.js');
const { stats } = require('../support/engine.js');
const { GOOD } = require('../support/faults.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');
const {
  answeringTarget,
  closeAll,
  closedPort,
  eventually,
  httpServer,
  onCleanUp,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');

afterEach(closeAll);

const GET = lastRequest('GET /a?b');
const POST = lastRequest('POST /b', ['Content-Length: 5'], 'hello');
const CHUNKED = lastRequest('POST /b', ['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n');

const onGood = (connection) => connection.onRequest(() => connection.socket.write(GOOD));

/** A function of the user's that says what it was called with. */
function ownFetch() {
  const calls = [];
  const fetch = (url, init) => {
    calls.push({ url, init });
    return globalThis.fetch(url, init);
  };
  return { calls, fetch };
}

const bodyOf = ({ text }) => text.slice(text.indexOf('\r\n\r\n') + 4);

/** Who sends: each is another way through ours. */
const SENDERS = {
  'the engine': () => ({ fetch: true, fetchOptions: {} }),
  'the engine, and a look at its answers': () => ({ fetchOptions: { onAfterResponse() {} } }),
  'a function': () => ({ fetch: ownFetch().fetch }),
  'the fetch of undici': () => ({ fetch: undiciFetch }),
  'a dispatcher': () => {
    const dispatcher = new Agent();
    onCleanUp(() => dispatcher.destroy());
    return { fetch: undiciFetch, fetchOptions: { requestOptions: { dispatcher } } };
  },
};

describe.each(FACES)('%s', (_face, serve) => {
  describe.each(Object.entries(SENDERS))('%s', (_name, made) => {
    test.each([
      ['GET', GET, '', 'GET /a?b HTTP/1.1'],
      ['a body of a known length', POST, 'hello', 'POST /b HTTP/1.1'],
    ])('%s', async (_what, request, body, start) => {
      const target = await rawTarget(onGood);
      const { port } = await serve({ target: target.url, xfwd: true, ...made() });
      expect(readResponse(await rawExchange(port, request))).toMatchObject({ status: 200, body: 'good' });
      const got = readRequest(target.connections[0].text);
      expect([got.start, got.body]).toEqual([start, body]);
      expect(got.values('x-forwarded-host')).toEqual(['me']);
    });

    test('a body in chunks, and one of two megabytes that comes slowly', async () => {
      const lengths = [];
      const target = await httpServer((req, res) => {
        let length = 0;
        req.on('data', (chunk) => (length += chunk.length));
        req.on('end', () => res.end(`${lengths.push(length)}`));
      });
      const { port } = await serve({ target: target.url, ...made() });
      expect(readResponse(await rawExchange(port, CHUNKED)).status).toBe(200);
      const client = await rawClient(port, lastRequest('POST /b', [`Content-Length: ${2_000_000}`]));
      for (let i = 0; i < 20; i++) {
        client.socket.write(Buffer.alloc(100_000, 'x'));
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(readResponse((await client.closed()).text).status).toBe(200);
      expect(lengths).toEqual([5, 2_000_000]);
    });

    test('each cookie is a field of its own', async () => {
      const target = await answeringTarget(
        'HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Domain=t\r\nSet-Cookie: b=2, 3\r\nContent-Length: 2\r\n\r\nok',
      );
      const { port } = await serve({ target: target.url, cookieDomainRewrite: 'here', ...made() });
      const response = readResponse(await rawExchange(port, GET));
      expect(response.values('set-cookie')).toEqual(['a=1; Domain=here', 'b=2, 3']);
    });

    test.each(['gzip', 'br', 'deflate'])(
      'what is sent as %s is what the fields say that it is',
      async (coding) => {
        const encode = { gzip: zlib.gzipSync, br: zlib.brotliCompressSync, deflate: zlib.deflateSync }[
          coding
        ];
        const encoded = encode('hello '.repeat(100));
        const target = await httpServer((req, res) =>
          res.writeHead(200, { 'content-encoding': coding, 'content-length': encoded.length }).end(encoded),
        );
        const { port } = await serve({ target: target.url, ...made() });
        const answer = await rawExchange(port, lastRequest('GET /', [`Accept-Encoding: ${coding}`]));
        const response = readResponse(answer);
        const decode = { gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync, deflate: zlib.inflateSync }[
          coding
        ];
        const isEncoded = response.values('content-encoding').length > 0;
        const body = isEncoded ? decode(Buffer.from(response.body, 'latin1')) : response.body;
        expect(`${body}`).toBe('hello '.repeat(100));
        expect(response.isComplete).toBe(true);
      },
    );

    test.each([
      ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
      ['304', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', 304],
      ['an empty body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 200],
      [
        'a redirect, which is the client’s to follow',
        'HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n',
        302,
      ],
    ])('%s ends', async (_what, answer, status) => {
      const target = await answeringTarget(answer);
      const { port } = await serve({ target: target.url, ...made() });
      expect(readResponse(await rawExchange(port, GET)).status).toBe(status);
      expect(target.connections).toHaveLength(1);
    });

    test('a client that leaves, before the answer and in the middle of it, leaves nothing behind', async () => {
      const target = await rawTarget((connection) =>
        connection.onRequest((head) => {
          if (head.startsWith('GET /body'))
            connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe');
        }),
      );
      const { port, events } = await serve({ target: target.url, ...made() });
      const first = await rawClient(port, GET);
      await (await target.connected()).received('\r\n\r\n');
      first.socket.resetAndDestroy();
      await target.connections[0].closed();
      const second = await rawClient(port, lastRequest('GET /body'));
      await second.received('\r\n\r\nhe');
      second.socket.resetAndDestroy();
      await (await target.connected(1)).closed();
      await eventually(() => stats().exchanges === 0);
      expect(events.map(({ event }) => event)).toEqual(['econnreset']);
    });

    test('fields of the connection are nobody’s trouble', async () => {
      const target = await rawTarget(onGood);
      const { port } = await serve({ target: target.url, ...made() });
      const fields = ['Keep-Alive: timeout=5', 'TE: trailers', 'Expect: 100-continue', 'Content-Length: 5'];
      const answer = await rawExchange(port, lastRequest('POST /b', fields, 'hello'));
      expect(answer.slice(answer.lastIndexOf('HTTP/1.1 '))).toMatch(/^HTTP\/1\.1 200 /);
    });

    test('a long answer, to a client that reads it slowly', async () => {
      const size = 3_000_000;
      const target = await httpServer((req, res) => res.end(Buffer.alloc(size, 'x')));
      const { port } = await serve({ target: target.url, ...made() });
      const client = await rawClient(port, GET);
      for (let i = 0; i < 5; i++) {
        client.socket.pause();
        await new Promise((resolve) => setTimeout(resolve, 5));
        client.socket.resume();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      expect(readResponse((await client.closed()).text).body).toHaveLength(size);
    });

    test.each([
      ['refuses', undefined, /^ECONNREFUSED$/],
      ['closes without an answer', '', /^(?:ECONNRESET|UND_ERR_SOCKET)$/],
    ])('a target that %s', async (_what, answer, code) => {
      const target =
        answer === undefined ? await closedPort() : (await answeringTarget(answer, { end: 'fin' })).port;
      const errors = [];
      const on = {
        error: (error, _req, res) => void (errors.push(error), res.writeHead(error.status).end()),
      };
      const { port } = await serve({ target: `http://127.0.0.1:${target}`, on, ...made() });
      expect(readResponse(await rawExchange(port, GET)).status).toBe(502);
      expect(errors).toEqual([expect.objectContaining({ code: expect.stringMatching(code) })]);
    });

    test('an answer that is cut short is not a whole one', async () => {
      const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe', { end: 'fin' });
      const { port } = await serve({ target: target.url, on: { error() {} }, ...made() });
      expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, isComplete: false });
    });

    test('proxyTimeout', async () => {
      const target = await rawTarget(() => {});
      const errors = [];
      const on = {
        error: (error, _req, res) => void (errors.push(error), res.writeHead(error.status).end()),
      };
      const { port } = await serve({ target: target.url, proxyTimeout: 100, on, ...made() });
      expect(readResponse(await rawExchange(port, GET)).status).toBe(504);
      expect(errors).toEqual([expect.objectContaining({ code: 'ECONNRESET', timeout: 'head' })]);
      await target.connections[0].closed();
    });

    test('events, and what their listeners edit', async () => {
      const seen = [];
      const on = {
        proxyReq: (proxyReq) => void (seen.push('proxyReq'), proxyReq.setHeader('x-own', '1')),
        proxyRes(proxyRes) {
          seen.push(`proxyRes ${proxyRes.statusCode}`);
          proxyRes.headers['x-more'] = '2';
        },
        end: () => void seen.push('end'),
      };
      const target = await rawTarget(onGood);
      const { port } = await serve({ target: target.url, on, ...made() });
      expect(readResponse(await rawExchange(port, GET)).values('x-more')).toEqual(['2']);
      expect(readRequest(target.connections[0].text).values('x-own')).toEqual(['1']);
      expect(seen).toEqual(['proxyReq', 'proxyRes 200', 'end']);
    });

    describe('onBeforeRequest', () => {
      test.each([
        ['the Headers', (init) => init.headers.set('x-own', '1')],
        ['a property of them, as http-proxy-3 shows it', (init) => void (init.headers['x-own'] = '1')],
        ['a list as a property', (init) => void (init.headers['x-own'] = ['1'])],
        ['other Headers', (init) => void (init.headers = new Headers({ 'x-own': '1' }))],
        ['an object', (init) => void (init.headers = { 'X-Own': '1' })],
        ['pairs, later', async (init) => void (init.headers = [...init.headers, ['x-own', '1']])],
      ])('edits %s', async (_what, edit) => {
        const target = await rawTarget(onGood);
        const { fetchOptions, ...options } = made();
        const onBeforeRequest = (init, req, res, given) => {
          expect([req.url, typeof res.setHeader, given.target !== undefined]).toEqual([
            '/b',
            'function',
            true,
          ]);
          return edit(init);
        };
        const { port } = await serve({
          target: target.url,
          ...options,
          fetchOptions: { ...fetchOptions, onBeforeRequest },
        });
        expect(readResponse(await rawExchange(port, POST)).status).toBe(200);
        const request = readRequest(target.connections[0].text);
        expect([request.values('x-own'), request.body]).toEqual([['1'], 'hello']);
        expect(request.values('host')).toHaveLength(1);
      });

      test('edits method and body', async () => {
        const target = await rawTarget(onGood);
        const { fetchOptions, ...options } = made();
        const onBeforeRequest = (init) => void Object.assign(init, { method: 'PUT', body: 'other words' });
        const { port } = await serve({
          target: target.url,
          ...options,
          fetchOptions: { ...fetchOptions, onBeforeRequest },
        });
        for (const request of [POST, CHUNKED]) {
          expect(readResponse(await rawExchange(port, request)).status).toBe(200);
        }
        for (const { text } of target.connections) {
          expect(text).toMatch(/^PUT \/b HTTP/);
          expect(bodyOf({ text })).toMatch(/^(?:b\r\n)?other words/);
        }
      });

      test.each([
        [
          'throws',
          () => {
            throw new Error('of mine');
          },
        ],
        [
          'rejects',
          async () => {
            throw new Error('of mine');
          },
        ],
      ])('that %s', async (_how, onBeforeRequest) => {
        const target = await rawTarget(onGood);
        const errors = [];
        const on = {
          error: (error, _req, res) => void (errors.push(error.message), res.writeHead(500).end()),
        };
        const { fetchOptions, ...options } = made();
        const settings = { ...options, fetchOptions: { ...fetchOptions, onBeforeRequest } };
        const { port } = await serve({ target: target.url, on, ...settings });
        for (const request of [GET, CHUNKED]) await rawExchange(port, request);
        expect([errors, target.connections]).toEqual([['of mine', 'of mine'], []]);
      });
    });

    describe('onAfterResponse', () => {
      test('gets a real Response, which may be read and whose fields may be looked at', async () => {
        const target = await rawTarget(onGood);
        const seen = [];
        const { fetchOptions, ...options } = made();
        const onAfterResponse = async (response, req) => {
          seen.push(typeof response.clone, response.status, response.headers.get('content-length'), req.url);
          seen.push(await response.clone().text());
        };
        const { port } = await serve({
          target: target.url,
          ...options,
          fetchOptions: { ...fetchOptions, onAfterResponse },
        });
        expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'good' });
        expect(seen).toEqual(['function', 200, '4', '/a?b', 'good']);
      });

      test('that throws', async () => {
        const target = await rawTarget(onGood);
        const errors = [];
        const on = {
          error: (error, _req, res) => void (errors.push(error.message), res.writeHead(500).end()),
        };
        const onAfterResponse = () => {
          throw new Error('of mine');
        };
        const { fetchOptions, ...options } = made();
        const settings = { ...options, fetchOptions: { ...fetchOptions, onAfterResponse } };
        const { port } = await serve({ target: target.url, on, ...settings });
        expect(readResponse(await rawExchange(port, GET)).status).toBe(500);
        expect(errors).toEqual(['of mine']);
      });
    });

    test('requestOptions: fields of their own take the place of all others', async () => {
      const target = await rawTarget(onGood);
      const { fetchOptions, ...options } = made();
      const requestOptions = { ...fetchOptions?.requestOptions, headers: { 'x-own': '1' } };
      const settings = { ...options, fetchOptions: { ...fetchOptions, requestOptions } };
      const { port } = await serve({ target: target.url, ...settings });
      await rawExchange(port, lastRequest('POST /b', ['Content-Length: 5', 'X-Other: 2'], 'hello'));
      const request = readRequest(target.connections[0].text);
      expect([request.values('x-own'), request.values('x-other'), request.body]).toEqual([
        ['1'],
        [],
        'hello',
      ]);
    });
  });

  test('a function is called with what fetch takes, and the global one is not', async () => {
    const target = await rawTarget(onGood);
    const { calls, fetch } = ownFetch();
    const { port } = await serve({ target: `${target.url}/base`, fetch });
    await rawExchange(port, GET);
    expect(calls).toHaveLength(1);
    expect(calls[0].url).toBe(`${target.url}/base/a?b`);
    expect(calls[0].init).toMatchObject({
      method: 'GET',
      redirect: 'manual',
      signal: expect.any(AbortSignal),
    });
  });

  test('a Response that was made and not fetched is sent as it was made', async () => {
    const fetch = async () =>
      new Response(zlib.gzipSync('hello'), { status: 201, headers: { 'content-encoding': 'gzip' } });
    const { port } = await serve({ target: 'http://nowhere.invalid', fetch });
    const response = readResponse(await rawExchange(port, GET));
    expect([response.status, response.values('content-encoding')]).toEqual([201, ['gzip']]);
    expect(`${zlib.gunzipSync(Buffer.from(response.body, 'latin1'))}`).toBe('hello');
  });

  test('redirects are followed by it, if that is wanted', async () => {
    const target = await rawTarget((connection) =>
      connection.onRequest((head) =>
        connection.socket.write(
          head.startsWith('GET /to ')
            ? GOOD
            : 'HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n',
        ),
      ),
    );
    const { calls, fetch } = ownFetch();
    const { port } = await serve({ target: target.url, followRedirects: true, fetch });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'good' });
    expect(calls.map(({ url }) => new URL(url).pathname)).toEqual(['/a', '/to']);
  });

  test('forward goes over it, too', async () => {
    const mirror = await rawTarget(onGood);
    const target = await rawTarget(onGood);
    const { calls, fetch } = ownFetch();
    const { port } = await serve({ target: target.url, forward: mirror.url, fetch });
    expect(readResponse(await rawExchange(port, POST)).status).toBe(200);
    await eventually(() => calls.length === 2 && mirror.connections.length === 1);
    await mirror.connections[0].received('hello');
    expect(readRequest(mirror.connections[0].text).body).toBe('hello');
  });
});
