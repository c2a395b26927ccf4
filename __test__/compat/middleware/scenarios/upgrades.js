'use strict';

/** WebSockets: who takes a handshake, which target it gets to, and what is said of it. */

const { HPM_4 } = require('../../harness/originals.js');
const { grant } = require('../../../support/upgrades.js');
const { head, reply } = require('../../harness/texts.js');

/** Switches protocols, answers `ping`, and ends when the client does. */
const switching =
  (lines) =>
  ({ socket }, request) => {
    if (!/^upgrade: websocket$/im.test(request)) {
      socket.write(reply());
      return;
    }
    socket.write(grant(lines));
    socket
      .on('data', (chunk) => chunk.includes('ping') && socket.write('pong'))
      .on('end', () => socket.end());
  };

const upgraded = (name, options, more = {}) => ({
  name,
  upstream: { answer: switching() },
  upgrade: { by: 'listener' },
  options: (at) => ({ target: at.target, ...(typeof options === 'function' ? options(at) : options) }),
  ...more,
});
const UNTAKEN = { patience: 150 };

module.exports = [
  upgraded('a listener of the own', {}),
  upgraded('ws: true, behind a first request', { ws: true }, { upgrade: { by: 'ws' } }),
  upgraded('ws: true, and a listener of the own', { ws: true }, { upgrade: { by: 'both' } }),
  upgraded('neither', {}, { upgrade: { by: 'ws' }, ...UNTAKEN }),
  upgraded('a path and a query', {}, { upgrade: { by: 'listener', path: '/a/b?c=d' } }),
  upgraded('a base', ({ target }) => ({ target: `${target}/base` })),
  upgraded('a target of ws:', ({ host }) => ({ target: `ws://${host}` })),
  upgraded('a filter that matches', { pathFilter: '/socket' }),
  upgraded('a filter that does not match', { pathFilter: '/other' }, UNTAKEN),
  upgraded('a filter of globs', { pathFilter: ['/**', '!/other'] }),
  upgraded('a rewritten path', { pathRewrite: { '^/socket': '/rewritten' } }),
  upgraded(
    'what a rewriter and a router are given',
    ({ target, note }) => ({
      pathRewrite: (path, req, res, options) => {
        note(`${path} ${req.url} ${res} ${typeof options}`);
        return path;
      },
      router: (req, res, options) => {
        note(`${req.url} ${res} ${typeof options}`);
        return target;
      },
    }),
    { originals: [HPM_4] },
  ),
  upgraded('a router', ({ target, closed }) => ({
    target: `http://127.0.0.1:${closed}`,
    router: { me: target },
  })),
  upgraded('a router that throws', {
    router: () => {
      throw new RangeError('of the router');
    },
  }),
  upgraded('a rewriter that rejects', {
    pathRewrite: () => Promise.reject(new RangeError('of the rewriter')),
  }),
  upgraded('a router that throws, and a listener', ({ note }) => ({
    router: () => {
      throw new RangeError('of the router');
    },
    on: { error: (error, req, socket) => note(`${error.message} ${req.url} ${typeof socket.destroy}`) },
  })),
  upgraded('changeOrigin and headers', ({ target }) => ({
    target: target.replace('127.0.0.1', 'localhost'),
    changeOrigin: true,
    headers: { 'X-Added': '1' },
  })),
  upgraded('xfwd', { xfwd: true }),
  upgraded('proxyReqWs: a field', {
    on: { proxyReqWs: (proxyReq) => proxyReq.setHeader('X-Edited', '1') },
  }),
  upgraded('proxyReqWs: the options', ({ note }) => ({
    own: 'mine',
    on: { proxyReqWs: (proxyReq, req, socket, { own, target }) => note(`${own} ${target.hostname}`) },
  })),
  upgraded('nobody listens', ({ closed }) => ({ target: `http://127.0.0.1:${closed}` })),
  upgraded('nobody listens, a listener', ({ closed, note }) => ({
    target: `http://127.0.0.1:${closed}`,
    on: {
      error: (error, req, socket, target) => {
        note(`${error.code} ${req.url} ${target?.href}`);
        socket.end('HTTP/1.1 503 Mine\r\n\r\n');
      },
    },
  })),
  upgraded('a target that refuses', {}, { upstream: { answer: reply(['X-Why: 1'], { status: '403 No' }) } }),
  upgraded(
    'a target that refuses without a body',
    {},
    {
      upstream: { answer: head('401 Who', ['Content-Length: 0', 'WWW-Authenticate: Basic']) },
    },
  ),
  upgraded('a target that closes', {}, { upstream: { answer: '', end: 'fin' } }),
  upgraded(
    'fields of the answer',
    {},
    {
      upstream: {
        answer: switching(['Sec-WebSocket-Protocol: mine', 'X-A: 1', 'Set-Cookie: a=1', 'Set-Cookie: b=2']),
      },
    },
  ),
];
