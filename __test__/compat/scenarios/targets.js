'use strict';

/** The forms that a target may have. */

const url = require('node:url');
const { ask } = require('../harness/texts.js');

module.exports = [
  { name: 'a string', options: ({ target }) => ({ target }) },
  {
    name: 'a string with the name of the host',
    options: ({ port }) => ({ target: `http://localhost:${port}` }),
  },
  { name: 'a string with ws:', options: ({ host }) => ({ target: `ws://${host}` }) },
  {
    name: 'a string with wss:',
    upstream: { over: 'tls' },
    options: ({ host }) => ({ target: `wss://${host}`, secure: false }),
  },
  {
    name: 'a plain object of https without its colon',
    upstream: { over: 'tls' },
    options: ({ port }) => ({ target: { protocol: 'https', host: '127.0.0.1', port }, secure: false }),
    patience: 400,
  },
  { name: 'a string in upper case', options: ({ port }) => ({ target: `HTTP://LOCALHOST:${port}/Base` }) },
  { name: 'a string with credentials', options: ({ host }) => ({ target: `http://user:pass@${host}` }) },
  { name: 'a URL', options: ({ target }) => ({ target: new URL(target) }) },
  {
    name: 'a URL with a path and a query',
    options: ({ target }) => ({ target: new URL('/base?k=v', target) }),
    request: ask('/a'),
  },
  {
    name: 'a URL with a path',
    options: ({ target }) => ({ target: new URL('/base', target) }),
    request: ask('/a?q=1'),
  },
  { name: 'a legacy URL object', options: ({ target }) => ({ target: url.parse(target) }) },
  {
    name: 'a legacy URL object with a path',
    options: ({ target }) => ({ target: url.parse(`${target}/base`) }),
    request: ask('/a?q=1'),
  },
  {
    name: 'a legacy URL object with a path and a query',
    options: ({ target }) => ({ target: url.parse(`${target}/base?k=v`) }),
    request: ask('/a'),
  },
  {
    name: 'a plain object of protocol, host and port',
    options: ({ port }) => ({ target: { protocol: 'http:', host: '127.0.0.1', port } }),
  },
  {
    name: 'a plain object of host and port',
    options: ({ port }) => ({ target: { host: '127.0.0.1', port } }),
  },
  {
    name: 'a plain object with the port as text',
    options: ({ port }) => ({ target: { protocol: 'http:', host: '127.0.0.1', port: `${port}` } }),
  },
  {
    name: 'a plain object of hostname and port',
    options: ({ port }) => ({ target: { protocol: 'http:', hostname: '127.0.0.1', port } }),
  },
  {
    name: 'a plain object with hostname before host',
    options: ({ port }) => ({
      target: { protocol: 'http:', hostname: '127.0.0.1', host: 'unused.invalid', port },
    }),
  },
  {
    name: 'a plain object with path',
    options: ({ port }) => ({ target: { protocol: 'http:', host: '127.0.0.1', port, path: '/base' } }),
    request: ask('/a'),
  },
  {
    name: 'a plain object with pathname',
    options: ({ port }) => ({ target: { protocol: 'http:', host: '127.0.0.1', port, pathname: '/base' } }),
    request: ask('/a'),
  },
  {
    name: 'a plain object with pathname and search',
    options: ({ port }) => ({
      target: { protocol: 'http:', host: '127.0.0.1', port, pathname: '/base', search: '?k=v' },
    }),
    request: ask('/a?q=1'),
  },
  {
    name: 'a plain object with socketPath',
    upstream: { over: 'unix' },
    options: ({ socketPath }) => ({ target: { socketPath } }),
  },
  {
    name: 'a plain object with socketPath, host and pathname',
    upstream: { over: 'unix' },
    options: ({ socketPath }) => ({ target: { socketPath, host: 'localhost', pathname: '/base' } }),
    request: ask('/a'),
  },
  {
    name: 'a URL with the property socketPath',
    upstream: { over: 'unix' },
    options: ({ socketPath }) => ({ target: Object.assign(new URL('http://unix.test/'), { socketPath }) }),
  },
  {
    name: 'a plain object with auth',
    options: ({ port }) => ({ target: { protocol: 'http:', host: '127.0.0.1', port, auth: 'user:pass' } }),
  },
  {
    name: 'a target in the call alone',
    options: () => ({}),
    perCall: ({ target }) => ({ target }),
  },
  {
    name: 'a target edited between two requests',
    options: ({ target }) => ({ target: `${target}/first` }),
    app: ({ proxy, at, web }) => {
      web();
      proxy.options.target = `${at.target}/second`;
    },
    request: [ask('/a'), ask('/b')],
  },
  {
    name: 'a target object edited between two requests',
    options: ({ port }) => ({ target: { protocol: 'http:', host: 'localhost', port: 1, good: port } }),
    app: ({ proxy, at, web }) => {
      proxy.options.target.port = at.port;
      web();
    },
    request: [ask('/a'), ask('/b')],
  },
  {
    name: 'options assigned anew between two requests',
    options: ({ target }) => ({ target: `${target}/first` }),
    app: ({ req, proxy, at, web }) => {
      if (req.url === '/b') Object.assign(proxy.options, { target: `${at.target}/second`, ignorePath: true });
      web();
    },
    request: [ask('/a'), ask('/b')],
  },
  {
    name: 'IPv6 in a string',
    upstream: { at: '::1' },
    options: ({ target }) => ({ target }),
  },
  {
    name: 'IPv6 in a plain object',
    upstream: { at: '::1' },
    options: ({ port }) => ({ target: { protocol: 'http:', host: '::1', port } }),
  },
  { name: 'no target', options: () => ({}), requests: 0, patience: 300 },
  {
    name: 'nobody listens there',
    options: ({ closed }) => ({ target: `http://127.0.0.1:${closed}` }),
    requests: 0,
  },
  {
    name: 'nobody listens at the Unix socket',
    upstream: { over: 'unix' },
    options: ({ socketPath }) => ({ target: { socketPath: `${socketPath}-not` } }),
    requests: 0,
  },
];
