'use strict';

/** `on`: which events there are, in which order, and what listeners are given and may change. */

const { HPM_3, HPM_4 } = require('../../harness/originals.js');
const { ask, head, inChunks, reply, send, sendChunks } = require('../../harness/texts.js');

const TODAY = [HPM_3, HPM_4];
const listening = (name, on, more = {}) => ({
  name,
  options: (at) => ({ target: at.target, on: typeof on === 'function' ? on(at) : on }),
  ...more,
});
const down = ({ closed }) => `http://127.0.0.1:${closed}`;

module.exports = [
  { name: 'of a GET' },
  { name: 'of a POST', request: send('hello') },
  { name: 'of a chunked POST', request: sendChunks(['hel', 'lo']) },
  { name: 'of a HEAD', request: ask('/', [], 'HEAD'), upstream: { answer: head('200 OK') } },
  {
    name: 'of a chunked answer',
    upstream: { answer: head('200 OK', ['Transfer-Encoding: chunked']) + inChunks(['a', 'b']) },
  },
  { name: 'of a 304', upstream: { answer: head('304 Not Modified') } },
  { name: 'of a 500', upstream: { answer: reply([], { status: '500 Oh' }) } },
  { name: 'of a redirect', upstream: { answer: reply(['Location: /x'], { status: '302 Found' }) } },
  { name: 'of two requests', request: [ask('/a'), ask('/b')] },
  {
    name: 'of a target with a base',
    options: ({ target }) => ({ target: `${target}/base` }),
    request: ask('/a'),
  },
  { name: 'of a target as a URL', options: ({ target }) => ({ target: new URL(target) }) },
  {
    name: 'of a target as an object',
    options: ({ port }) => ({ target: { protocol: 'http:', host: '127.0.0.1', port } }),
  },
  { name: 'of a target where nobody listens', options: (at) => ({ target: down(at) }) },
  { name: 'of a client that leaves', upstream: { answer: '' }, leaves: true },
  listening('a listener of each', ({ note }) =>
    Object.fromEntries(
      ['start', 'proxyReq', 'proxyRes', 'end', 'error'].map((event) => [event, () => note(`on ${event}`)]),
    ),
  ),
  {
    name: 'an error listener that answers',
    options: (at) => ({
      target: down(at),
      on: { error: (error, req, res) => res.writeHead(503, { 'x-code': error.code }).end('mine') },
    }),
  },
  {
    name: 'what an error listener is given',
    options: (at) => ({
      target: down(at),
      on: {
        error: (error, req, res, target) => {
          at.note(`${error.code} ${error.syscall} ${req.url} ${typeof res.writeHead} ${target.href}`);
          res.end();
        },
      },
    }),
  },
  listening('an event of nobody’s', { never: () => {} }, { originals: TODAY }),
  listening('listeners that are null', { proxyReq: null, error: null }, { originals: [HPM_4] }),
  listening('listeners that are undefined', { proxyReq: undefined }, { originals: [HPM_4] }),
  listening('no listeners', {}),
  listening(
    'proxyReq: a field set, one removed',
    {
      proxyReq: (proxyReq) => {
        proxyReq.setHeader('X-Added', '1');
        proxyReq.removeHeader('x-gone');
      },
    },
    { request: ask('/', ['X-Gone: 1']) },
  ),
  listening('proxyReq: the path and the method', {
    proxyReq: (proxyReq) => {
      proxyReq.path = `${proxyReq.path}?added=1`;
    },
  }),
  listening(
    'proxyReq: a body of one’s own',
    {
      proxyReq: (proxyReq) => {
        proxyReq.setHeader('Content-Type', 'text/plain');
        proxyReq.setHeader('Content-Length', 5);
        proxyReq.write('wrote');
      },
    },
    { request: ask('/', ['Content-Length: 0'], 'POST') },
  ),
  listening('proxyReq: destroyed with an error', {
    proxyReq: (proxyReq) => proxyReq.destroy(Object.assign(new Error('mine'), { code: 'EMINE' })),
  }),
  {
    name: 'proxyReq: the options',
    options: ({ target, note }) => ({
      target: `${target}/base`,
      changeOrigin: true,
      own: 'mine',
      on: {
        proxyReq: (proxyReq, req, res, { target: to, changeOrigin, own }) =>
          note(`${to.hostname} ${to.pathname} ${changeOrigin} ${own}`),
      },
    }),
  },
  listening(
    'proxyReq: what Express adds to the request',
    {
      proxyReq: (proxyReq, req, res) => {
        proxyReq.setHeader('x-express', `${req.originalUrl} ${req.baseUrl} ${req.ip} ${typeof res.json}`);
      },
    },
    { app: 'express5', mount: '/api', request: ask('/api/a') },
  ),
  listening('proxyReq: a field of the response set', {
    proxyReq: (proxyReq, req, res) => res.setHeader('x-early', '1'),
  }),
  listening(
    'proxyRes: fields',
    {
      proxyRes: (proxyRes) => {
        proxyRes.headers['x-added'] = 'foobar';
        delete proxyRes.headers['x-removed'];
      },
    },
    { upstream: { answer: reply(['X-Removed: 1']) } },
  ),
  listening('proxyRes: the status', {
    proxyRes: (proxyRes) => {
      proxyRes.statusCode = 418;
      proxyRes.statusMessage = 'Teapot';
    },
  }),
  listening(
    'proxyRes: what it knows of its request',
    ({ note }) => ({
      proxyRes: ({ req }) => note(`${req.protocol} ${req.host} ${req.path} ${req.method}`),
    }),
    { request: ask('/a?q') },
  ),
  listening('proxyRes: a body that is read beside', ({ note }) => ({
    proxyRes: (proxyRes) => {
      const chunks = [];
      proxyRes.on('data', (chunk) => chunks.push(chunk));
      proxyRes.on('end', () => note(Buffer.concat(chunks).toString()));
    },
  })),
  {
    name: 'proxyRes: a response that is handled by hand',
    options: ({ target }) => ({
      target,
      selfHandleResponse: true,
      on: {
        proxyRes: (proxyRes, req, res) => {
          const chunks = [];
          proxyRes.on('data', (chunk) => chunks.push(chunk));
          proxyRes.on('end', () => res.end(`<${Buffer.concat(chunks)}>`));
        },
      },
    }),
  },
  {
    name: 'proxyRes: a response that is piped by hand',
    options: ({ target }) => ({
      target,
      selfHandleResponse: true,
      on: {
        proxyRes: (proxyRes, req, res) => {
          res.writeHead(proxyRes.statusCode, { 'x-mine': '1', 'content-length': 5 });
          proxyRes.pipe(res);
        },
      },
    }),
  },
  listening(
    'end: what it is given',
    ({ note }) => ({
      end: (req, res, proxyRes) => note(`${req.url} ${res.statusCode} ${proxyRes.statusCode}`),
    }),
    { originals: TODAY },
  ),
  listening(
    'start: a field of the request',
    {
      start: (req) => {
        req.headers['x-start'] = '1';
      },
    },
    { originals: TODAY },
  ),
];
