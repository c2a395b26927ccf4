'use strict';

/** What a logger is told, character for character. */

const { HPM_2, HPM_3, HPM_4 } = require('../../harness/originals.js');
const { ask, head, reply, send } = require('../../harness/texts.js');

const TODAY = [HPM_3, HPM_4];
const to = (name, request, more = {}) => ({ name, request: [request].flat(), ...more });
const down = (name, request, options = {}) => ({
  name,
  request,
  options: ({ closed }) => ({ target: `http://127.0.0.1:${closed}`, ...options }),
});
const status = (line) => ({ name: `a ${line}`, upstream: { answer: reply([], { status: line }) } });

module.exports = [
  ...['201 Created', '404 Not Found', '503 Oh no'].map(status),
  { name: 'a 204', upstream: { answer: head('204 No Content') } },
  { name: 'a 304', upstream: { answer: head('304 Not Modified') } },
  to('a path', ask('/users')),
  to('the root', ask('/')),
  to('a query', ask('/a?b=c&d=%20')),
  to('an empty query', ask('/a?')),
  to('two question marks', ask('/a?b?c')),
  to('encoded characters', ask('/a%20b/%2e/c?x=%3F')),
  to('dot segments', ask('/a/../b')),
  to('a slash at the end', ask('/a/')),
  to('a POST', send('hello', [], 'POST', '/users?q')),
  to('a DELETE', ask('/users/5', [], 'DELETE')),
  to('two requests', [ask('/a'), ask('/b')]),
  to('a base', ask('/a?q'), { options: ({ target }) => ({ target: `${target}/base` }) }),
  to('a base with a slash', ask('/a'), { options: ({ target }) => ({ target: `${target}/base/` }) }),
  to('a rewritten path', ask('/a/x'), {
    options: ({ target }) => ({ target, pathRewrite: { '^/a': '/b' } }),
  }),
  to('a changed origin', ask('/a'), { options: ({ target }) => ({ target, changeOrigin: true }) }),
  to('a router', ask('/a'), {
    second: {},
    options: ({ target, second }) => ({ target, router: { me: second } }),
  }),
  to('a name for an address', ask('/a'), { options: ({ port }) => ({ target: `http://localhost:${port}` }) }),
  to('a mount', ask('/api/a?q'), { app: 'express5', mount: '/api' }),
  to('a mount in connect', ask('/api/a?q'), { app: 'connect', mount: '/api' }),
  to('a mount and a rewritten path', ask('/api/a?q'), {
    app: 'express4',
    mount: '/api',
    options: ({ target }) => ({ target, pathRewrite: { '^/a': '/b' } }),
  }),
  to('a path that a listener has changed', ask('/a'), {
    options: ({ target }) => ({ target, on: { proxyReq: (proxyReq) => (proxyReq.path = '/changed') } }),
  }),
  to('a request that does not match', ask('/a'), { options: ({ target }) => ({ target, pathFilter: '/b' }) }),
  down('nobody listens', ask('/a?q')),
  down('nobody listens, with a body', send('hello')),
  down('nobody listens, a rewritten path', ask('/a'), { pathRewrite: { '^/a': '/b' } }),
  down('nobody listens, a changed origin', ask('/a'), { changeOrigin: true }),
  down('nobody listens, a listener', ask('/a'), {
    on: { error: (error, req, res) => res.writeHead(502).end() },
  }),
  down('nobody listens, markup', ask('/<b>', ['Host: <i>'])),
  { ...down('nobody listens, a mount', ask('/api/a')), app: 'express5', mount: '/api' },
  { name: 'a connection that is closed', upstream: { answer: '', end: 'fin' } },
  { name: 'a connection that is reset', upstream: { answer: '', end: 'rst' } },
  { name: 'an answer that is none', upstream: { answer: 'nonsense\r\n\r\n' } },
  {
    name: 'a request that takes too long',
    upstream: { answer: () => {} },
    options: ({ target }) => ({ target, proxyTimeout: 60 }),
  },
  {
    name: 'an error without a code',
    options: ({ target }) => ({
      target,
      on: { proxyReq: (proxyReq) => proxyReq.destroy(new RangeError('mine')) },
    }),
  },
  {
    name: 'a filter that throws',
    options: ({ target }) => ({
      target,
      pathFilter: () => {
        throw new RangeError('of the filter');
      },
    }),
  },
  {
    name: 'a logger of functions alone',
    options: ({ target, note }) => ({
      target,
      logger: { info: (line) => note(line.replace(/\d{4,}/, 'PORT')), warn() {}, error() {} },
    }),
    originals: TODAY,
  },
  {
    name: 'a logger whose methods need their object',
    options: ({ target, note }) => ({
      target,
      logger: new (class {
        name = 'mine';
        info() {
          note(this.name);
        }
        warn() {}
        error() {}
      })(),
    }),
    originals: TODAY,
  },
  ...['debug', 'info', 'warn', 'error', 'silent'].map((logLevel) => ({
    name: `by old rules, the level ${logLevel}`,
    options: ({ target }) => ({
      target,
      logLevel,
      pathRewrite: { '^/a': '/b' },
      router: { 'me/a': target },
    }),
    request: [ask('/a?q'), ask('/x')],
    originals: [HPM_2],
  })),
  {
    name: 'by old rules, a rewriter that gives nothing',
    options: ({ target }) => ({ target, logLevel: 'debug', pathRewrite: () => undefined }),
    originals: [HPM_2],
  },
  {
    name: 'by old rules, a failure at the level warn',
    options: ({ closed }) => ({ target: `http://127.0.0.1:${closed}`, logLevel: 'warn' }),
    originals: [HPM_2],
  },
];
