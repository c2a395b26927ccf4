'use strict';

/** The Host that the target sees, and `changeOrigin`. */

const { ask } = require('../harness/texts.js');

const withHost = (name, lines, options = {}, more = {}) => ({
  name,
  options: ({ target }) => ({ target, ...options }),
  request: ask('/', lines),
  ...more,
});

module.exports = [
  withHost('the host of the client', ['Host: public.test']),
  withHost('the host of the client with a port', ['Host: public.test:8080']),
  withHost('the host in mixed case', ['Host: Public.Test']),
  withHost('no host in HTTP/1.0', [], {}, { request: 'GET / HTTP/1.0\r\n\r\n' }),
  withHost('changeOrigin', ['Host: public.test'], { changeOrigin: true }),
  withHost(
    'changeOrigin, no host in HTTP/1.0',
    [],
    { changeOrigin: true },
    { request: 'GET / HTTP/1.0\r\n\r\n' },
  ),
  withHost('changeOrigin leaves the field origin', ['Host: a.test', 'Origin: http://a.test'], {
    changeOrigin: true,
  }),
  {
    name: 'changeOrigin in one call',
    perCall: () => ({ changeOrigin: true }),
  },
  {
    name: 'changeOrigin switched off in one call',
    options: ({ target }) => ({ target, changeOrigin: true }),
    perCall: () => ({ changeOrigin: false }),
    originals: ['http-proxy', 'http-proxy-3'],
  },
  {
    name: 'changeOrigin and a name',
    options: ({ port }) => ({ target: `http://localhost:${port}`, changeOrigin: true }),
  },
  {
    name: 'changeOrigin and a name in upper case',
    options: ({ port }) => ({ target: `http://LocalHost:${port}`, changeOrigin: true }),
  },
  {
    name: 'changeOrigin and IPv6',
    upstream: { at: '::1' },
    options: ({ target }) => ({ target, changeOrigin: true }),
  },
  {
    name: 'changeOrigin and a plain object',
    options: ({ port }) => ({ target: { protocol: 'http:', host: '127.0.0.1', port }, changeOrigin: true }),
  },
  {
    name: 'changeOrigin and a plain object without protocol',
    options: ({ port }) => ({ target: { host: '127.0.0.1', port }, changeOrigin: true }),
    originals: ['http-proxy-3', 'httpxy'],
  },
  {
    name: 'changeOrigin and a plain object of hostname',
    options: ({ port }) => ({
      target: { protocol: 'http:', hostname: '127.0.0.1', port },
      changeOrigin: true,
    }),
    originals: ['httpxy'],
  },
  {
    name: 'changeOrigin and a Unix socket with a host',
    upstream: { over: 'unix' },
    options: ({ socketPath }) => ({
      target: { protocol: 'http:', socketPath, host: 'unix.test' },
      changeOrigin: true,
    }),
  },
  {
    name: 'changeOrigin and a default port without its number',
    upstream: { over: 'unix' },
    options: ({ socketPath }) => ({
      target: Object.assign(new URL('http://default.test'), { socketPath }),
      changeOrigin: true,
    }),
  },
  {
    name: 'changeOrigin and the option headers.host',
    options: ({ target }) => ({ target, changeOrigin: true, headers: { host: 'option.test' } }),
  },
  {
    name: 'changeOrigin and the option headers.Host',
    options: ({ target }) => ({ target, changeOrigin: true, headers: { Host: 'option.test' } }),
  },
  {
    name: 'the option headers.host',
    options: ({ target }) => ({ target, headers: { host: 'option.test' } }),
  },
  {
    name: 'the option headers.Host',
    options: ({ target }) => ({ target, headers: { Host: 'option.test' } }),
  },
  withHost(
    'the host in the absolute form',
    ['Host: a.test'],
    {},
    {
      request: 'GET http://b.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n',
    },
  ),
];
