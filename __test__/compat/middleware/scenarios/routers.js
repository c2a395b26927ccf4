'use strict';

/** `router`. */

const { HPM_2, HPM_3, HPM_4 } = require('../../harness/originals.js');
const { ask, reply } = require('../../harness/texts.js');

const SECOND = { answer: reply([], { body: 'second' }) };

/** A table whose values are the second target, but for those that say otherwise. */
const table = (name, keys, requests, more = {}) => ({
  name,
  second: SECOND,
  options: ({ target, second }) => ({
    target,
    router: Object.fromEntries([keys].flat().map((key) => [key, second])),
  }),
  request: requests,
  ...more,
});

const routed = (name, router, more = {}) => ({
  name,
  second: SECOND,
  options: (at) => ({ target: at.target, router: (...args) => router(at, ...args) }),
  request: ask('/a?q'),
  ...more,
});

const host = (name, path = '/a') => ask(path, [`Host: ${name}`]);

module.exports = [
  table('a host', 'me.test', [host('me.test'), host('other.test')]),
  table('a host with a port', 'me.test:8080', [host('me.test:8080'), host('me.test')]),
  table('a host, and a port in the request', 'me.test', host('me.test:8080')),
  table('a host in other letters', 'me.test', host('ME.test')),
  table('a host that ends like it', 'me.test', host('evilme.test')),
  table('a host that begins like it', 'me.test', host('me.test.evil.test')),
  table('a host that stands in the query', 'me.test', host('other.test', '/?me.test')),
  table('a host and a path', 'me.test/api', [
    host('me.test', '/api/x'),
    host('me.test', '/apix'),
    host('me.test', '/x/api'),
    host('other.test', '/api'),
  ]),
  table('a host and a path, both in the query', 'me.test/api', host('other.test', '/?me.test/api')),
  table('a host and a path, behind another host', 'me.test/api', host('evilme.test', '/api')),
  table('a path', '/api', [
    host('me.test', '/api/x'),
    host('me.test', '/apix'),
    host('me.test', '/x/api'),
    host('me.test', '/?/api'),
  ]),
  table('the root', '/', host('me.test', '/x')),
  table('the empty key', '', host('me.test', '/x')),
  {
    name: 'the first key that matches counts',
    second: SECOND,
    options: ({ target, second }) => ({
      target,
      router: { '/a/b': target, '/a': second, 'me.test': target },
    }),
    request: [host('me.test', '/a/x'), host('me.test', '/a/b')],
  },
  table('keys like members of objects', ['/x'], [host('constructor'), host('__proto__'), host('toString')]),
  {
    name: 'an empty table',
    options: ({ target }) => ({ target, router: {} }),
  },
  {
    name: 'an empty table, and no target',
    options: () => ({ router: {} }),
    originals: [HPM_2, HPM_4],
  },
  {
    name: 'a table without a match, and no target',
    second: SECOND,
    options: ({ second }) => ({ router: { 'me.test': second } }),
    request: [host('me.test')],
  },
  {
    name: 'a value that is a URL',
    second: SECOND,
    options: ({ target, second }) => ({ target, router: { me: new URL(second) } }),
  },
  {
    name: 'a value that is an object',
    second: SECOND,
    options: ({ target, second }) => ({
      target,
      router: { me: { protocol: 'http:', host: '127.0.0.1', port: new URL(second).port } },
    }),
  },
  {
    name: 'a value with a base',
    second: SECOND,
    options: ({ target, second }) => ({ target, router: { me: `${second}/base` } }),
  },
  {
    name: 'a table that is changed later',
    second: SECOND,
    options: ({ target, second }) => {
      const router = {};
      return {
        target,
        router,
        pathFilter: () => {
          router.me = second;
          return true;
        },
      };
    },
    request: [ask('/a'), ask('/b')],
  },
  routed('a function', ({ second }, req) => (req.url.startsWith('/a') ? second : undefined), {
    request: [ask('/a'), ask('/b')],
  }),
  routed('a function that gives a promise', async ({ second }) => second),
  routed('a function that gives nothing', () => undefined),
  routed('a function that gives null', () => null),
  routed('a function that gives the empty text', () => ''),
  routed('a function that gives false', () => false),
  routed('a function that gives a URL', ({ second }) => new URL(second)),
  routed('a function that gives an object', ({ second }) => {
    const { hostname, port } = new URL(second);
    return { protocol: 'http:', host: hostname, port };
  }),
  routed('a function that throws', () => failing()),
  routed('a function that rejects', async () => failing()),
  routed('a function that throws what is no error', () => {
    // eslint-disable-next-line no-throw-literal -- That is the point.
    throw 'a text';
  }),
  routed('a function that gives what is no address', () => 'no address', { originals: [HPM_4] }),
  routed('a target where nobody listens', ({ closed }) => `http://127.0.0.1:${closed}`),
  routed('a function that answers by itself', ({ note }, req) => {
    note(`${req.url} ${req.originalUrl}`);
  }),
  routed(
    'what a function is given since version 4.1',
    ({ note }, req, res, options) => note(`${req.url} ${typeof res?.end} ${typeof options?.target}`),
    { originals: [HPM_4] },
  ),
  routed(
    'a function that edits the options',
    (at, req, res, options) => {
      options.headers = { 'x-edited': req.url };
      options.changeOrigin = true;
    },
    { originals: [HPM_4], request: [ask('/a'), ask('/b')] },
  ),
  {
    name: 'the path that it sees, which is not rewritten yet',
    second: SECOND,
    options: ({ target, second, note }) => ({
      target,
      pathRewrite: { '^/a': '/b' },
      router: (req) => {
        note(req.url);
        return second;
      },
    }),
    request: ask('/a/x'),
  },
  {
    name: 'the path of a table, which is not rewritten yet',
    second: SECOND,
    options: ({ target, second }) => ({ target, pathRewrite: { '^/a': '/b' }, router: { '/a': second } }),
    request: ask('/a/x'),
  },
  { name: 'null', options: ({ target }) => ({ target, router: null }), originals: [HPM_2, HPM_3, HPM_4] },
  { name: 'a Map', options: ({ target }) => ({ target, router: new Map([['me', 'x']]) }) },
  { name: 'a text', options: ({ target }) => ({ target, router: 'http://me.test' }) },
];

function failing() {
  throw new RangeError('of the router');
}
