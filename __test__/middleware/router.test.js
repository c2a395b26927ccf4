'use strict';

/** The option `router`: its table as version 3 reads it, its function as version 4 calls it. */

const { targetFromTable } = require('../../lib/middleware/router.js');
const { getTarget } = require('http-proxy-middleware-3/dist/router');
const { createProxyMiddleware } = require('../../index.js');
const { closeAll } = require('../support/peers.js');
const { ask, beside, namedTarget, withNext } = require('../support/middlewares.js');

afterEach(closeAll);

describe('the table', () => {
  const TABLES = [
    { 'a.example': 1, 'b.example:80': 2, '/api': 3, 'a.example/api': 4 },
    { 'a.example/api': 4, '/api': 3, 'a.example': 1 },
    { '/': 1, '/api': 2 },
    { 'example/api': 1, 'a.example/': 2, example: 3 },
    { '': 1 },
    { 'a.example': 0, '/api': 2 },
    { 'A.example': 1, '/API': 2, '//x': 3, 'a.example//x': 4 },
    { 2: 'two', b: 'b', 1: 'one' },
    Object.create(null, { '/api': { value: 5, enumerable: true } }),
    {},
  ];
  const HOSTS = [
    undefined,
    '',
    'a.example',
    'b.example:80',
    'b.example',
    'x.a.example',
    'A.example',
    '1',
    '2',
  ];
  const PATHS = [
    undefined,
    '',
    '/',
    '/api',
    '/apix',
    '/API',
    '/x/api',
    '/api?x',
    '//x',
    '/a.example/api',
    '*',
  ];
  const ROWS = TABLES.map((table, i) => [i, table]);

  test.each(ROWS)('number %s gives the targets of version 3', async (_i, table) => {
    for (const host of HOSTS) {
      for (const url of PATHS) {
        const req = { headers: host === undefined ? {} : { host }, url };
        const theirs = await getTarget(req, { router: table });
        expect([host, url, targetFromTable(req, table, () => {})]).toEqual([host, url, theirs]);
      }
    }
  });

  test('a part of a host is not the host (CVE-2026-55602)', () => {
    const table = { 'internal/admin': 'http://internal' };
    for (const host of ['internal.evil.example', 'evil-internal', 'x.internal', 'internal/admin'])
      expect(targetFromTable({ headers: { host }, url: '/internal/admin' }, table, () => {})).toBeUndefined();
  });

  test.each([
    ['a match', { router: { me: 'ROUTED' } }, 'routed'],
    ['no match', { router: { other: 'ROUTED' } }, 'static'],
    ['a path', { router: { '/a': 'ROUTED' } }, 'routed'],
    [
      'the path before it is rewritten',
      { router: { '/a': 'ROUTED' }, pathRewrite: { '^/a': '/b' } },
      'routed',
    ],
    [
      'the path after it is rewritten',
      { router: { '/b': 'ROUTED' }, pathRewrite: { '^/a': '/b' } },
      'static',
    ],
  ])('%s', async (_case, { router, ...options }, expected) => {
    const [routed, fixed] = [await namedTarget('routed'), await namedTarget('static')];
    const table = Object.fromEntries(Object.entries(router).map(([key]) => [key, routed.url]));
    const bodyOf = async (make) =>
      (await ask(withNext(make({ target: fixed.url, router: table, ...options })).listener, 'GET /a/x')).body;
    const { ours, theirs } = await beside(4, bodyOf);
    expect([ours, theirs]).toEqual([expected, expected]);
  });
});

describe('the function', () => {
  const bodyOf = (options) => async (make) =>
    (await ask(withNext(make(options)).listener, 'GET /a?q', ['X-Who: me'])).body;

  test.each([
    ['a text', (url) => url],
    ['a promise', async (url) => url],
    ['a URL', (url) => new URL(url)],
    ['parts', (url) => ({ protocol: 'http:', host: '127.0.0.1', port: new URL(url).port })],
    ['nothing', () => undefined],
    ['an empty text', () => ''],
    ['a promise of nothing', async () => null],
  ])('gives %s', async (_case, give) => {
    const [routed, fixed] = [await namedTarget('routed'), await namedTarget('static')];
    const options = { target: fixed.url, router: () => give(routed.url) };
    const { ours, theirs } = await beside(4, bodyOf(options));
    expect(ours).toBe(theirs);
  });

  test('is called with the request, the response, and options of this request alone', async () => {
    const target = await namedTarget();
    const seen = async (make) => {
      const calls = [];
      const options = {
        target: 'http://127.0.0.1:1',
        headers: { 'x-all': '1' },
        router(...args) {
          const [req, res, own] = args;
          calls.push([
            args.length,
            req.url,
            req.headers['x-who'],
            typeof res.setHeader,
            own !== options,
            own.headers,
          ]);
          own.headers = { 'x-one': `${calls.length}` };
          return target.url;
        },
      };
      const { listener } = withNext(make(options));
      for (let i = 0; i < 2; i++) await ask(listener, 'GET /a?q', ['X-Who: me']);
      return { calls, headers: options.headers };
    };
    const { ours, theirs } = await beside(4, seen);
    expect(theirs.calls).toHaveLength(2);
    expect(ours).toEqual(theirs);
    expect(target.requests().map(({ values }) => [values('x-one'), values('x-all')])).toEqual([
      [['1'], []],
      [['2'], []],
      [['1'], []],
      [['2'], []],
    ]);
  });

  test('sets options for one request: selfHandleResponse, changeOrigin, pathRewrite sees them', async () => {
    const target = await namedTarget();
    const seen = async (make) => {
      const calls = [];
      const middleware = make({
        target: 'http://127.0.0.1:1',
        router(req, res, own) {
          own.changeOrigin = true;
          own.target = target.url;
        },
        pathRewrite(path, req, res, own) {
          calls.push([path, own.changeOrigin, own.target]);
          return `${path}&r`;
        },
      });
      const { body } = await ask(withNext(middleware).listener, 'GET /a?q');
      return { calls, body };
    };
    const { ours, theirs } = await beside(4, seen);
    expect(ours).toEqual(theirs);
    expect(target.requests().map(({ start, values }) => [start, values('host')])).toEqual(
      Array(2).fill(['GET /a?q&r HTTP/1.1', [new URL(target.url).host]]),
    );
  });

  test('answers itself: nothing is forwarded, and next is not called', async () => {
    const target = await namedTarget();
    const { calls, listener } = withNext(
      createProxyMiddleware({
        target: target.url,
        router: (req, res) => void res.writeHead(418).end('mine'),
      }),
    );
    expect(await ask(listener, 'GET /')).toMatchObject({ status: 418, body: 'mine' });
    expect([calls, target.asked()]).toEqual([[], []]);
  });

  test('never settles: hookTimeout limits it', async () => {
    const { calls, listener } = withNext(
      createProxyMiddleware({
        target: 'http://127.0.0.1:1',
        router: () => new Promise(() => {}),
        hookTimeout: 50,
      }),
    );
    expect(await ask(listener, 'GET /')).toMatchObject({ status: 500 });
    expect(calls).toEqual([[expect.objectContaining({ code: 'ERR_PROXY_HOOK_TIMEOUT' })]]);
  });

  test('a client that leaves meanwhile does no harm', async () => {
    const target = await namedTarget();
    const { calls, listener } = withNext(
      createProxyMiddleware({
        target: target.url,
        async router(req) {
          req.socket.destroy();
          await new Promise((resolve) => setTimeout(resolve, 50));
        },
      }),
    );
    await expect(ask(listener, 'GET /')).rejects.toThrow('No complete head');
    expect([calls, target.connections]).toEqual([[], []]);
  });
});
