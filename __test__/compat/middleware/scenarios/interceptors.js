'use strict';

/** `responseInterceptor`. */

const zlib = require('node:zlib');
const { HPM_2, HPM_3, HPM_4 } = require('../../harness/originals.js');
const { ask, head, inChunks, reply } = require('../../harness/texts.js');

const TODAY = [HPM_3, HPM_4];

/** An answer of `hello`, coded. */
const coded = (coding, bytes, lines = []) =>
  reply([`Content-Encoding: ${coding}`, ...lines], { body: bytes.toString('latin1') });

const intercepted = (name, answer, interceptor = mark, more = {}) => ({
  name,
  upstream: { answer },
  options: (at) => ({
    target: at.target,
    selfHandleResponse: true,
    on: { proxyRes: at.hpm.responseInterceptor((...args) => interceptor(...args, at)) },
  }),
  ...more,
});

/** Shows what the interceptor was given. */
const mark = async (buffer) => `<${buffer}>`;

module.exports = [
  intercepted('a text', reply()),
  intercepted('an empty body', reply([], { body: '' })),
  intercepted('chunks', head('200 OK', ['Transfer-Encoding: chunked']) + inChunks(['hel', 'lo'])),
  intercepted('a body that ends with its connection', `${head('200 OK')}hello`, mark, {
    upstream: { answer: `${head('200 OK')}hello`, end: 'fin' },
  }),
  intercepted('gzip', coded('gzip', zlib.gzipSync('hello'))),
  intercepted('br', coded('br', zlib.brotliCompressSync('hello'))),
  intercepted('deflate', coded('deflate', zlib.deflateSync('hello'))),
  intercepted('identity', coded('identity', Buffer.from('hello'))),
  intercepted('a coding in capitals', coded('GZIP', zlib.gzipSync('hello')), lengthOf),
  intercepted('x-gzip', coded('x-gzip', zlib.gzipSync('hello')), lengthOf),
  intercepted('two codings', coded('gzip, br', zlib.brotliCompressSync(zlib.gzipSync('hello'))), lengthOf),
  intercepted('a coding that nobody knows', coded('mine', Buffer.from('hello'))),
  intercepted('gzip in chunks', [
    head('200 OK', ['Transfer-Encoding: chunked', 'Content-Encoding: gzip']) +
      inChunks([zlib.gzipSync('hello').toString('latin1')]),
  ]),
  intercepted('a large body', reply([], { body: 'x'.repeat(300_000) }), async (buffer) => `${buffer.length}`),
  intercepted('a function that is not asynchronous', reply(), (buffer) => `${buffer}!`),
  intercepted('a function that gives bytes', reply(), async () => Buffer.from([1, 2, 255])),
  intercepted('a function that gives an empty text', reply(), async () => ''),
  intercepted('a function that gives letters of several bytes', reply(), async () => 'äöü €'),
  intercepted(
    'a function that sets the status and fields',
    reply(['X-Old: 1']),
    async (buffer, proxyRes, req, res) => {
      res.statusCode = 418;
      res.statusMessage = 'Teapot';
      res.setHeader('x-new', '1');
      res.removeHeader('x-old');
      return buffer;
    },
  ),
  intercepted(
    'a function that sets the type',
    reply(['Content-Type: text/html']),
    async (buffer, proxyRes, req, res) => {
      res.setHeader('content-type', 'application/json; charset=utf-8');
      return JSON.stringify({ body: `${buffer}` });
    },
  ),
  intercepted('what a function is given', reply(['X-A: 1']), async (buffer, proxyRes, req, res, { note }) => {
    note(
      `${Buffer.isBuffer(buffer)} ${proxyRes.statusCode} ${proxyRes.headers['x-a']} ${req.url} ${res.statusCode}`,
    );
    note(`${res.getHeader('x-a')} ${proxyRes.req.path}`);
    return buffer;
  }),
  intercepted('fields of the answer', reply(['X-A: 1', 'X-B: 2', 'ETag: "x"', 'Cache-Control: no-store'])),
  intercepted('a status', reply([], { status: '404 Gone Away' })),
  intercepted('cookies', reply(['Set-Cookie: a=1; Path=/', 'Set-Cookie: b=2; HttpOnly'])),
  intercepted('a cookie of a domain', reply(['Set-Cookie: a=1; Domain=example.com; Path=/'])),
  intercepted('a redirect', reply(['Location: http://other.test/x'], { status: '302 Found' })),
  intercepted(
    'trailers',
    head('200 OK', ['Transfer-Encoding: chunked', 'Trailer: X-T']) + inChunks(['hello'], ['X-T: 1']),
    mark,
    { originals: [HPM_4] },
  ),
  intercepted('a HEAD', head('200 OK', ['Content-Length: 5']), noteCall, { request: ask('/', [], 'HEAD') }),
  intercepted('a HEAD of gzip', head('200 OK', ['Content-Encoding: gzip', 'Content-Length: 25']), noteCall, {
    request: ask('/', [], 'HEAD'),
  }),
  intercepted('a 204', head('204 No Content', ['X-A: 1']), noteCall),
  intercepted('a 304', head('304 Not Modified', ['ETag: "x"']), noteCall),
  intercepted('gzip that is none', coded('gzip', Buffer.from('nonsense')), mark, { patience: 1500 }),
  intercepted('gzip that is cut', coded('gzip', zlib.gzipSync('hello').subarray(0, 15)), mark, {
    patience: 1500,
  }),
  intercepted('a body that is cut', head('200 OK', ['Content-Length: 10']) + 'half', mark, {
    upstream: { answer: head('200 OK', ['Content-Length: 10']) + 'half', end: 'fin' },
    patience: 1500,
  }),
  intercepted('nobody listens', reply(), mark, {
    options: ({ closed, hpm }) => ({
      target: `http://127.0.0.1:${closed}`,
      selfHandleResponse: true,
      on: { proxyRes: hpm.responseInterceptor(mark) },
    }),
  }),
  intercepted('two requests', reply(), mark, { request: [ask('/a'), ask('/b')] }),
  intercepted('fields that were set before', reply(['X-A: target']), mark, {
    app: 'express5',
    before: () => [
      (req, res, next) => {
        res.setHeader('X-Before', '1');
        next();
      },
    ],
  }),
  {
    name: 'the name of the listener',
    options: ({ target, hpm, note }) => {
      const listener = hpm.responseInterceptor(mark);
      note(`${listener.name} ${listener.length}`);
      return { target, selfHandleResponse: true, on: { proxyRes: listener } };
    },
    originals: TODAY,
  },
  {
    name: 'the name of the listener of version 2',
    options: ({ target, hpm, note }) => {
      const listener = hpm.responseInterceptor(mark);
      note(`${listener.length}`);
      return { target, selfHandleResponse: true, on: { proxyRes: listener } };
    },
    originals: [HPM_2],
  },
];

/** Decoded or not, it does not fit into a comparison of texts. */
async function lengthOf(buffer) {
  return `${buffer.length} bytes`;
}

async function noteCall(buffer, proxyRes, req, res, { note }) {
  note(`called with ${buffer.length} bytes`);
  return buffer;
}
