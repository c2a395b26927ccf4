'use strict';

/** Bodies, URLs and hosts that are made to mislead a middleware (reliability rows C-16 to C-19). */

const { createProxyMiddleware, fixRequestBody } = require('../../index.js');
const { ask, namedTarget, recordingLogger, withNext } = require('../support/middlewares.js');
const { closeAll, eventually, httpServer, rawClient } = require('../support/peers.js');
const { lastRequest, readResponse } = require('../support/messages.js');
const { stats } = require('../support/engine.js');

afterEach(closeAll);

/** With the listener that is known from elsewhere, and without it. */
const WAYS = [
  ['fixRequestBody', { proxyReq: fixRequestBody }],
  ['the middleware itself', {}],
];

/** Behind a parser that leaves `body`, once it has read everything. */
const parsed = (middleware, body) => (req, res) =>
  req.resume().on('end', () => {
    req.body = body;
    void middleware(req, res);
  });

describe.each(WAYS)('%s', (_way, on) => {
  const LINES = ['Content-Type: multipart/form-data; boundary=B', 'Content-Length: 1'];

  test.each([
    ['a line end in a name', { 'a"\r\nX: y': '1' }],
    ['a line feed in a name', { 'a\nb': '1' }],
    ['a line end in a value', { a: '1\r\n--B\r\n' }],
    ['the boundary in a value', { a: '--B--' }],
    ['the boundary in an array', { a: ['1', '--B'] }],
  ])('C-16 %s: 400, and nothing reaches the target', async (_what, body) => {
    const target = await namedTarget();
    const middleware = createProxyMiddleware({ target: target.url, on });
    expect((await ask(parsed(middleware, body), 'POST /a', LINES, 'x')).status).toBe(400);
    expect(target.connections).toEqual([]);
  });

  test('C-16 quotes and names of prototypes are names like any other', async () => {
    const target = await namedTarget();
    const middleware = createProxyMiddleware({ target: target.url, on });
    const body = JSON.parse('{"a\\"b": "1", "__proto__": "2", "constructor": "3"}');
    expect((await ask(parsed(middleware, body), 'POST /a', LINES, 'x')).status).toBe(200);
    const names = target.requests()[0].body.match(/name=".*"/g);
    expect(names).toEqual(['name="a\\"b"', 'name="__proto__"', 'name="constructor"']);
  });

  test('C-17 a parser that has read a part: no body is made up, and the part that is left is not the whole', async () => {
    const target = await namedTarget();
    const middleware = createProxyMiddleware({ target: target.url, on });
    const { port } = await httpServer((req, res) =>
      req.once('data', () => {
        req.pause();
        req.body = { a: 1 };
        void middleware(req, res);
      }),
    );
    const lines = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];
    const client = await rawClient(port, lastRequest('POST /a', lines, '4\r\n{"a"\r\n'));
    setTimeout(() => client.socket.write('4\r\n: 1}\r\n0\r\n\r\n'), 30);
    await client.closed();
    expect(readResponse(client.text).status).toBe(500);
    expect(target.connections).toEqual([]);
    await eventually(() => stats().exchanges === 0);
  });
});

test('C-17 fixRequestBody called twice writes the body once', async () => {
  const target = await namedTarget();
  const on = {
    proxyReq(proxyReq, req) {
      fixRequestBody(proxyReq, req);
      fixRequestBody(proxyReq, req);
    },
  };
  const middleware = createProxyMiddleware({ target: target.url, on });
  const lines = ['Content-Type: application/json', 'Content-Length: 7'];
  expect((await ask(parsed(middleware, { a: 1 }), 'POST /a', lines, '{"a":1}')).status).toBe(200);
  expect(target.requests()).toMatchObject([{ body: '{"a":1}', rest: '' }]);
});

describe('a path filter', () => {
  test.each(['//x:yy', '//', '/\\', 'http://[', '//%', '/%', '*', '/?*', '//[::1', '/a'.repeat(4000)])(
    'C-18 %s is proxied or handed on, and nobody is left without an answer',
    async (url) => {
      const target = await namedTarget();
      for (const pathFilter of ['/a', '/a/**', ['/**', '!/b'], () => true]) {
        const { calls, listener } = withNext(createProxyMiddleware({ target: target.url, pathFilter }));
        const { status } = await ask(listener, `OPTIONS ${url}`);
        expect([200, 400, 404]).toContain(status);
        expect(calls).toEqual(status === 404 ? [[]] : []);
      }
    },
  );

  test.each([
    ['throws', () => { throw new Error('of the filter'); }], // prettier-ignore
    ['gives what cannot be asked', () => new Proxy({}, { get() { throw new Error('of the filter'); } })], // prettier-ignore
  ])('C-18 a function that %s lets nothing through, and the logger hears of it', async (_how, pathFilter) => {
    const target = await namedTarget();
    const { logger, lines } = recordingLogger();
    const { calls, listener } = withNext(createProxyMiddleware({ target: target.url, pathFilter, logger }));
    expect((await ask(listener, 'GET /a')).status).toBe(404);
    expect(calls).toEqual([[]]);
    expect(lines).toEqual([['error', expect.objectContaining({ message: 'of the filter' })]]);
    expect(target.connections).toEqual([]);
  });

  test('C-18 what an asynchronous one rejects with is told to the logger, not to the process', async () => {
    const target = await namedTarget();
    const { logger, lines } = recordingLogger();
    const pathFilter = async () => {
      throw new Error('of the filter');
    };
    const middleware = createProxyMiddleware({ target: target.url, pathFilter, logger });
    expect((await ask(middleware, 'GET /a')).status).toBe(200);
    expect(lines).toContainEqual(['error', expect.objectContaining({ message: 'of the filter' })]);
  });
});

describe('a router table', () => {
  const HOSTS = ['evilroute.test', 'route.test.evil', 'route.test@evil', 'ROUTE.TEST', 'route.test:80', 'x'];
  const URLS = ['/?route.test/path', '/x/route.test/path', '/xpath', '/x?/path', '//route.test/path'];

  test.each([
    ...HOSTS.map((host) => [host, '/path']),
    ...URLS.map((url) => ['other.test', url]),
    ...URLS.map((url) => ['route.test', url]),
  ])('C-19 host %s and URL %s are not taken for a route', async (host, url) => {
    const [target, route] = [await namedTarget(), await namedTarget('route')];
    const router = { 'route.test/path': route.url, '/path': undefined };
    const middleware = createProxyMiddleware({ target: target.url, router });
    const { port } = await httpServer((req, res) => void middleware(req, res, () => res.end('next')));
    const client = await rawClient(port, `GET ${url} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    await client.closed();
    expect(route.connections).toEqual([]);
  });

  test('C-19 the names of prototypes are no routes', async () => {
    const target = await namedTarget();
    const middleware = createProxyMiddleware({
      target: target.url,
      router: { 'a.test': 'http://127.0.0.1:1' },
    });
    const { port } = await httpServer((req, res) => void middleware(req, res));
    for (const host of ['constructor', '__proto__', 'toString']) {
      const client = await rawClient(port, `GET /a HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      await client.received('target');
    }
  });
});
