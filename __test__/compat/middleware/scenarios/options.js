'use strict';

/** Options that go straight to the engine, and what is said of options that are wrong. */

const { HPM_2, HPM_3, HPM_4 } = require('../../harness/originals.js');
const { ask, reply, send } = require('../../harness/texts.js');

const TODAY = [HPM_3, HPM_4];
const having = (name, options, more = {}) => ({
  name,
  options: (at) => ({ target: at.target, ...(typeof options === 'function' ? options(at) : options) }),
  ...more,
});
const answering = (name, lines, options, status = '200 OK') =>
  having(name, options, { upstream: { answer: reply(lines, { status }) } });

module.exports = [
  having('changeOrigin', { changeOrigin: true }),
  having('headers', { headers: { 'X-Added': '1', host: 'mine.test' } }),
  having('xfwd', { xfwd: true }),
  having(
    'xfwd and fields that are there',
    { xfwd: true },
    { request: ask('/', ['X-Forwarded-For: 10.0.0.1']) },
  ),
  having('xfwd in Express', { xfwd: true }, { app: 'express5', mount: '/api', request: ask('/api/a') }),
  having('auth', { auth: 'user:password' }),
  having('prependPath: false', ({ target }) => ({ target: `${target}/base`, prependPath: false }), {
    request: ask('/a'),
  }),
  having('ignorePath', ({ target }) => ({ target: `${target}/base`, ignorePath: true }), {
    request: ask('/a'),
  }),
  having('toProxy', { toProxy: true }, { request: ask('/a') }),
  having('localAddress', { localAddress: '127.0.0.1' }),
  having(
    'preserveHeaderKeyCase',
    { preserveHeaderKeyCase: true },
    { upstream: { answer: reply(['X-MiXeD: 1']) }, exact: ['case'] },
  ),
  answering('cookieDomainRewrite', ['Set-Cookie: a=1; Domain=old.test'], { cookieDomainRewrite: 'new.test' }),
  answering(
    'cookieDomainRewrite, a map',
    ['Set-Cookie: a=1; Domain=old.test', 'Set-Cookie: b=2; Domain=x.test'],
    {
      cookieDomainRewrite: { 'old.test': 'new.test', '*': '' },
    },
  ),
  answering('cookiePathRewrite', ['Set-Cookie: a=1; Path=/old'], { cookiePathRewrite: '/new' }),
  answering('hostRewrite', ['Location: /x'], { hostRewrite: 'new.test:81' }, '302 Found'),
  answering('autoRewrite', ['Location: /x'], { autoRewrite: true }, '302 Found'),
  answering('protocolRewrite', ['Location: http://127.0.0.1/x'], { protocolRewrite: 'https' }, '302 Found'),
  having('selfHandleResponse, and nobody handles it', { selfHandleResponse: true }, { patience: 1000 }),
  having('a body', {}, { request: send('hello', ['Content-Type: text/plain']) }),
  having('a base and the root', ({ target }) => ({ target: `${target}/base` }), { request: ask('/') }),
  having('a base with a query', ({ target }) => ({ target: `${target}/base?k=v` }), {
    request: [ask('/a?q'), ask('/a')],
  }),
  having('a target as a URL with a base', ({ target }) => ({ target: new URL('/base', target) }), {
    request: ask('/a'),
  }),
  having('a target as an object with pathname', ({ port }) => ({
    target: { protocol: 'http:', hostname: '127.0.0.1', port, pathname: '/base' },
  })),
  having(
    'a target as an object, and changeOrigin',
    ({ port }) => ({
      target: { protocol: 'http:', hostname: '127.0.0.1', port },
      changeOrigin: true,
    }),
    { originals: [HPM_4] },
  ),
  having('a Unix socket', ({ socketPath }) => ({ target: { socketPath } }), { upstream: { over: 'unix' } }),
  having('an IPv6 target', {}, { upstream: { at: '::1' } }),
  having('secure: false', { secure: false }, { upstream: { over: 'tls' } }),
  having('an option of nobody’s', { nobodyKnows: 1 }),
  {
    name: 'forward alone',
    options: ({ target }) => ({ forward: target, router: {} }),
    requests: 1,
    patience: 10000,
    originals: [HPM_4],
  },
  { name: 'no target', options: () => ({}) },
  { name: 'a target that is undefined', options: () => ({ target: undefined }) },
  { name: 'a target that is null', options: () => ({ target: null }) },
  { name: 'no target, and a router', options: ({ target }) => ({ router: () => target }) },
  { name: 'no target, and forward', options: ({ target }) => ({ forward: target }) },
  { name: 'no target, and rewrite rules', options: () => ({ pathRewrite: { '^/a': '/b' } }) },
  { name: 'no options', args: () => [], originals: TODAY },
  {
    name: 'the middleware itself',
    options: ({ target }) => ({ target }),
    originals: [HPM_2, ...TODAY],
    request: [ask('/a'), ask('/b'), ask('/c')],
  },
  {
    name: 'options that are edited later',
    options: ({ target }) => {
      const options = {
        target,
        pathFilter: () => {
          options.headers = { 'x-later': '1' };
          return true;
        },
      };
      return options;
    },
    request: [ask('/a'), ask('/b')],
  },
];
