'use strict';

/** `followRedirects`. */

const { ask, reply, send } = require('../harness/texts.js');

const ALL = ['http-proxy', 'http-proxy-3', 'httpxy'];
const LEGACY = ['http-proxy', 'http-proxy-3'];

const found = (location, status = '302 Found') => reply([`Location: ${location}`], { status, body: 'gone' });

/** A target that redirects once to this place and then answers; `changeOrigin`, because some resolve against the host that is sent. */
const follow = (name, location, { status, options, ...more } = {}) => ({
  name,
  options: ({ target }) => ({ target, followRedirects: true, changeOrigin: true, ...options }),
  upstream: { answer: [found(location, status), reply()] },
  requests: 2,
  originals: ALL,
  ...more,
});

const post = send('hello', ['Content-Type: text/plain']);
const STATUSES = ['301 Moved', '302 Found', '303 See Other', '307 Temporary', '308 Permanent'];

module.exports = [
  ...STATUSES.map((status) => follow(`GET, ${status}`, '/to?q=1', { status })),
  ...STATUSES.map((status) => follow(`POST, ${status}`, '/to', { status, request: post })),
  ...STATUSES.map((status) =>
    follow(`PUT, ${status}`, '/to', {
      status,
      request: send('hello', ['Content-Type: text/plain'], 'PUT'),
      // httpxy makes a GET of whatever is not 307 or 308.
      originals: /^30[12]/.test(status) ? LEGACY : ALL,
    }),
  ),
  follow('a relative path', 'to'),
  follow('a query', '?q=1'),
  follow('dots', '../to'),
  follow('a fragment', '/to#there'),
  follow('a base path', 'to', { options: undefined, request: ask('/a/b') }),
  follow('a client’s authorization', '/to', { request: ask('/', ['Authorization: Bearer x']) }),
  follow('a client’s cookie', '/to', { request: ask('/', ['Cookie: a=b']) }),
  follow('auth', '/to', { options: { auth: 'user:password' } }),
  follow('headers', '/to', { options: { headers: { 'x-a': '1' } } }),
  follow('xfwd', '/to', { options: { xfwd: true } }),
  follow('a chunked body, 307', '/to', {
    status: '307 Temporary',
    request: ask('/', ['Transfer-Encoding: chunked'], 'POST') + '5\r\nhello\r\n0\r\n\r\n',
  }),
  follow('no location', '', {
    upstream: { answer: reply([], { status: '302 Found' }) },
    requests: 1,
  }),
  follow('304 with a location', '', {
    upstream: { answer: 'HTTP/1.1 304 Not Modified\r\nLocation: /to\r\n\r\n' },
    requests: 1,
    originals: ['httpxy'],
  }),
  follow('200 with a location', '', { upstream: { answer: reply(['Location: /to']) }, requests: 1 }),
  follow('twice', '', {
    upstream: { answer: [found('/b'), found('/c'), reply()] },
    requests: 3,
  }),
  follow('without the option', '', {
    options: { followRedirects: false },
    upstream: { answer: found('/to') },
    requests: 1,
  }),
  follow('a number', '', {
    options: { followRedirects: 2 },
    upstream: { answer: [found('/b'), found('/c'), found('/d')] },
    requests: 3,
    originals: ['httpxy'],
  }),
  follow('for ever', '', {
    upstream: { answer: found('/to') },
    requests: 22,
    patience: 8000,
    originals: LEGACY,
  }),
  follow('a location that is no URL', 'http://[bad', { requests: 1, originals: LEGACY }),
  follow('a field set by proxyReq', '/to', {
    on: { proxyReq: (proxyReq) => void (proxyReq.headersSent || proxyReq.setHeader('x-set', '1')) },
    originals: ['httpxy'],
  }),
];
