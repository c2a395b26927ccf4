'use strict';

/** The lines of the option `logger`, character for character those of version 4. */

const { createProxyMiddleware } = require('../../index.js');
const { closeAll, eventually, rawTarget } = require('../support/peers.js');
const { DOWN, ask, beside, namedTarget, recordingLogger, withNext } = require('../support/middlewares.js');

afterEach(closeAll);

/** What a middleware says while it handles these requests, each on a server of its own. */
async function linesOf(make, options, requests, before = () => {}) {
  const { lines, logger } = recordingLogger();
  const middleware = make({ ...options, logger });
  for (const line of requests) {
    const { listener } = withNext(middleware);
    await ask((req, res) => {
      before(req, res);
      return listener(req, res);
    }, line);
  }
  return lines;
}

describe('a response', () => {
  const REQUESTS = [
    'GET /users',
    'POST /users',
    'GET /',
    'HEAD /x',
    'GET /a?b=c&d',
    'GET /a?',
    'GET /a%20b/%2e/c?x=%3F',
    'GET /a/../b',
    'GET //a//b',
    'GET /?/a?b',
  ];

  test.each(['200 OK', '304 Not Modified', '404 Not Found', '503 Down'])('with status %s', async (status) => {
    const { url } = await namedTarget('', status);
    const { ours, theirs } = await beside(4, (make) => linesOf(make, { target: url }, ['GET /users']));
    expect(theirs).toEqual([['info', `[HPM] GET /users -> ${url}/users [${status.slice(0, 3)}]`]]);
    expect(ours).toEqual(theirs);
  });

  test.each(REQUESTS)('%s', async (request) => {
    const { url } = await namedTarget();
    const { ours, theirs } = await beside(4, (make) => linesOf(make, { target: url }, [request]));
    expect(theirs).toHaveLength(1);
    expect(ours).toEqual(theirs);
  });

  test.each([
    ['a path of the target', (url) => ({ target: `${url}/base` })],
    ['a path and a query of the target', (url) => ({ target: `${url}/base?k=v` })],
    ['a rewritten path', (url) => ({ target: url, pathRewrite: { '^/a': '/b' } })],
    ['a router', (url) => ({ target: 'http://127.0.0.1:1', router: { me: url } })],
    ['a target as a URL', (url) => ({ target: new URL(url) })],
    ['a changed origin', (url) => ({ target: url, changeOrigin: true })],
    [
      'a path that a listener has changed',
      (url) => ({
        target: url,
        on: { proxyReq: (proxyReq) => (proxyReq.path = '/changed') },
      }),
    ],
  ])('of %s', async (_case, options) => {
    const { url } = await namedTarget();
    const { ours, theirs } = await beside(4, (make) => linesOf(make, options(url), ['GET /a/x?y']));
    expect(theirs).toHaveLength(1);
    expect(ours).toEqual(theirs);
  });

  test.each([
    ['a mount', (req) => Object.assign(req, { originalUrl: `/api${req.url}`, baseUrl: '/api' })],
    ['a mount without the original URL', (req) => Object.assign(req, { baseUrl: '/api' })],
  ])('behind %s', async (_case, before) => {
    const { url } = await namedTarget();
    const { ours, theirs } = await beside(4, (make) => linesOf(make, { target: url }, ['GET /a'], before));
    expect(theirs).toEqual([['info', `[HPM] GET /api/a -> ${url}/a [200]`]]);
    expect(ours).toEqual(theirs);
  });
});

describe('a failure', () => {
  test.each(['GET /users?a', 'POST /', 'GET /<x>'])('nobody listens, %s', async (request) => {
    const target = DOWN;
    const { ours, theirs } = await beside(4, (make) => linesOf(make, { target }, [request]));
    expect(theirs).toEqual([
      [
        'error',
        '[HPM] Error occurred while proxying request %s to %s [%s] (%s)',
        `me${request.split(' ')[1]}`,
        `${target}/`,
        'ECONNREFUSED',
        'https://nodejs.org/api/errors.html#errors_common_system_errors',
      ],
    ]);
    expect(ours).toEqual(theirs);
  });

  test.each([
    ['the connection is cut', (connection) => connection.socket.destroy()],
    ['the answer is none', (connection) => connection.socket.end('nonsense\r\n\r\n')],
  ])('%s', async (_case, answer) => {
    const target = await rawTarget((connection) => connection.onRequest(() => answer(connection)));
    const { ours, theirs } = await beside(4, (make) => linesOf(make, { target: target.url }, ['GET /a']));
    expect(theirs).toHaveLength(1);
    expect(ours).toEqual(theirs);
  });

  test('with a listener of the own', async () => {
    const options = {
      target: DOWN,
      on: { error: (error, req, res) => res.writeHead(502).end() },
    };
    const { ours, theirs } = await beside(4, (make) => linesOf(make, options, ['GET /a']));
    expect(theirs).toHaveLength(1);
    expect(ours).toEqual(theirs);
  });
});

test.each([
  ['a number', 5],
  ['both kinds', ['/api', '/api/**']],
])('a filter that is %s', async (_case, pathFilter) => {
  const { url } = await namedTarget();
  const said = async (make) => {
    const lines = await linesOf(make, { target: url, pathFilter }, ['GET /api', 'GET /b']);
    return lines.map(([level, error, ...rest]) => [
      level,
      error.name,
      error.message,
      error.code,
      rest.length,
    ]);
  };
  const { ours, theirs } = await beside(4, said);
  expect(theirs).toHaveLength(2);
  expect(ours).toEqual(theirs);
});

test('what a filter throws', async () => {
  const { url } = await namedTarget();
  const thrown = new Error('of the filter');
  const pathFilter = () => {
    throw thrown;
  };
  const { ours, theirs } = await beside(4, (make) => linesOf(make, { target: url, pathFilter }, ['GET /a']));
  expect(theirs).toEqual([['error', thrown]]);
  expect(ours).toEqual(theirs);
});

test('what an asynchronous filter, which always matches, rejects with', async () => {
  const { url } = await namedTarget();
  const thrown = new Error('of the filter');
  const lines = await linesOf(
    createProxyMiddleware,
    { target: url, pathFilter: () => Promise.reject(thrown) },
    ['GET /a'],
  );
  expect(lines).toEqual([
    ['error', thrown],
    ['info', `[HPM] GET /a -> ${url}/a [200]`],
  ]);
});

test.each([
  [
    'throws',
    () => {
      throw new Error('of the logger');
    },
  ],
  [
    'rejects',
    async () => {
      throw new Error('of the logger');
    },
  ],
])('a logger that %s harms no request, and is reported once', async (_case, fail) => {
  const { url } = await namedTarget();
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation();
  const logger = { info: fail, warn: fail, error: fail };
  const middleware = createProxyMiddleware({ target: url, logger });
  for (let i = 0; i < 2; i++)
    expect(await ask(middleware, 'GET /a')).toMatchObject({ status: 200, body: 'target' });
  await eventually(() => emitWarning.mock.calls.length > 0);
  const warnings = [...emitWarning.mock.calls];
  emitWarning.mockRestore();
  expect(warnings).toEqual([
    [expect.stringMatching('of the logger'), { type: 'ProxyWarning', code: 'RS_PROXY_LOGGER' }],
  ]);
});
