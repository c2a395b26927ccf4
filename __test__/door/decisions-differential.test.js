'use strict';

/** The middleware's data (`pathFilter`, `pathRewrite`, `router`), decided by the native door: the answers are those of the middleware. */

const { createProxyMiddleware, createProxyServer } = require('../../index.js');
const { DECISIONS, isData } = require('../../lib/proxy-server/door-routes.js');
const { closeAll, httpServer, rawExchange } = require('../support/peers.js');
const { openDoor } = require('../support/doors.js');
const { readResponses } = require('../support/messages.js');

afterEach(closeAll);

/** Deterministic: a failure can be repeated. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}

const PIECES = [
  '/',
  '/',
  'api',
  'v1',
  'a',
  'b',
  '.',
  '..',
  '%61',
  '%2F',
  '@',
  '^',
  '|',
  "'",
  '$',
  '~',
  '?',
  'q=1',
  '-1',
];
const HOSTS = ['a.test', 'b.test:80', 'A.test', 'x.a.test', 'c.test'];

function requests(count, next) {
  const fixed = ['/', '/api', '/api/', '/api/v1/x?q=1', '//api', '///api', '/api?/b', '/b/api', '/API'];
  const made = Array.from({ length: count - fixed.length }, () => {
    const pieces = Array.from({ length: 1 + next(7) }, () => PIECES[next(PIECES.length)]);
    return `/${pieces.join('')}`;
  });
  // A user name in a host that the legacy parser sees in a path: the one difference (docs/decisions/0005-native-door.md).
  const isPath = (path) => !/^\/\/[^@/]+@[^@/]+/.test(path);
  return [...fixed, ...made].filter(isPath).map((path) => ({ path, host: HOSTS[next(HOSTS.length)] }));
}

/** All answers, to requests on one connection. */
async function answers(port, asked) {
  const texts = asked.map(({ path, host }, i) => {
    const connection = i === asked.length - 1 ? 'close' : 'keep-alive';
    return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: ${connection}\r\n\r\n`;
  });
  return readResponses(await rawExchange(port, texts.join(''), 20_000)).map(({ status, body }) =>
    status === 200 ? body : status,
  );
}

const RULES = [
  { '^/api': '' },
  { '^/api/(v\\d+)/(.*)$': '/$2?$1', '^/a': '/b', '^/b': '/c' },
  { '(?<first>[a-z]+)/(?<second>\\w*)': '$<second>/$<first>$<none>' },
  { '(a)(p)(i)?': "$3$2$1$&$`$'$$$4$01$10", '\\?.*$': '' },
  { '(?<=/)b(?!/)': 'B', '(.)\\1': '-' },
  { '^': '/prefix', never: 'x' },
  { '[^/a-z]+': '_', $: '!' },
  { 'q=1': undefined, v: null, b: 5 },
];

const CASES = [
  ['nothing', {}],
  ['a plain filter', { pathFilter: '/api' }],
  ['plain filters', { pathFilter: ['/api', '/a^', '//', '/~'] }],
  ['globs', { pathFilter: ['/api/**', '/a*', '!**/b'] }],
  ['a negated glob', { pathFilter: '!/api/**' }],
  ...RULES.map((pathRewrite) => [`the rules ${JSON.stringify(pathRewrite)}`, { pathRewrite }]),
  ['a router by host', { router: { 'a.test': 'B', 'A.test': 'C' } }],
  ['a router by path', { router: { '/api/v1': 'B', '/a': 'C' } }],
  ['a router by both', { router: { 'a.test/api': 'B', '/b': '', 'b.test:80': 'C', '/': 'B' } }],
  [
    'all of them',
    { pathFilter: ['/a**', '/b/**'], pathRewrite: { '^/api': '/b' }, router: { '/b': 'B', 'a.test': 'C' } },
  ],
];

test.each(CASES)('%s', async (_case, { router, ...data }) => {
  const urls = {};
  for (const name of ['A', 'B', 'C'])
    urls[name] = (await httpServer((req, res) => res.end(`${name} ${req.url}`))).url;
  const table =
    router && Object.fromEntries(Object.entries(router).map(([key, name]) => [key, urls[name] ?? name]));
  const decisions = { ...data, ...(table && { router: table }) };
  expect(isData(decisions)).toBe(true);

  const middleware = createProxyMiddleware({ target: urls.A, ...decisions });
  const behindNode = await httpServer((req, res) => middleware(req, res, () => res.writeHead(404).end()));
  const door = await openDoor({ target: urls.A }, { [DECISIONS]: decisions, maxRequestsPerSocket: 10_000 });

  const asked = requests(80, random(CASES.length));
  const [theirs, ours] = [await answers(behindNode.port, asked), await answers(door.port, asked)];
  expect(theirs).toHaveLength(asked.length);
  const told = (list) => list.map((answer, i) => `${asked[i].host} ${asked[i].path}: ${answer}`);
  expect(told(ours)).toEqual(told(theirs));
});

test('a router without a match, and without a target beside it, leaves the request to others', async () => {
  const { url } = await httpServer((req, res) => res.end('routed'));
  const { port } = await openDoor({}, { [DECISIONS]: { router: { '/api': url } } });
  expect(
    await answers(
      port,
      ['/api', '/'].map((path) => ({ path, host: 'me' })),
    ),
  ).toEqual(['routed', 404]);
});

test.each([
  [
    'a filter that is none',
    { pathFilter: ['/api', '/b/**'] },
    { code: 'HPM_INVALID_PATH_FILTER_ARRAY_CONFIG' },
  ],
  ['rules that are none', { pathRewrite: 5 }, { code: 'HPM_INVALID_PATH_REWRITER_CONFIG' }],
  ['an expression that is none', { pathRewrite: { '(': 'x' } }, { name: 'SyntaxError' }],
  ['a replacement that cannot be sent', { pathRewrite: { a: '€' } }, { option: 'pathRewrite' }],
  ['a target that is none', { router: { a: 'ftp://a' } }, { option: 'target' }],
])('%s is said when the door is opened', (_case, decisions, error) => {
  const proxy = createProxyServer({ target: 'http://127.0.0.1:1' });
  expect(() => proxy.listen(0, { [DECISIONS]: decisions })).toThrow(expect.objectContaining(error));
});

test.each([
  [{ pathFilter: () => true }],
  [{ pathRewrite: (path) => path }],
  [{ pathRewrite: { a: () => 'b' } }],
  [{ router: () => 'http://a' }],
])('%p is no data', (options) => {
  expect(isData(options)).toBe(false);
});
