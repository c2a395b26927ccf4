'use strict';

/** The option `routes` of the native door: several targets by the beginning of the path, rewritten by rules of their own. */

const { createProxyServer } = require('../../index.js');
const { closeAll, httpServer, rawExchange } = require('../support/peers.js');
const { openDoor } = require('../support/doors.js');
const { lastRequest, readResponses, requestText } = require('../support/messages.js');

afterEach(closeAll);

/** Targets that say who they are and what they were asked for. */
function targets(...names) {
  return Promise.all(
    names.map(async (name) => (await httpServer((req, res) => res.end(`${name} ${req.url}`))).url),
  );
}

/** What is answered to requests for these targets, on one connection. */
async function answers(port, paths) {
  const requests = paths.map((path, i) =>
    i === paths.length - 1 ? lastRequest(`GET ${path}`) : requestText(`GET ${path}`),
  );
  return readResponses(await rawExchange(port, requests.join('')));
}

const bodies = (responses) => responses.map(({ status, body }) => (status === 200 ? body : status));

test('the longest route that matches whole segments counts', async () => {
  const [api, v1, web] = await targets('api', 'v1', 'web');
  const routes = [
    { path: '/api', target: api },
    { path: '/api/v1/', target: v1 },
    { path: '/a%20b', target: new URL(api) },
    { path: '/sub', target: `${v1}/base` },
  ];
  const { port } = await openDoor({ target: web }, { routes });
  const asked = [
    '/api',
    '/api/',
    '/api?q',
    '/apix',
    '/api/v1',
    '/api/v1/x?q',
    '/api/v12',
    '/%61pi/%7e',
    '/a%20b/c',
  ];
  expect(bodies(await answers(port, [...asked, '/sub/x', '/', 'http://me/api/x']))).toEqual([
    'api /api',
    'api /api/',
    'api /api?q',
    'web /apix',
    'v1 /api/v1',
    'v1 /api/v1/x?q',
    'api /api/v12',
    'api /%61pi/%7e',
    'api /a%20b/c',
    'v1 /base/sub/x',
    'web /',
    'api /api/x',
  ]);
});

test('a route has rules of its own, which see the path as the route did', async () => {
  const [api, web] = await targets('api', 'web');
  const routes = [
    { path: '/api', target: api, rewrite: { '^/api': '' } },
    { path: '/v', target: api, rewrite: { '^/v(\\d+)/(.*)': '/$2?v=$1', '^/v': '/never' } },
    { path: '/', target: web },
  ];
  const { port } = await openDoor({}, { routes });
  const asked = ['/api', '/api/x?y', '/%61pi/x', '/other/api', '/v'];
  expect(bodies(await answers(port, asked))).toEqual([
    'api /',
    'api /x?y',
    'api /x',
    'web /other/api',
    'api /never',
  ]);
});

test('what no route is for is answered with 404, on a connection that is kept', async () => {
  const [api] = await targets('api');
  const { port, proxy } = await openDoor({}, { routes: [{ path: '/api', target: api }] });
  const [first, second] = await answers(port, ['/', '/api']);
  expect(first).toMatchObject({ status: 404, reason: 'Not Found', body: '404 Not Found\n' });
  expect(first.values('connection')).toEqual(['keep-alive']);
  expect(second).toMatchObject({ status: 200, body: 'api /api' });
  expect(proxy.stats().door).toMatchObject({ unrouted: 1, forwarded: 1, refused: 0 });
});

test.each(['/api/../admin', '/api/%2e%2e/admin', '/api/.', '/api/%', '/api/%zz', 'http://me/api/..'])(
  '%s is decided on by no route: 400',
  async (path) => {
    const [api] = await targets('api');
    const { port, proxy } = await openDoor({}, { routes: [{ path: '/api', target: api }] });
    expect(bodies(await answers(port, [path]))).toEqual([400]);
    expect(proxy.stats().door).toMatchObject({ refused: 1, forwarded: 0 });
  },
);

describe('what is no list of routes is refused', () => {
  const target = 'http://127.0.0.1:1';
  test.each([
    ['no list', {}],
    ['no path', [{ target }]],
    ['a path without slash', [{ path: 'api', target }]],
    ['no target', [{ path: '/api' }]],
    ['an unknown name', [{ path: '/api', target, rewrites: {} }]],
    ['rules that are no table', [{ path: '/api', target, rewrite: [] }]],
    ['a function among the rules', [{ path: '/api', target, rewrite: { a: () => 'b' } }]],
    ['a replacement that cannot be sent', [{ path: '/api', target, rewrite: { a: '€' } }]],
    ['a path with a dot segment', [{ path: '/api/../x', target }]],
    ['a path with a broken escape', [{ path: '/api%', target }]],
  ])('%s', (_case, routes) => {
    const proxy = createProxyServer({});
    expect(() => proxy.listen(0, { host: '127.0.0.1', routes })).toThrow(
      expect.objectContaining({ code: 'ERR_PROXY_INVALID_OPTION', option: 'routes' }),
    );
  });

  test('a target that is none', () => {
    const proxy = createProxyServer({});
    const routes = [{ path: '/', target: 'ftp://a' }];
    expect(() => proxy.listen(0, { routes })).toThrow(expect.objectContaining({ option: 'target' }));
  });

  test('neither routes nor a target', () => {
    expect(() => createProxyServer({}).listen(0, {})).toThrow(
      expect.objectContaining({ option: 'target', message: expect.stringContaining('routes') }),
    );
  });
});
