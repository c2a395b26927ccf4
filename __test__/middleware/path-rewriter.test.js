'use strict';

/** The option `pathRewrite`: its table as version 3 reads it, its function as version 4 calls it. */

const theirs = require('http-proxy-middleware-3/dist/path-rewriter');
const { DEBUG_LINES, createPathRewriter } = require('../../lib/middleware/path-rewriter.js');
const { closeAll } = require('../support/peers.js');
const { ask, beside, namedTarget, withNext } = require('../support/middlewares.js');

afterEach(closeAll);

describe('the table', () => {
  const TABLES = [
    { '^/api/old': '/api/new', '^/remove': '', 'invalid/bar': 'x' },
    { '^/a': '/b', '^/b': '/c' },
    { 'q=1': 'q=2' },
    { '/(\\w+)/(\\w+)': '/$2/$1' },
    { x: '$&$&', y: "$'", z: '$`', w: '$$' },
    { '^': '/prefix' },
    { $: '?end' },
    { '(?<name>a)': '[$<name>]' },
    { 1: 'one', b: 'bee', 0: 'zero' },
    { '/a': '/a', '/': '/never' },
    { '\\?.*$': '' },
    Object.create(null, { '^/a': { value: '/null', enumerable: true } }),
  ];
  const PATHS = [
    '',
    '/',
    '/a',
    '/b',
    '/api/old/x',
    '/remove/this',
    '/x/y?q=1&q=1',
    '/a/b/c',
    '/A',
    '/0/1',
    '/w/z/y/x?w',
    '/%61?x',
    '//a',
  ];

  test.each(TABLES.map((table, i) => [i, table]))('number %s gives the paths of version 3', (_i, table) => {
    const [ours, other] = [createPathRewriter(table, DEBUG_LINES), theirs.createPathRewriter(table)];
    for (const path of PATHS) expect([path, ours(path)]).toEqual([path, other(path)]);
  });

  test.each([[undefined], [null], [{}]])('%p rewrites nothing', (pathRewrite) => {
    expect(createPathRewriter(pathRewrite, DEBUG_LINES)).toBeUndefined();
    expect(theirs.createPathRewriter(pathRewrite)).toBeUndefined();
  });

  test('a function is called as it is', () => {
    const rewrite = () => '/x';
    expect(createPathRewriter(rewrite, DEBUG_LINES)).toBe(rewrite);
  });
});

/** What the target is asked for. */
async function askedBeside(options, line) {
  const target = await namedTarget();
  const { ours, theirs: other } = await beside(4, async (make) => {
    const before = target.asked().length;
    const { calls, listener } = withNext(make({ target: target.url, ...options }));
    const { status } = await ask(listener, line);
    return { status, calls, asked: target.asked().slice(before) };
  });
  return { ours, theirs: other };
}

describe('what the target is asked for', () => {
  test.each([
    ['a table', { '^/api': '' }, 'GET /api/x?y'],
    ['a table that takes all', { '^/api': '' }, 'GET /api'],
    ['a query', { 'y=1': 'y=2' }, 'GET /x?y=1'],
    ['no match', { '^/other': '' }, 'GET /api'],
    ['a function', (path) => path.replace('/a', '/b'), 'GET /a?x'],
    ['an asynchronous function', async (path) => `${path}/async`, 'GET /a'],
    ['nothing', () => undefined, 'GET /a?x'],
    ['a number', () => 5, 'GET /a?x'],
    ['null', async () => null, 'GET /a?x'],
  ])('%s', async (_case, pathRewrite, line) => {
    const { ours, theirs: other } = await askedBeside({ pathRewrite }, line);
    expect(other).toMatchObject({ status: 200, asked: [expect.any(String)] });
    expect(ours).toEqual(other);
  });

  test('an empty path drops the query', async () => {
    const { ours, theirs: other } = await askedBeside({ pathRewrite: () => '' }, 'GET /a?x');
    expect(other.asked).toEqual(['GET / HTTP/1.1']);
    expect(ours).toEqual(other);
  });
});

test('the function is called with path, request, response and the options of this request', async () => {
  const target = await namedTarget();
  const { ours, theirs: other } = await beside(4, async (make) => {
    const calls = [];
    const options = {
      target: target.url,
      pathRewrite(...args) {
        const [path, req, res, own] = args;
        calls.push([args.length, path, req.url, typeof res.setHeader, own !== options, own.target]);
        own.headers = { 'x-one': '1' };
        return '/new';
      },
    };
    const seen = [];
    const middleware = make(options);
    await ask((req, res) => {
      const { listener } = withNext(middleware);
      res.on('finish', () => seen.push(req.url));
      return listener(req, res);
    }, 'GET /a?q');
    return { calls, seen, has: 'headers' in options };
  });
  expect(other).toEqual({
    calls: [[4, '/a?q', '/a?q', 'function', true, target.url]],
    seen: ['/new'],
    has: false,
  });
  expect(ours).toEqual(other);
  expect(target.requests().map(({ values }) => values('x-one'))).toEqual([['1'], ['1']]);
});

test.each([
  ['at once', (path, req, res) => void res.writeHead(418).end('mine')],
  [
    'later',
    async (path, req, res) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      res.writeHead(418).end('mine');
      return '/new';
    },
  ],
])(
  'the function answers itself, %s: nothing is forwarded, and next is not called',
  async (_case, pathRewrite) => {
    const target = await namedTarget();
    const { ours, theirs: other } = await beside(4, async (make) => {
      const { calls, listener } = withNext(make({ target: target.url, pathRewrite }));
      const { status, body } = await ask(listener, 'GET /a');
      return { calls, status, body };
    });
    expect(ours).toEqual({ calls: [], status: 418, body: 'mine' });
    expect(other).toMatchObject({ status: 418, body: 'mine' });
  },
);
