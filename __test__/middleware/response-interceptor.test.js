'use strict';

/** `responseInterceptor`: what it reads, what it answers, and that whatever goes wrong is a 502 and an `error` event. */

const http = require('node:http');
const zlib = require('node:zlib');
const httpProxy = require('http-proxy');
const { createProxyMiddleware, createProxyServer } = require('../../index.js');
const { responseInterceptor } = require('../../lib/middleware/response-interceptor.js');
const { lastRequest, readResponse } = require('../support/messages.js');
const { answeringTarget, closeAll, httpServer, onCleanUp, rawExchange } = require('../support/peers.js');
const { coded } = require('../support/codings.js');

afterEach(closeAll);

const TEXT = 'Some text, and some more of it. '.repeat(5000);

/** A target whose answers have these fields and this body. */
function target(headers, body, status = 200) {
  return httpServer((req, res) => {
    res.writeHead(status, headers);
    res.end(body);
  });
}

/** A proxy before `url` whose responses go through `interceptor`. */
async function proxyWith(url, interceptor, { limit, on, ...options } = {}) {
  const proxyRes = responseInterceptor(interceptor, limit === undefined ? undefined : { limit });
  const middleware = createProxyMiddleware({
    target: url,
    selfHandleResponse: true,
    ...options,
    on: { proxyRes, ...on },
  });
  return httpServer(middleware);
}

async function ask({ port }, line = 'GET /', milliseconds) {
  return readResponse(await rawExchange(port, lastRequest(line), milliseconds), line.split(' ')[0]);
}

const append = (buffer) => `${buffer}!`;

describe('what is read', () => {
  test.each([
    ['gzip', zlib.gzipSync(TEXT)],
    ['x-gzip', zlib.gzipSync(TEXT)],
    ['GZIP', zlib.gzipSync(TEXT)],
    ['deflate', zlib.deflateSync(TEXT)],
    ['deflate', zlib.deflateRawSync(TEXT)],
    ['br', zlib.brotliCompressSync(TEXT)],
    ['zstd', coded('zstd', TEXT)],
    ['gzip, br', zlib.brotliCompressSync(zlib.gzipSync(TEXT))],
    ['Deflate,identity, X-GZIP', zlib.gzipSync(zlib.deflateSync(TEXT))],
    ['identity', Buffer.from(TEXT)],
    ['', Buffer.from(TEXT)],
  ])('a body with the coding %j is decoded', async (coding, body) => {
    const { url } = await target({ 'content-encoding': coding }, body);
    const seen = [];
    const proxy = await proxyWith(url, (buffer) => {
      seen.push(Buffer.isBuffer(buffer) && buffer.toString());
      return append(buffer);
    });
    const answer = await ask(proxy);
    expect(answer).toMatchObject({ status: 200, framing: 'length', isComplete: true, body: `${TEXT}!` });
    expect(answer.values('content-encoding')).toEqual([]);
    expect(seen).toEqual([TEXT]);
  });

  test('a coding that is not known stays on the body, and in the field', async () => {
    const body = zlib.gzipSync('\x01unknown');
    const { url } = await target({ 'content-encoding': 'exi, gzip' }, body);
    const answer = await ask(await proxyWith(url, (buffer) => buffer));
    expect(answer.values('content-encoding')).toEqual(['exi']);
    expect(answer.body).toBe('\x01unknown');
  });

  test('a body without a byte is empty, whatever its coding', async () => {
    const { url } = await target({ 'content-encoding': 'gzip', 'content-length': 0 }, '');
    expect(await ask(await proxyWith(url, append))).toMatchObject({ status: 200, body: '!' });
  });

  test('a body that comes in pieces, with trailers, is read to its end and sent without them', async () => {
    const [first, ...rest] = [...zlib.gzipSync(TEXT)].map((byte) => Buffer.from([byte]));
    const { url } = await httpServer((req, res) => {
      res.writeHead(200, { 'content-encoding': 'gzip', trailer: 'x-sum' });
      res.write(first);
      setTimeout(() => {
        for (const piece of rest) res.write(piece);
        res.addTrailers({ 'x-sum': '1' });
        res.end();
      }, 20);
    });
    const answer = await ask(await proxyWith(url, append));
    expect(answer).toMatchObject({ framing: 'length', body: `${TEXT}!`, trailers: [] });
    expect(answer.values('trailer')).toEqual([]);
  });
});

describe('what is answered', () => {
  test('status, reason and fields of the target, except what was about its body or connection', async () => {
    const { url } = await answeringTarget(
      [
        'HTTP/1.1 418 Short And Stout',
        'X-Kind: pot',
        'Set-Cookie: a=1; Domain=example.com; Path=/',
        'Set-Cookie: b=2',
        'Keep-Alive: timeout=9',
        'Connection: keep-alive, x-hop',
        'X-Hop: 1',
        'Transfer-Encoding: chunked',
        '',
        '2\r\nhi\r\n0\r\n\r\n',
      ].join('\r\n'),
    );
    const answer = await ask(await proxyWith(url, append));
    expect(answer).toMatchObject({ status: 418, reason: 'Short And Stout', body: 'hi!' });
    expect(answer.values('set-cookie')).toEqual(['a=1; Domain=example.com; Path=/', 'b=2']);
    expect(answer.values('x-kind')).toEqual(['pot']);
    expect(answer.values('content-length')).toEqual(['3']);
    for (const name of ['keep-alive', 'x-hop', 'transfer-encoding']) expect(answer.values(name)).toEqual([]);
  });

  test('cookies are rewritten if the options ask for it', async () => {
    const { url } = await target({ 'set-cookie': ['a=1; Domain=example.com; Path=/x', 'b=2'] }, '');
    const options = { cookieDomainRewrite: 'me.test', cookiePathRewrite: { '/x': '/y' } };
    const answer = await ask(await proxyWith(url, append, options));
    expect(answer.values('set-cookie')).toEqual(['a=1; Domain=me.test; Path=/y', 'b=2']);
  });

  test.each([
    ['a Buffer', () => Buffer.from('é'), 'Ã©'],
    ['a string', () => 'é', 'Ã©'],
    ['a view', () => new Uint8Array([65, 66, 67]).subarray(1), 'BC'],
    ['an empty string', async () => '', ''],
  ])('the interceptor may return %s', async (_, interceptor, body) => {
    const { url } = await target({}, 'body');
    expect(await ask(await proxyWith(url, interceptor))).toMatchObject({ status: 200, body });
  });

  test('the interceptor may change the status and the fields', async () => {
    const { url } = await target({ 'x-a': '1', 'x-b': '2' }, 'body');
    const proxy = await proxyWith(url, (buffer, proxyRes, req, res) => {
      res.statusCode = 201;
      res.removeHeader('x-a');
      res.setHeader('x-b', `${proxyRes.statusCode} ${req.url}`);
      return buffer;
    });
    const answer = await ask(proxy, 'GET /path');
    expect(answer).toMatchObject({ status: 201, body: 'body' });
    expect([answer.values('x-a'), answer.values('x-b')]).toEqual([[], ['200 /path']]);
  });

  test('the interceptor may turn the response into one without a body', async () => {
    const { url } = await target({}, 'body');
    const proxy = await proxyWith(url, (buffer, proxyRes, req, res) => {
      res.statusCode = 204;
      return buffer;
    });
    const answer = await ask(proxy);
    expect([answer.status, answer.rest, answer.values('content-length')]).toEqual([204, '', []]);
  });

  test('the interceptor may answer itself', async () => {
    const { url } = await target({}, 'body');
    const errors = [];
    const proxy = await proxyWith(
      url,
      (buffer, proxyRes, req, res) => {
        res.writeHead(302, { location: '/elsewhere' });
        res.end();
      },
      { on: { error: (error) => errors.push(error) } },
    );
    expect((await ask(proxy)).status).toBe(302);
    expect(errors).toEqual([]);
  });

  test.each([
    ['HEAD /', 200, { 'content-length': 5 }, ['5']],
    ['HEAD /', 200, { 'content-length': 5, 'content-encoding': 'gzip' }, []],
    ['GET /', 204, { 'content-encoding': 'br' }, []],
    ['GET /', 304, { etag: '"1"' }, []],
  ])(
    '%s with status %i is answered without asking the interceptor',
    async (line, status, headers, length) => {
      const { url } = await target({ 'x-kind': 'bare', ...headers }, undefined, status);
      const interceptor = jest.fn();
      const answer = await ask(await proxyWith(url, interceptor), line);
      expect(interceptor).not.toHaveBeenCalled();
      expect([answer.status, answer.rest, answer.values('x-kind')]).toEqual([status, '', ['bare']]);
      expect(answer.values('content-length')).toEqual(length);
      expect(answer.values('content-encoding')).toEqual([]);
    },
  );

  test('http-proxy-middleware answers likewise', async () => {
    const theirs = await import('http-proxy-middleware');
    const { url } = await httpServer((req, res) => {
      const coding = req.url.slice(1);
      const body = { gzip: zlib.gzipSync, br: zlib.brotliCompressSync, deflate: zlib.deflateSync }[coding];
      res.writeHead(coding === 'gone' ? 410 : 200, {
        'x-url': req.url,
        'content-encoding': body ? coding : [],
      });
      res.end(body ? body(TEXT) : TEXT);
    });
    const interceptor = async (buffer, proxyRes, req, res) => {
      res.setHeader('x-length', buffer.length);
      return buffer.toString().toUpperCase();
    };
    const ours = await proxyWith(url, interceptor);
    const other = await httpServer(
      theirs.createProxyMiddleware({
        target: url,
        selfHandleResponse: true,
        on: { proxyRes: theirs.responseInterceptor(interceptor) },
      }),
    );
    for (const line of ['GET /', 'GET /gzip', 'GET /br', 'GET /deflate', 'GET /gone', 'HEAD /']) {
      const [mine, reference] = [await ask(ours, line), await ask(other, line)];
      const kept = ({ fields }) => fields.filter(([name]) => name !== 'date').sort();
      expect({ line, ...mine, fields: kept(mine) }).toMatchObject({
        status: reference.status,
        body: reference.body,
        fields: kept(reference),
      });
    }
  });
});

describe('what goes wrong', () => {
  const gzipped = zlib.gzipSync(TEXT);
  const whole = { 'content-encoding': 'gzip' };
  const rows = [
    ['a body that is not what its coding says', whole, 'not gzip', append, 'ERR_PROXY_INVALID_CODING'],
    ['a body that is cut short', whole, gzipped.subarray(0, 90), append, 'ERR_PROXY_INVALID_CODING'],
    ['a body whose check sum is wrong', whole, changed(gzipped), append, 'ERR_PROXY_INVALID_CODING'],
    [
      'more codings than anybody needs',
      { 'content-encoding': 'br,br,br,br,br' },
      'x',
      append,
      'ERR_PROXY_UNSUPPORTED_CODING',
    ],
    ['an interceptor that throws', whole, gzipped, throwing(new Error('thrown')), undefined],
    [
      'an interceptor that throws with a code that means something else',
      whole,
      gzipped,
      throwing(Object.assign(new Error('thrown'), { code: 'ECONNREFUSED' })),
      'ECONNREFUSED',
    ],
    ['an interceptor that throws what is no error', {}, TEXT, throwing('text'), 'ERR_PROXY_HOOK'],
    ['an interceptor that rejects', {}, TEXT, async () => throwing(new Error('rejected'))(), undefined],
    ['an interceptor that returns nothing', {}, TEXT, () => {}, 'ERR_PROXY_INTERCEPTOR_RESULT'],
    ['an interceptor that comes to null', {}, TEXT, async () => null, 'ERR_PROXY_INTERCEPTOR_RESULT'],
    ['an interceptor that returns a number', {}, TEXT, () => 1, 'ERR_INVALID_ARG_TYPE'],
  ];

  function changed(bytes) {
    const copy = Buffer.from(bytes);
    copy[copy.length - 2] ^= 1;
    return copy;
  }

  function throwing(thrown) {
    return () => {
      throw thrown;
    };
  }

  test.each(rows)('%s is a 502', async (_, headers, body, interceptor) => {
    const { url } = await target({ ...headers, 'set-cookie': 'a=1', 'content-length': body.length }, body);
    const answer = await ask(await proxyWith(url, interceptor));
    expect(answer).toMatchObject({ status: 502, reason: 'Bad Gateway', isComplete: true });
    expect(answer.body).toMatch(/^Error occurred while trying to proxy: me\//);
    for (const name of ['set-cookie', 'content-encoding']) expect(answer.values(name)).toEqual([]);
  });

  test.each(rows)(
    '%s is an error event, and a 502 also if nobody answers',
    async (_, headers, body, interceptor, code) => {
      const { url } = await target(headers, body);
      const events = [];
      const proxy = await proxyWith(url, interceptor, { on: { error: (...args) => events.push(args) } });
      expect((await ask(proxy)).status).toBe(502);
      expect(events).toHaveLength(1);
      const [error, req, res] = events[0];
      expect([error.code, req.url, res.statusCode]).toEqual([code, '/', 502]);
    },
  );

  test('a listener of the error may answer, later too', async () => {
    const { url } = await target({}, TEXT);
    const on = {
      error: async (error, req, res) => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        res.writeHead(503, { 'x-message': error.message });
        res.end('later');
      },
    };
    const answer = await ask(await proxyWith(url, throwing(new Error('oh')), { on }));
    expect(answer).toMatchObject({ status: 503, body: 'later' });
    expect(answer.values('x-message')).toEqual(['oh']);
  });

  test('a target that dies in its body is an error, once, and no 200', async () => {
    const { url } = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart', {
      end: 'fin',
    });
    const errors = [];
    const on = {
      error: (error, req, res) => {
        errors.push(error.code);
        res.end('failed');
      },
    };
    const interceptor = jest.fn();
    const answer = await ask(await proxyWith(url, interceptor, { on }));
    expect([answer.body, errors]).toEqual(['failed', ['ECONNRESET']]);
    expect(interceptor).not.toHaveBeenCalled();
    expect((await ask(await proxyWith(url, interceptor))).status).toBe(504);
  });

  test('a client that leaves is no error of the interceptor', async () => {
    let respond;
    const { url } = await httpServer((req, res) => {
      res.write('first');
      respond = () => res.end('last');
    });
    const interceptor = jest.fn(append);
    const error = jest.fn();
    const { port } = await proxyWith(url, interceptor, { on: { error } });
    const client = http.get({ port, host: '127.0.0.1' });
    client.on('error', () => {});
    while (respond === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    client.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    respond();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([interceptor.mock.calls, error.mock.calls]).toEqual([[], []]);
  });

  test('without selfHandleResponse it says what is missing, and lets nothing through unseen', async () => {
    const { url } = await target({}, 'secret');
    const errors = [];
    const on = { error: (error) => errors.push(error) };
    const interceptor = jest.fn(append);
    const answer = await ask(await proxyWith(url, interceptor, { on, selfHandleResponse: false }));
    expect(answer.status).toBe(502);
    expect(answer.body).not.toContain('secret');
    expect(errors.map(({ code }) => code)).toEqual(['ERR_PROXY_INTERCEPTOR_NOT_ALONE']);
    expect(errors[0].message).toBe('responseInterceptor() needs the option selfHandleResponse: true');
    expect(interceptor).not.toHaveBeenCalled();
  });

  test('createProxyServer answers 502 and goes on, without a listener and with one', async () => {
    const { url } = await target({ 'content-encoding': 'gzip' }, 'no gzip');
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    onCleanUp(() => warned.mockRestore());
    for (const withListener of [false, true]) {
      const proxy = createProxyServer({ target: url, selfHandleResponse: true });
      proxy.on('proxyRes', responseInterceptor(append));
      const errors = [];
      if (withListener) proxy.on('error', (error) => errors.push(error.code));
      const server = await httpServer((req, res) => proxy.web(req, res));
      expect((await ask(server)).status).toBe(502);
      expect((await ask(server)).status).toBe(502);
      expect(errors).toHaveLength(withListener ? 2 : 0);
    }
  });

  test('with http-proxy it answers alike', async () => {
    const { url } = await target({ 'content-encoding': 'gzip' }, gzipped);
    const bad = await target({ 'content-encoding': 'gzip' }, 'no gzip');
    const make = (to, interceptor) => {
      const proxy = httpProxy.createProxyServer({ target: to, selfHandleResponse: true });
      proxy.on('proxyRes', responseInterceptor(interceptor));
      return httpServer((req, res) => proxy.web(req, res));
    };
    expect(await ask(await make(url, append))).toMatchObject({ status: 200, body: `${TEXT}!` });
    expect((await ask(await make(bad.url, append))).status).toBe(502);
    expect((await ask(await make(url, throwing(new Error('thrown'))))).status).toBe(502);
  });
});

describe('the limit', () => {
  const large = 4 * 1024 * 1024;

  test.each([
    ['gzip', zlib.gzipSync(Buffer.alloc(large))],
    [
      'br',
      zlib.brotliCompressSync(Buffer.alloc(large), { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }),
    ],
    ['zstd', coded('zstd', Buffer.alloc(large))],
    ['gzip, gzip', zlib.gzipSync(zlib.gzipSync(Buffer.alloc(large)))],
    ['', Buffer.alloc(large)],
  ])('counts what a body with the coding %j becomes', async (coding, body) => {
    const { url } = await target({ 'content-encoding': coding }, body);
    const errors = [];
    const on = { error: (error) => errors.push([error.code, error.message]) };
    const over = await proxyWith(url, append, { limit: large - 1, on });
    expect((await ask(over)).status).toBe(502);
    const message = `The body is larger than the limit of ${large - 1} bytes`;
    expect(errors).toEqual([['ERR_PROXY_BODY_TOO_LARGE', message]]);
    const within = await proxyWith(url, (buffer) => `${buffer.length}`, { limit: large });
    expect(await ask(within)).toMatchObject({ status: 200, body: `${large}` });
    const none = await proxyWith(url, (buffer) => `${buffer.length}`, { limit: Infinity });
    expect(await ask(none)).toMatchObject({ status: 200, body: `${large}` });
  });

  test('must be a number of bytes', () => {
    for (const limit of [-1, NaN, '1', {}])
      expect(() => responseInterceptor(append, { limit })).toThrow(
        'The option limit must be a number of bytes',
      );
    expect(() => responseInterceptor()).toThrow('The interceptor must be a function');
  });
});

test('the listener has the name it has in http-proxy-middleware', () => {
  expect(responseInterceptor(append).name).toBe('proxyResResponseInterceptor');
});
