'use strict';

/** Events: their order, and what listeners may change. */

const { ask, head, inChunks, reply, send } = require('../harness/texts.js');

const editing = (name, proxyReq, more = {}) => ({ name, on: { proxyReq }, ...more });
const editingResponse = (name, proxyRes, more = {}) => ({ name, on: { proxyRes }, ...more });

module.exports = [
  { name: 'of a request' },
  { name: 'of a request with a body', request: send('hello') },
  { name: 'of a response without a body', upstream: { answer: head('204 No Content') } },
  {
    name: 'of a chunked response',
    upstream: { answer: head('200 OK', ['Transfer-Encoding: chunked']) + inChunks(['hello']) },
  },
  { name: 'of two requests', request: [ask('/a'), ask('/b')] },
  { name: 'of a HEAD', request: ask('/', [], 'HEAD'), upstream: { answer: head('200 OK') } },
  { name: 'of an error status', upstream: { answer: reply([], { status: '500 Oh' }) } },
  {
    name: 'the target that start is told of',
    on: {
      start: (req, res, target) => res.setHeader('x-start', `${target.protocol} ${target.hostname}`),
    },
  },
  {
    name: 'start: a listener that throws',
    on: {
      start: () => {
        throw new TypeError('mine');
      },
    },
    requests: 0,
  },
  {
    name: 'proxyReq: the number of arguments',
    on: { proxyReq: (...args) => args[0].setHeader('x-arguments', args.length) },
  },
  {
    name: 'proxyReq: a listener that declares the socket',
    on: {
      proxyReq: (proxyReq, req, res, options, socket) =>
        proxyReq.setHeader('x-socket', typeof socket?.setTimeout),
    },
  },
  {
    name: 'proxyReq: the members of its socket',
    on: {
      proxyReq: (proxyReq) => {
        const { socket } = proxyReq;
        const names = ['setTimeout', 'setNoDelay', 'setKeepAlive', 'on', 'pause', 'destroy'];
        proxyReq.setHeader('x-socket', names.map((name) => typeof socket?.[name]).join(' '));
      },
    },
  },
  {
    name: 'proxyReq: setTimeout and on',
    on: {
      proxyReq: (proxyReq) => {
        proxyReq.setTimeout(1000, () => {});
        proxyReq.on('error', () => {});
        proxyReq.setHeader('x-chained', '1');
      },
    },
  },
  {
    name: 'once',
    prepare: (proxy) => proxy.once('proxyReq', (proxyReq) => proxyReq.setHeader('x-once', '1')),
    request: [ask('/a'), ask('/b')],
  },
  {
    name: 'the options that proxyReq is told of',
    options: ({ target }) => ({ target: `${target}/base`, changeOrigin: true, own: 'mine' }),
    on: {
      proxyReq: (proxyReq, req, res, options) =>
        proxyReq.setHeader(
          'x-options',
          [typeof options.target, options.target.pathname, options.changeOrigin, options.own].join(' '),
        ),
    },
  },
  editing('proxyReq: setHeader', (proxyReq) => proxyReq.setHeader('X-Edited', '1'), { exact: ['case'] }),
  editing(
    'proxyReq: setHeader of a field of the client',
    (proxyReq) => proxyReq.setHeader('user-agent', 'edited'),
    {
      request: ask('/', ['User-Agent: client']),
    },
  ),
  editing('proxyReq: setHeader of host', (proxyReq) => proxyReq.setHeader('host', 'edited.test')),
  editing('proxyReq: setHeader with an array', (proxyReq) => proxyReq.setHeader('x-many', ['1', '2'])),
  editing('proxyReq: removeHeader', (proxyReq) => proxyReq.removeHeader('x-gone'), {
    request: ask('/', ['X-Gone: 1']),
  }),
  editing(
    'proxyReq: getHeader and getHeaders',
    (proxyReq) => {
      const all = { ...proxyReq.getHeaders() };
      delete all.connection;
      proxyReq.setHeader(
        'x-seen',
        `${proxyReq.getHeader('x-a')} ${Object.keys(all).sort()} ${proxyReq.hasHeader('x-b')}`,
      );
    },
    { request: ask('/', ['X-A: 1']) },
  ),
  editing(
    'proxyReq: path, method, host and protocol read',
    (proxyReq) =>
      proxyReq.setHeader(
        'x-seen',
        [proxyReq.method, proxyReq.path, proxyReq.host, proxyReq.protocol].join(' '),
      ),
    { options: ({ target }) => ({ target: `${target}/base` }) },
  ),
  editing('proxyReq: path assigned', (proxyReq) => {
    proxyReq.path = '/assigned?q=1';
  }),
  editing('proxyReq: method assigned', (proxyReq) => {
    proxyReq.method = 'PUT';
  }),
  editing(
    'proxyReq: a body written',
    (proxyReq) => {
      proxyReq.setHeader('content-length', 5);
      proxyReq.write('wrote');
    },
    { request: ask('/', [], 'POST') },
  ),
  editing('proxyReq: an application that answers', (proxyReq, req, res) => res.end('early')),
  editing('proxyReq: headersSent', (proxyReq) => proxyReq.setHeader('x-seen', `${proxyReq.headersSent}`)),
  editing(
    'proxyReq: xfwd and changeOrigin are seen',
    (proxyReq) =>
      proxyReq.setHeader(
        'x-seen',
        [proxyReq.getHeader('host'), proxyReq.getHeader('x-forwarded-host')].join(' '),
      ),
    { options: ({ port }) => ({ target: `http://localhost:${port}`, xfwd: true, changeOrigin: true }) },
  ),
  {
    name: 'proxyReq: with expect',
    request: ask('/', ['Expect: 100-continue']),
    on: { proxyReq: (proxyReq) => proxyReq.setHeader('x-edited', '1') },
    patience: 1000,
  },
  editingResponse('proxyRes: a field added', (proxyRes) => {
    proxyRes.headers['x-added'] = '1';
  }),
  editingResponse(
    'proxyRes: a field deleted',
    (proxyRes) => {
      delete proxyRes.headers['x-gone'];
    },
    { upstream: { answer: reply(['X-Gone: 1']) } },
  ),
  editingResponse('proxyRes: a number, an array and undefined', (proxyRes) => {
    Object.assign(proxyRes.headers, { 'x-number': 1, 'x-array': ['a', 'b'], 'x-undefined': undefined });
  }),
  editingResponse(
    'proxyRes: set-cookie is an array',
    (proxyRes) => {
      proxyRes.headers['set-cookie'] = proxyRes.headers['set-cookie'].map((cookie) => `${cookie}; Secure`);
    },
    { upstream: { answer: reply(['Set-Cookie: a=1', 'Set-Cookie: b=2']) } },
  ),
  editingResponse(
    'proxyRes: a cookie edited and then rewritten',
    (proxyRes) => {
      proxyRes.headers['set-cookie'] = ['c=3; Domain=old.test'];
    },
    {
      upstream: { answer: reply(['Set-Cookie: a=1']) },
      options: ({ target }) => ({ target, cookieDomainRewrite: 'new.test' }),
    },
  ),
  editingResponse(
    'proxyRes: a location edited and then rewritten',
    (proxyRes, req) => {
      proxyRes.headers.location = `${proxyRes.headers['x-origin']}${req.url}`;
    },
    {
      upstream: {
        answer: ({ socket }) =>
          socket.write(
            reply(['Location: /', `X-Origin: http://127.0.0.1:${socket.localPort}`], { status: '302 Found' }),
          ),
      },
      options: ({ target }) => ({ target, hostRewrite: 'new.test:81' }),
    },
  ),
  editingResponse('proxyRes: statusCode and statusMessage assigned', (proxyRes) => {
    proxyRes.statusCode = 299;
    proxyRes.statusMessage = 'Assigned';
  }),
  editingResponse('proxyRes: fields set on res', (proxyRes, req, res) => res.setHeader('x-res', '1')),
  editingResponse('proxyRes: res.writeHead', (proxyRes, req, res) => {
    res.writeHead(202, { 'x-own': '1' });
  }),
  editingResponse('proxyRes: res.end', (proxyRes, req, res) => {
    res.end('own');
  }),
  editingResponse('proxyRes: data and end listened to', (proxyRes, req) => {
    req.seen = 0;
    proxyRes.on('data', (chunk) => (req.seen += chunk.length));
  }),
  editingResponse(
    'proxyRes: rawHeaders, httpVersion, statusMessage read',
    (proxyRes) => {
      proxyRes.headers['x-seen'] = [
        proxyRes.rawHeaders.join('|'),
        proxyRes.httpVersion,
        proxyRes.statusMessage,
      ].join(' ');
    },
    { upstream: { answer: reply(['X-MiXeD: 1'], { status: '200 Fine' }) } },
  ),
  editingResponse('proxyRes: req read', (proxyRes) => {
    proxyRes.headers['x-seen'] = [
      proxyRes.req.method,
      proxyRes.req.path,
      proxyRes.req.getHeader('host'),
    ].join(' ');
  }),
  {
    name: 'end: the response that it is told of',
    on: { end: (req, res, proxyRes) => void (req.told = proxyRes.statusCode) },
  },
];
