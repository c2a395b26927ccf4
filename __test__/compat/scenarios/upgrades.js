'use strict';

/** Upgrades: what the target is asked, what the client hears, what goes through, and how it ends. */

const { grant, handshake } = require('../../support/upgrades.js');

const upgrade = (name, more = {}) => ({ name, isUpgrade: true, ...more });
const asking = (name, options, path = '/a?q=1', lines = []) =>
  upgrade(name, { options, request: handshake(path, lines) });
const refused = (name, answer, more = {}) => upgrade(name, { upstream: { answer, end: 'fin' }, ...more });
const failing = (name, answer, end, more = {}) => upgrade(name, { upstream: { answer, end }, ...more });

const WITH_CALLBACK = ['http-proxy', 'http-proxy-3'];
const closedPort = ({ closed }) => ({ target: `ws://127.0.0.1:${closed}` });
/** Not every original ever ends it. */
const ended = (connection) => connection.closed(400).catch(() => {});
const resetBy = (who) => async (ends) => {
  ends[who].socket.resetAndDestroy();
  await ended(who === 'client' ? ends.target : ends.client);
};

const asked = [
  upgrade('a word each way'),
  asking('a ws: target', ({ host }) => ({ target: `ws://${host}` })),
  asking('the target’s path', ({ target }) => ({ target: `${target}/base` })),
  asking('ignorePath', ({ target }) => ({ target: `${target}/base`, ignorePath: true })),
  asking('prependPath off', ({ target }) => ({ target: `${target}/base`, prependPath: false })),
  asking('an encoded path', undefined, '/a%20b/%2F?x=%zz'),
  asking('changeOrigin', ({ target }) => ({ target, changeOrigin: true })),
  asking(
    'added fields',
    ({ target }) => ({ target, headers: { 'x-added': '1', origin: 'http://other' } }),
    '/',
    ['Origin: http://mine'],
  ),
  asking('an added field twice', ({ target }) => ({ target, headers: { 'x-added': ['1', '2'] } })),
  asking('auth', ({ target }) => ({ target, auth: 'user:secret' })),
  asking('xfwd', ({ target }) => ({ target, xfwd: true })),
  asking('xfwd behind another proxy', ({ target }) => ({ target, xfwd: true }), '/', [
    'X-Forwarded-For: 192.0.2.1',
    'X-Forwarded-Proto: wss',
  ]),
  asking('cookies, protocols and extensions', undefined, '/', [
    'Cookie: a=b; c=d',
    'Sec-WebSocket-Protocol: p, q',
    'Sec-WebSocket-Extensions: permessage-deflate',
  ]),
  asking('an object target', ({ port }) => ({ target: { host: '127.0.0.1', port, protocol: 'ws:' } })),
  asking('a URL target', ({ target }) => ({ target: new URL(target) })),
  upgrade('a target of the call', {
    options: () => ({}),
    perCall: ({ target }) => ({ target, headers: { 'x-call': '1' } }),
  }),
  upgrade('Upgrade in other letters', {
    request: handshake().replace('Upgrade: websocket', 'UPGRADE: WebSocket'),
  }),
  upgrade('Connection as a list', {
    request: handshake().replace('Connection: Upgrade', 'Connection: keep-alive, Upgrade'),
  }),
  upgrade('a wss: target', {
    upstream: { over: 'tls' },
    options: ({ target }) => ({ target: target.replace('http', 'ws'), secure: false }),
  }),
  upgrade('an https: target, changeOrigin', {
    upstream: { over: 'tls' },
    options: ({ target }) => ({ target, secure: false, changeOrigin: true }),
  }),
  upgrade('a Unix socket', {
    upstream: { over: 'unix' },
    options: ({ socketPath }) => ({ target: { socketPath, host: 'localhost', protocol: 'http:' } }),
  }),
  upgrade('listen', { listens: true, options: ({ target }) => ({ target, ws: true }) }),
];

const granted = [
  upgrade('fields of the grant', {
    upstream: {
      answer: grant(['X-Custom: 1', 'Set-Cookie: a=1', 'Set-Cookie: b=2', 'Sec-WebSocket-Protocol: p']),
    },
  }),
  upgrade('bytes behind the grant', { upstream: { answer: `${grant()}glued` } }),
  upgrade('bytes behind the handshake', { early: 'early ' }),
  upgrade('a megabyte each way', {
    async act({ client, target }) {
      for (const [from, to] of [
        [client, target],
        [target, client],
      ]) {
        from.socket.write(Buffer.alloc(1_000_000, 'x'));
        await to.until(({ bytes }) => bytes.length > 1_000_000, 3000).catch(() => {});
      }
    },
  }),
  upgrade('the target ends first', {
    async act({ client, target }) {
      target.socket.end('bye');
      await client.closed(1000).catch(() => {});
      client.socket.end();
      await ended(target);
    },
  }),
  upgrade('the target resets', { act: resetBy('target') }),
  upgrade('the client resets', { act: resetBy('client') }),
  upgrade('the application destroys the target’s socket', {
    on: { open: (socket) => setTimeout(() => socket.destroy(), 30) },
    act: ({ client }) => ended(client),
  }),
  upgrade('the application writes to the target', {
    on: { open: (socket) => socket.write('of the application ') },
  }),
  upgrade('the application reads what the target says', {
    on: { open: (socket) => socket.on('data', () => {}) },
  }),
];

const refusals = [
  refused('a refusal with a length', 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nX-Why: y\r\n\r\nno'),
  refused(
    'a refusal in chunks',
    'HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n',
  ),
  refused('a refusal until the end', 'HTTP/1.1 500 Oh\r\n\r\nall of it'),
  refused('a refusal without a body', 'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n'),
  refused(
    'a refusal with cookies',
    'HTTP/1.1 403 Forbidden\r\nSet-Cookie: a=1; Domain=t\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n',
    {
      options: ({ target }) => ({ target, cookieDomainRewrite: 'public.test' }),
    },
  ),
  refused('a redirect', 'HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n'),
];

const failures = [
  upgrade('refused, a listener', { options: closedPort }),
  upgrade('refused, a callback', { options: closedPort, callback: true, originals: WITH_CALLBACK }),
  upgrade('refused, a listener that answers', {
    options: closedPort,
    on: { error: (error, req, socket) => socket.end('HTTP/1.1 503 Mine\r\n\r\n') },
  }),
  failing('the target closes', '', 'fin'),
  failing('the target resets before it answers', '', 'rst'),
  failing('the target answers garbage', 'no HTTP\r\n\r\n', 'keep'),
  upgrade('proxyTimeout', {
    upstream: { answer: () => {} },
    options: ({ target }) => ({ target, proxyTimeout: 150 }),
  }),
  upgrade('a POST', { request: handshake().replace('GET', 'POST') }),
  upgrade('another protocol', { request: handshake().replace('Upgrade: websocket', 'Upgrade: h2c') }),
  upgrade('no target', { options: () => ({}) }),
  upgrade('a client that leaves before the answer', {
    upstream: { answer: () => {} },
    act: async ({ client, target }) => {
      client.socket.resetAndDestroy();
      await ended(target);
    },
    originals: ['http-proxy-3'],
  }),
];

const edits = [
  upgrade('proxyReqWs sets fields', {
    on: { proxyReqWs: (proxyReq) => proxyReq.setHeader('Origin', 'http://edited') },
  }),
  upgrade('proxyReqWs removes a field', {
    on: { proxyReqWs: (proxyReq) => proxyReq.removeHeader('sec-websocket-version') },
  }),
  upgrade('proxyReqWs sets the path', { on: { proxyReqWs: (proxyReq) => (proxyReq.path = '/edited') } }),
  upgrade('proxyReqWs destroys the request', { on: { proxyReqWs: (proxyReq) => proxyReq.destroy() } }),
  upgrade('a pass in front of the last', {
    prepare: (proxy) => proxy.before('ws', 'stream', (req) => void (req.headers['x-pass'] = '1')),
    originals: WITH_CALLBACK,
  }),
  upgrade('a pass that answers', {
    prepare: (proxy) =>
      proxy.before('ws', 'stream', (req, socket) => {
        socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
        return true;
      }),
    originals: WITH_CALLBACK,
  }),
];

module.exports = [...asked, ...granted, ...refusals, ...failures, ...edits];
