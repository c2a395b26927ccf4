'use strict';

/** Failures, and how they are answered. */

const { HPM_3, HPM_4 } = require('../../harness/originals.js');
const { ask, head, inChunks, reply, send } = require('../../harness/texts.js');

const TODAY = [HPM_3, HPM_4];
const down = (name, more = {}, options = {}) => ({
  name,
  options: ({ closed }) => ({ target: `http://127.0.0.1:${closed}`, ...options }),
  ...more,
});
const broken = (name, answer, end = 'keep', more = {}) => ({
  name,
  upstream: { answer, end },
  patience: 1500,
  ...more,
});
const failing = (name, error) => ({
  name: `an error of one’s own, ${name}`,
  options: ({ target }) => ({ target, on: { proxyReq: (proxyReq) => proxyReq.destroy(error()) } }),
});
const coded = (code) => failing(`${code}`, () => Object.assign(new Error('mine'), { code }));

module.exports = [
  down('nobody listens'),
  down('nobody listens, a POST', { request: send('hello') }),
  down('nobody listens, a HEAD', { request: ask('/', [], 'HEAD') }),
  down('nobody listens, a query', { request: ask('/a?b=c') }),
  down('nobody listens, markup in the path', { request: ask('/<script>?<b>') }),
  down('nobody listens, markup in the host', { request: ask('/', ['Host: <b>me</b>']) }),
  down('nobody listens, without a host', { request: 'GET /a HTTP/1.0\r\n\r\n' }),
  down('nobody listens, a rewritten path', {}, { pathRewrite: { '^/path': '/rewritten' } }),
  down('nobody listens, without next', { alone: true }),
  down('nobody listens, and fields were set', {
    app: 'connect',
    before: () => [
      (req, res, next) => {
        res.setHeader('X-Before', '1');
        next();
      },
    ],
  }),
  down('nobody listens, selfHandleResponse', {}, { selfHandleResponse: true }),
  down('nobody listens, twice', { request: [ask('/a'), ask('/b')] }),
  down(
    'nobody listens, a listener that answers',
    {},
    {
      on: { error: (error, req, res) => res.writeHead(418, { 'x-mine': error.code }).end('mine') },
    },
  ),
  down('nobody listens, a listener that does not answer', { patience: 150 }, { on: { error: () => {} } }),
  down(
    'nobody listens, a listener that ends without a status',
    {},
    {
      on: { error: (error, req, res) => res.end(`mine ${error.code}`) },
    },
  ),
  down(
    'nobody listens, a listener that sends a page',
    {},
    {
      on: {
        error: (error, req, res) => {
          res.writeHead(500, { 'Content-Type': 'text/html' });
          res.end('<h1>Sorry</h1>');
        },
      },
    },
  ),
  { name: 'a name that nobody has', options: () => ({ target: 'http://no-such-host.invalid' }) },
  {
    name: 'a certificate that is not trusted',
    upstream: { over: 'tls' },
    options: ({ target }) => ({ target }),
  },
  {
    name: 'a certificate that need not be trusted',
    upstream: { over: 'tls' },
    options: ({ target }) => ({ target, secure: false }),
  },
  broken('closed without an answer', '', 'fin'),
  broken('reset without an answer', '', 'rst'),
  broken('closed without an answer, a POST', '', 'fin', { request: send('hello') }),
  broken('closed within the head', 'HTTP/1.1 200 OK\r\nX-A: ', 'fin'),
  broken('an answer that is none', 'nonsense\r\n\r\n'),
  broken('a field that is none', 'HTTP/1.1 200 OK\r\nX A: 1\r\nContent-Length: 0\r\n\r\n'),
  broken(
    'two framings',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ),
  broken('a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'),
  broken('a head that is too large', reply([`X-Large: ${'x'.repeat(70_000)}`])),
  broken('closed within a body of known length', head('200 OK', ['Content-Length: 10']) + 'half', 'fin'),
  broken('reset within a body of known length', head('200 OK', ['Content-Length: 10']) + 'half', 'rst'),
  broken(
    'closed within a chunked body',
    head('200 OK', ['Transfer-Encoding: chunked']) + '5\r\nhello\r\n',
    'fin',
  ),
  broken('chunks that are none', head('200 OK', ['Transfer-Encoding: chunked']) + 'nonsense\r\n', 'keep'),
  broken(
    'closed behind a complete answer',
    head('200 OK', ['Transfer-Encoding: chunked']) + inChunks(['a']),
    'fin',
  ),
  {
    name: 'proxyTimeout',
    upstream: { answer: () => {} },
    options: ({ target }) => ({ target, proxyTimeout: 60 }),
  },
  {
    name: 'proxyTimeout, a POST',
    upstream: { answer: () => {} },
    options: ({ target }) => ({ target, proxyTimeout: 60 }),
    request: send('hello'),
  },
  {
    name: 'timeout',
    upstream: { answer: () => {} },
    options: ({ target }) => ({ target, timeout: 400 }),
    patience: 1500,
  },
  ...[
    'ECONNRESET',
    'ENOTFOUND',
    'ECONNREFUSED',
    'ETIMEDOUT',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'EPIPE',
    'HPE_INVALID_CONSTANT',
    'HPE_HEADER_OVERFLOW',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'MINE',
  ].map(coded),
  failing('without a code', () => new Error('mine')),
  {
    name: 'a request without a target',
    options: () => ({ router: () => undefined }),
    originals: [HPM_4],
  },
  {
    name: 'a request without a target, and a listener',
    options: ({ note }) => ({
      router: () => undefined,
      on: { error: (error) => note(`on error ${error.message}`) },
    }),
    originals: [HPM_4],
  },
  {
    name: 'a request without a target, version 3',
    options: () => ({ router: () => undefined }),
    originals: [HPM_3],
  },
  {
    name: 'ejected plugins, a listener that answers',
    unheard: true,
    originals: TODAY,
    options: ({ closed }) => ({
      target: `http://127.0.0.1:${closed}`,
      ejectPlugins: true,
      plugins: [(proxy) => proxy.on('error', (error, req, res) => res.writeHead(502).end(error.code))],
    }),
  },
];
