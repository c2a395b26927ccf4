'use strict';

/** Version 2's ways to call, and version 3's bridge to them. */

const { HPM_2, HPM_3 } = require('../../harness/originals.js');
const { ask } = require('../../harness/texts.js');

/** A call of version 2's kind. */
const called = (name, args, more = {}) => ({
  name,
  args: (at) => args(at, { logProvider: () => at.logger, logLevel: 'debug' }),
  originals: [HPM_2],
  request: [ask('/api/a?q'), ask('/other')],
  ...more,
});

/** A call of version 3's bridge. */
const bridged = (name, args, more = {}) => ({
  name: `the bridge: ${name}`,
  args: (at) => args(at, { logProvider: () => at.logger, plugins: [at.plugin] }),
  maker: 'legacyCreateProxyMiddleware',
  originals: [HPM_3],
  request: [ask('/api/a?q'), ask('/other')],
  ...more,
});

const MOUNTED = { app: 'express5', mount: '/api' };

module.exports = [
  called('options alone', ({ target }, log) => [{ target, ...log }]),
  called('options and empty options', ({ target }, log) => [{ target, ...log }, {}]),
  called('a path', ({ target }, log) => ['/api', { target, ...log }]),
  called('paths', ({ target }, log) => [['/api', '/x'], { target, ...log }]),
  called('a glob', ({ target }, log) => ['/api/**', { target, ...log }]),
  called('globs and a negation', ({ target }, log) => [['/**', '!/other'], { target, ...log }]),
  called('a function', ({ target }, log) => [
    (path, req) => path === '/other' && req.method === 'GET',
    { target, ...log },
  ]),
  called('an address', ({ target }, log) => [target, log]),
  called('an address with a path', ({ target }, log) => [`${target}/api`, log]),
  called('an address with a path and options', ({ target }, log) => [
    `${target}/api`,
    { changeOrigin: true, pathRewrite: { '^/api': '' }, ...log },
  ]),
  called('an address and another target', ({ target, closed }, log) => [
    `http://127.0.0.1:${closed}/api`,
    { target, ...log },
  ]),
  called('options alone, mounted', ({ target }, log) => [{ target, ...log }], {
    ...MOUNTED,
    request: ask('/api/a?q'),
  }),
  called('a path, mounted', ({ target }, log) => ['/api', { target, ...log }], {
    ...MOUNTED,
    request: ask('/api/a?q'),
  }),
  called('a path behind the mount', ({ target }, log) => ['/a', { target, ...log }], {
    ...MOUNTED,
    request: ask('/api/a'),
  }),
  called(
    'a rewritten path, mounted',
    ({ target }, log) => ['/api', { target, pathRewrite: { '^/api': '/v1' }, ...log }],
    {
      ...MOUNTED,
      request: ask('/api/a?q'),
    },
  ),
  called('listeners', ({ target, note }, log) => [
    {
      target,
      onProxyReq: (proxyReq, req, res) => note(`onProxyReq ${proxyReq.path} ${req.url} ${typeof res.end}`),
      onProxyRes: (proxyRes, req, res) =>
        note(`onProxyRes ${proxyRes.statusCode} ${req.url} ${typeof res.end}`),
      ...log,
    },
  ]),
  called('a listener of errors', ({ closed, note }, log) => [
    {
      target: `http://127.0.0.1:${closed}`,
      onError: (error, req, res, target) => {
        note(`onError ${error.code} ${req.url} ${target.href}`);
        res.writeHead(500, { 'Content-Type': 'text/plain' });
        res.end('Something went wrong.');
      },
      ...log,
    },
  ]),
  called('a listener that edits fields', ({ target }, log) => [
    {
      target,
      onProxyReq: (proxyReq) => proxyReq.setHeader('x-added', 'foobar'),
      onProxyRes: (proxyRes) => {
        proxyRes.headers['x-added'] = 'foobar';
      },
      ...log,
    },
  ]),
  called('no target', (at, log) => ['/api', { ...log }]),
  called('nothing', () => []),
  called('undefined and options', ({ target }, log) => [undefined, { target, ...log }]),
  called('paths and globs in one', ({ target }, log) => [['/api', '/**'], { target, ...log }]),
  called('a level that is none', ({ target, logger }) => [
    { target, logProvider: () => logger, logLevel: 'loud' },
  ]),
  called('a provider that is none', ({ target }) => [{ target, logProvider: 'console' }]),
  called('rewrite rules that are none', ({ target }, log) => [{ target, pathRewrite: 'x', ...log }]),
  called('a router', ({ target, closed }, log) => [
    '/',
    { target: `http://127.0.0.1:${closed}`, router: { me: target }, ...log },
  ]),
  called('a router as a function', ({ target, closed }, log) => [
    {
      target: `http://127.0.0.1:${closed}`,
      router: (req) => (req.url.startsWith('/api') ? target : undefined),
      ...log,
    },
  ]),
  called('a router that throws', ({ target }, log) => [
    {
      target,
      router: () => {
        throw new RangeError('of the router');
      },
      ...log,
    },
  ]),
  called('nobody listens', ({ closed }, log) => [{ target: `http://127.0.0.1:${closed}`, ...log }]),
  called('nobody listens, mounted', ({ closed }, log) => [{ target: `http://127.0.0.1:${closed}`, ...log }], {
    ...MOUNTED,
    request: ask('/api/a'),
  }),
  bridged('options alone', ({ target }, log) => [{ target, ...log }]),
  bridged('a path', ({ target }, log) => ['/api', { target, ...log }]),
  bridged('paths', ({ target }, log) => [['/api', '/x'], { target, ...log }]),
  bridged('a glob', ({ target }, log) => ['/api/**', { target, ...log }]),
  bridged('a function', ({ target }, log) => [(path) => path === '/other', { target, ...log }]),
  bridged('an address', ({ target }, log) => [target, log]),
  bridged('options alone, mounted', ({ target }, log) => [{ target, ...log }], {
    ...MOUNTED,
    request: ask('/api/a?q'),
  }),
  bridged('a path, mounted', ({ target }, log) => ['/a', { target, ...log }], {
    ...MOUNTED,
    request: ask('/api/a?q'),
  }),
  bridged(
    'a rewritten path, mounted',
    ({ target }, log) => [{ target, pathRewrite: { '^/api': '/v1' }, ...log }],
    {
      ...MOUNTED,
      request: ask('/api/a?q'),
    },
  ),
  bridged('listeners', ({ target, note }, log) => [
    { target, onProxyReq: () => note('onProxyReq'), onProxyRes: () => note('onProxyRes'), ...log },
  ]),
  bridged('a listener of errors', ({ closed, note }, log) => [
    {
      target: `http://127.0.0.1:${closed}`,
      onError: (error, req, res) => {
        note('onError');
        res.writeHead(503).end('mine');
      },
      ...log,
    },
  ]),
  bridged('a level', ({ target }, log) => [{ target, logLevel: 'debug', ...log }]),
  bridged('a silent level', ({ target }, log) => [{ target, logLevel: 'silent', ...log }]),
  bridged('a logger', ({ target, logger }) => ['/api', { target, logger }]),
  bridged('no target', (at, log) => ['/api', log]),
  bridged('nothing', () => []),
];
