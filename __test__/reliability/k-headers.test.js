'use strict';

/** Header fields and paths that the application gives (reliability rows K-06, K-07, K-14, K-16 and K-27). */

const { createProxyMiddleware, createProxyServer } = require('../../index.js');
const { answeringTarget, closeAll, httpServer, rawExchange } = require('../support/peers.js');
const { FACES, proxyMiddleware } = require('../support/faces.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const POST = lastRequest('POST /', ['Content-Length: 5'], 'hello');

afterEach(closeAll);

describe.each(FACES)('%s', (name, face) => {
  const make = { createProxyMiddleware, createProxyServer }[name];

  test.each([
    ['a line end', { 'x-a': 'b\r\nX-Smuggled: 1' }],
    ['a carriage return', { 'x-a': 'b\rX-Smuggled: 1' }],
    ['a line feed', { 'x-a': 'b\nX-Smuggled: 1' }],
    ['a whole request', { 'x-a': 'b\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: me\r\n\r\n' }],
    ['a NUL', { 'x-a': 'b\0' }],
    ['a control character', { 'x-a': 'b\x7f' }],
    ['a line end in one of several values', { 'x-a': ['b', 'c\r\nX-Smuggled: 1'] }],
    ['undefined', { 'x-a': undefined }],
    ['a name with a line end', { 'x-a\r\nX-Smuggled': '1' }],
    ['a name with a space', { 'x a': '1' }],
    ['a name with a colon', { 'x:a': '1' }],
    ['a name beyond ASCII', { 'x-ä': '1' }],
    ['an empty name', { '': '1' }],
    [
      'an object that throws',
      {
        'x-a': {
          toString: () => {
            throw new RangeError('no text');
          },
        },
      },
    ],
  ])('K-06 a headers option with %s fails the request, and nothing is sent', async (_case, headers) => {
    const target = await answeringTarget(OK);
    const { port } = await face({ target: target.url, headers });
    const answer = readResponse(await rawExchange(port, POST));
    // The application's doing, not the client's.
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(target.connections.map(({ text }) => text)).toEqual([]);
    expect(answer.fields.flat().join()).not.toMatch(/smuggled/i);
  });

  test.each([[Symbol('b')], [[Symbol('b')]], [() => 'b']])(
    'K-06 a headers option with %p is refused when it is made',
    (value) => {
      const refusal = { name: 'TypeError', code: 'ERR_PROXY_INVALID_OPTION', option: 'headers' };
      expect(() => make({ target: 'http://127.0.0.1:1', headers: { 'x-a': value } })).toThrow(
        expect.objectContaining(refusal),
      );
    },
  );

  test.each([
    ['a number', { 'x-a': 5 }, ['5']],
    ['a truth value', { 'x-a': true }, ['true']],
    ['several values', { 'x-a': ['1', 2] }, ['1', '2']],
    ['no value', { 'x-a': '' }, ['']],
    ['bytes beyond ASCII', { 'x-a': 'é' }, ['é']],
  ])('K-06 a headers option with %s is sent', async (_case, headers, values) => {
    const target = await answeringTarget(OK);
    const { port } = await face({ target: target.url, headers });
    expect(readResponse(await rawExchange(port, POST))).toMatchObject({ status: 200, body: 'ok' });
    expect(readRequest(target.connections[0].text).values('x-a')).toEqual(values);
  });

  test('K-06 a headers option of a megabyte is sent whole', async () => {
    const target = await answeringTarget(OK);
    const value = 'x'.repeat(1 << 20);
    const { port } = await face({ target: target.url, headers: { 'x-a': value } });
    expect(readResponse(await rawExchange(port, POST))).toMatchObject({ status: 200, body: 'ok' });
    expect(readRequest(target.connections[0].text).values('x-a')[0] === value).toBe(true);
  });

  test.each([
    ['content-length', '3'],
    ['Content-Length', '500'],
    ['content-length', ['5', '6']],
    ['transfer-encoding', 'chunked'],
    ['Transfer-Encoding', 'gzip, chunked'],
    ['connection', 'x-other, upgrade'],
    ['trailer', 'x-kept'],
    ['upgrade', 'h2c'],
    ['te', 'trailers'],
    ['host', 'chosen.test'],
  ])('K-06 a headers option with %s: %p leaves the framing as the body is', async (field, value) => {
    const target = await answeringTarget(OK);
    const { port } = await face({ target: target.url, headers: { [field]: value, 'x-kept': '1' } });
    expect(readResponse(await rawExchange(port, POST))).toMatchObject({ status: 200, body: 'ok' });
    const request = readRequest(target.connections[0].text);
    expect(request).toMatchObject({ body: 'hello', isComplete: true, rest: '', framing: 'length' });
    expect(request.values('x-kept')).toEqual(['1']);
    expect(request.values('host')).toEqual([field === 'host' ? 'chosen.test' : 'me']);
  });

  test.each([
    ['in the headers option', { headers: { 'x-a': '\ud800' } }],
    ['in a name of the headers option', { headers: { 'x-\udc00': 'a' } }],
    [
      'in a field that a listener sets',
      { on: { proxyReq: (proxyReq) => proxyReq.setHeader('x-a', 'b\ud83d') } },
    ],
    ['in a path that a listener sets', { on: { proxyReq: (proxyReq) => (proxyReq.path = '/\ud800') } }],
    ['in a method that a listener sets', { on: { proxyReq: (proxyReq) => (proxyReq.method = 'GE\ud800') } }],
  ])('K-27 half a character %s fails the request, and nothing is sent', async (_case, options) => {
    const target = await answeringTarget(OK);
    const { port } = await face({ target: target.url, ...options });
    expect(readResponse(await rawExchange(port, POST)).status).toBeGreaterThanOrEqual(400);
    expect(target.connections).toEqual([]);
  });

  test('K-27 half a character in a target is encoded as URLs encode it', async () => {
    const target = await answeringTarget(OK);
    const { port } = await face({ target: `${target.url}/\ud800` });
    expect(readResponse(await rawExchange(port, POST))).toMatchObject({ status: 200 });
    expect(readRequest(target.connections[0].text).start).toBe('POST /%EF%BF%BD/ HTTP/1.1');
  });

  test('K-27 half a character in a response field that a listener sets fails the request', async () => {
    const target = await answeringTarget(OK);
    const proxyRes = ({ headers }) => (headers['x-a'] = '\ud800');
    const { port } = await face({ target: target.url, on: { proxyRes } });
    expect(readResponse(await rawExchange(port, POST)).status).toBeGreaterThanOrEqual(500);
  });

  test('K-16 a listener cannot change how the body is framed', async () => {
    const target = await answeringTarget(OK);
    const proxyReq = (request) => {
      request.setHeader('Transfer-Encoding', 'chunked');
      request.setHeader('Content-Length', '3');
    };
    const { port } = await face({ target: target.url, on: { proxyReq } });
    expect(readResponse(await rawExchange(port, POST))).toMatchObject({ status: 200, body: 'ok' });
    const request = readRequest(target.connections[0].text);
    expect(request).toMatchObject({ body: 'hello', isComplete: true, rest: '' });
  });

  test('K-16 a listener that asks for chunks, and has a body of known length, sends it once', async () => {
    const target = await answeringTarget(OK);
    const proxyReq = (request) => request.setHeader('transfer-encoding', 'chunked');
    const { port } = await face({ agent: false, target: target.url, on: { proxyReq } });
    expect(readResponse(await rawExchange(port, POST))).toMatchObject({ status: 200, body: 'ok' });
    expect(readRequest(target.connections[0].text)).toMatchObject({
      body: 'hello',
      isComplete: true,
      rest: '',
    });
    const empty = readResponse(await rawExchange(port, lastRequest('GET /')));
    expect(empty).toMatchObject({ status: 200, body: 'ok' });
    expect(readRequest(target.connections.at(-1).text)).toMatchObject({
      body: '',
      isComplete: true,
      rest: '',
    });
  });
});

describe('K-07 a headers object that is changed while a request runs', () => {
  const change = (headers) => {
    headers['x-user'] = 'mallory';
    headers['x-late'] = '1';
    delete headers['x-gone'];
  };

  test.each([
    ['at once', (headers) => change(headers)],
    ['a tick later', (headers) => process.nextTick(change, headers)],
    [
      'when the target is reached',
      (headers, target) => target.server.once('connection', () => change(headers)),
    ],
  ])('K-07 %s: what is sent is what it was when web() was called', async (_when, changeThen) => {
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ agent: false, target: target.url });
    const headers = { 'x-user': 'alice', 'x-gone': '1' };
    const { port } = await httpServer((req, res) => {
      proxy.web(req, res, { headers });
      changeThen(headers, target);
    });
    await expectFirstThenChanged(port, target);
  });

  test('K-07 those of a middleware, too', async () => {
    const target = await answeringTarget(OK);
    const headers = { 'x-user': 'alice', 'x-gone': '1' };
    const app = (req, res, forward) => {
      const done = forward();
      change(headers);
      return done;
    };
    const { port } = await proxyMiddleware({ agent: false, target: target.url, headers }, { app });
    await expectFirstThenChanged(port, target);
  });

  async function expectFirstThenChanged(port, target) {
    for (const user of ['alice', 'mallory']) {
      expect(readResponse(await rawExchange(port, POST))).toMatchObject({ status: 200, body: 'ok' });
      const request = readRequest(target.connections.at(-1).text);
      expect(request.values('x-user')).toEqual([user]);
      expect(request.values('x-late')).toEqual(user === 'alice' ? [] : ['1']);
    }
  }

  test('K-07 one object for the requests of several users tells each of its own', async () => {
    const target = await answeringTarget(OK);
    const options = { target: target.url, headers: {} };
    const proxy = createProxyServer({ agent: false });
    const waiting = [];
    const { port } = await httpServer((req, res) => {
      waiting.push([req, res]);
      if (waiting.length < 3) return;
      for (const [each, answer] of waiting) {
        options.headers['x-user'] = each.url;
        proxy.web(each, answer, options);
      }
    });
    await Promise.all(['/a', '/b', '/c'].map((url) => rawExchange(port, lastRequest(`GET ${url}`))));
    const requests = target.connections.map(({ text }) => readRequest(text));
    expect(requests).toHaveLength(3);
    for (const { start, values } of requests) expect(start).toBe(`GET ${values('x-user')} HTTP/1.1`);
  });
});

describe('K-14 cookie rewriting looks up own properties alone', () => {
  const cookies = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'other.test'].map(
    (value, i) => `c${i}=1; Domain=${value}; Path=${value}`,
  );
  const answer = [
    'HTTP/1.1 200 OK',
    ...cookies.map((line) => `Set-Cookie: ${line}`),
    'Content-Length: 2',
    '',
    'ok',
  ];

  test.each([
    ['an empty map', {}, (value) => value],
    ['a map of one', { 'other.test': 'new.test' }, (value) => (value === 'other.test' ? 'new.test' : value)],
    ['a map of all others', { '*': 'new.test' }, () => 'new.test'],
    [
      'a map with such names of its own',
      JSON.parse('{"__proto__": "own.test", "constructor": "own.test"}'),
      (value) => (['__proto__', 'constructor'].includes(value) ? 'own.test' : value),
    ],
    [
      'a map that inherits',
      Object.create({ 'other.test': 'inherited.test', '*': 'inherited.test' }),
      (value) => value,
    ],
    ['a text', 'new.test', () => 'new.test'],
  ])('K-14 %s', async (_case, map, expected) => {
    const target = await answeringTarget(answer.join('\r\n'));
    for (const [, face] of FACES) {
      const { port } = await face({ target: target.url, cookieDomainRewrite: map, cookiePathRewrite: map });
      const { status, values } = readResponse(await rawExchange(port, lastRequest('GET /')));
      expect(status).toBe(200);
      const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'other.test'];
      expect(values('set-cookie')).toEqual(
        names.map((name, i) => `c${i}=1; Domain=${expected(name)}; Path=${expected(name)}`),
      );
    }
  });
});
