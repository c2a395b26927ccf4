'use strict';

/** A body that something in front of the middleware has read: it is sent again, once, or the request fails with a clear error. */

const zlib = require('node:zlib');
const { createProxyMiddleware, createProxyServer, fixRequestBody } = require('../../index.js');
const { http2Client, http2Exchange, http2Server } = require('../support/http2.js');
const { lastRequest, readResponse } = require('../support/messages.js');
const { ask, namedTarget } = require('../support/middlewares.js');
const { answeringTarget, closeAll, eventually, httpServer, rawClient } = require('../support/peers.js');
const { stats } = require('../support/engine.js');

afterEach(closeAll);

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** The two ways in which a body is announced. */
const FRAMED = {
  'with a length': (body) => [[`Content-Length: ${Buffer.byteLength(body, 'latin1')}`], body],
  'in chunks': (body) => [
    ['Transfer-Encoding: chunked'],
    `${Buffer.byteLength(body, 'latin1').toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  ],
};

/** What stands for a parser: reads everything, and leaves `body`. */
const leaving = (properties) => (req, res, next) =>
  req.resume().on('end', () => {
    Object.assign(req, properties);
    next();
  });

const quietly = (errors) => (error, req, res) => {
  errors.push(error);
  res.writeHead(error.status ?? 500).end(error.message);
};

/** Sends a POST through what stands in front of a middleware; gives the answer, the requests of the target, and the errors. */
async function post(before, type, body, { framing = 'with a length', lines = [], options = {} } = {}) {
  const target = await namedTarget();
  const errors = [];
  const { on, ...rest } = options;
  const middleware = createProxyMiddleware({
    target: target.url,
    ...rest,
    on: { error: quietly(errors), ...on },
  });
  const listener = (req, res) => before(req, res, () => middleware(req, res, () => res.end('next')));
  const [framed, text] = FRAMED[framing](body);
  const fields = type === undefined ? [] : [`Content-Type: ${type}`];
  const answer = await ask(listener, 'POST /a', [...fields, ...framed, ...lines], text);
  await eventually(() => stats().exchanges === 0);
  return { answer, errors, requests: target.requests() };
}

describe.each(['express', 'express4'])('the parsers of %s', (name) => {
  const express = require(name);

  const BODIES = [
    ['json', express.json(), JSON_TYPE, '{ "a": [1, "\u00c3\u00a9"] }', '{"a":[1,"\u00c3\u00a9"]}'],
    ['json, strictly anything', express.json({ strict: false }), JSON_TYPE, ' null ', 'null'],
    ['json, a text', express.json({ strict: false }), JSON_TYPE, '"a"', '"a"'],
    ['urlencoded', express.urlencoded({ extended: false }), FORM_TYPE, 'a=1&b=2&b=3', 'a=1&b=2&b=3'],
    [
      'urlencoded, extended',
      express.urlencoded({ extended: true }),
      FORM_TYPE,
      'a[b]=1&a[c][]=2&a[c][]=3&d[0][e]=4',
      'a%5Bb%5D=1&a%5Bc%5D=2&a%5Bc%5D=3&d%5B0%5D%5Be%5D=4',
    ],
    ['text', express.text(), 'text/plain', 'just text', 'just text'],
    ['text of another type', express.text({ type: '*/*' }), 'application/xml', '<a/>', '<a/>'],
    ['text that is JSON', express.text({ type: '*/*' }), JSON_TYPE, '{"a": 1}', '{"a": 1}'],
    ['raw', express.raw(), 'application/octet-stream', '\0\x01\xff', '\0\x01\xff'],
    ['raw, of a known type', express.raw({ type: '*/*' }), JSON_TYPE, '{"a": 1}', '{"a": 1}'],
  ];
  const rows = BODIES.flatMap((row) =>
    Object.keys(FRAMED).map((framing) => [row[0], framing, ...row.slice(1)]),
  );

  // Whether a text was JSON before it was parsed is only known by its length.
  const known = rows.filter(([kind, framing]) => kind !== 'text that is JSON' || framing !== 'in chunks');

  test.each(known)('%s %s', async (_kind, framing, parser, type, body, expected) => {
    for (const on of [{}, { proxyReq: () => {} }]) {
      const { answer, errors, requests } = await post(parser, type, body, { framing, options: { on } });
      expect([answer.status, errors]).toEqual([200, []]);
      expect(requests).toHaveLength(1);
      expect(requests[0]).toMatchObject({ body: expected, isComplete: true, rest: '' });
      expect(requests[0].values('content-type')).toEqual([type]);
      const isLength = requests[0].framing === 'length';
      expect(isLength).toBe(framing === 'with a length');
    }
  });

  test('one that leaves a type alone: the body goes through as it is', async () => {
    const { requests } = await post(express.json(), 'text/plain', 'text');
    expect(requests).toMatchObject([{ body: 'text', isComplete: true }]);
  });

  test('a coding is put on again', async () => {
    const coded = zlib.gzipSync('{"a": 1}').toString('latin1');
    const lines = ['Content-Encoding: gzip'];
    const { requests } = await post(express.json(), JSON_TYPE, coded, { lines });
    expect(zlib.gunzipSync(Buffer.from(requests[0].body, 'latin1')).toString()).toBe('{"a":1}');
  });
});

const parsed = leaving({ body: { a: 1 } });

describe('sent once', () => {
  test.each([
    ['fixRequestBody', fixRequestBody, '{"a":1}'],
    [
      'a listener that writes it',
      (proxyReq) => {
        proxyReq.setHeader('Content-Length', 4);
        proxyReq.write('mine');
      },
      'mine',
    ],
    ['a listener that ends the request with it', (proxyReq) => proxyReq.end('mine'), 'mine'],
    ['a listener that ends the request', (proxyReq) => proxyReq.end(), ''],
    [
      'a listener that wants none',
      (proxyReq) => {
        proxyReq.removeHeader('Content-Length');
        proxyReq.method = 'GET';
      },
      '',
    ],
    [
      'a listener that sends another type',
      (proxyReq) => proxyReq.setHeader('Content-Type', FORM_TYPE),
      'a=1',
    ],
  ])('%s', async (_what, proxyReq, expected) => {
    const { answer, requests } = await post(parsed, JSON_TYPE, '{"a": 1}', { options: { on: { proxyReq } } });
    expect(answer.status).toBe(200);
    expect(requests).toMatchObject([{ body: expected, isComplete: true, rest: '' }]);
  });

  test.each([
    ['no listener', undefined],
    ['fixRequestBody', fixRequestBody],
  ])('to the target, and to the mirror, with %s', async (_listener, proxyReq) => {
    const mirror = await namedTarget('mirror');
    const options = { forward: mirror.url, on: { proxyReq } };
    const { requests } = await post(parsed, JSON_TYPE, '{"a": 1}', { options });
    expect(requests).toMatchObject([{ body: '{"a":1}', isComplete: true, rest: '' }]);
    await eventually(() => mirror.connections.length > 0);
    await mirror.connections[0].received('{"a":1}');
    expect(mirror.requests()).toMatchObject([{ body: '{"a":1}', rest: '' }]);
  });

  test('to another target, when the first one fails', async () => {
    const target = await namedTarget();
    const other = createProxyServer({ target: target.url });
    const on = { error: (error, req, res) => void other.web(req, res) };
    const middleware = createProxyMiddleware({ target: 'http://127.0.0.1:1', on });
    const listener = (req, res) => parsed(req, res, () => middleware(req, res));
    const lines = [`Content-Type: ${JSON_TYPE}`, 'Content-Length: 8'];
    expect((await ask(listener, 'POST /a', lines, '{"a": 1}')).status).toBe(200);
    expect(target.requests().map(({ body }) => body)).toEqual(['{"a":1}']);
  });

  test.each([
    ['which was read before, and which the listener writes', parsed, fixRequestBody, '{"a":1}'],
    [
      'which was not, and to which the listener adds',
      (req, res, next) => next(),
      (proxyReq) => {
        proxyReq.removeHeader('Content-Length');
        proxyReq.setHeader('Transfer-Encoding', 'chunked');
        proxyReq.write('> ');
      },
      '> {"a": 1}',
    ],
  ])(
    'by the same middleware again, from its error listener: a body %s',
    async (_which, before, proxyReq, body) => {
      const target = await namedTarget();
      let targets = ['http://127.0.0.1:1', target.url];
      const on = { proxyReq, error: (error, req, res) => void middleware(req, res) };
      const middleware = createProxyMiddleware({ router: () => targets.shift(), on });
      const listener = (req, res) => before(req, res, () => middleware(req, res));
      for (const framing of Object.keys(FRAMED)) {
        targets = ['http://127.0.0.1:1', target.url];
        const [lines, text] = FRAMED[framing]('{"a": 1}');
        const answer = await ask(listener, 'POST /a', [`Content-Type: ${JSON_TYPE}`, ...lines], text);
        expect(answer).toMatchObject({ status: 200, body: 'target' });
      }
      expect(target.requests().map((request) => request.body)).toEqual([body, body]);
    },
  );

  test('with the type that the option headers gives it', async () => {
    const options = { headers: { 'Content-Type': FORM_TYPE } };
    const { requests } = await post(parsed, JSON_TYPE, '{"a": 1}', { options });
    expect(requests).toMatchObject([{ body: 'a=1' }]);
  });

  test('behind a router and a rewriter', async () => {
    const options = { pathRewrite: { '^/a': '/b' }, router: () => undefined };
    const { requests } = await post(parsed, JSON_TYPE, '{"a": 1}', { options });
    expect(requests).toMatchObject([{ start: 'POST /b HTTP/1.1', body: '{"a":1}' }]);
  });

  test('for a client of HTTP/2', async () => {
    const target = await namedTarget();
    const middleware = createProxyMiddleware({ target: target.url });
    const { port } = await http2Server((req, res) => parsed(req, res, () => middleware(req, res)));
    const head = { ':method': 'POST', 'content-type': JSON_TYPE };
    const answer = await http2Exchange(await http2Client(port), head, '{"a": 1}');
    expect([answer.headers[':status'], answer.body]).toEqual([200, 'target']);
    expect(target.requests()).toMatchObject([{ body: '{"a":1}', isComplete: true }]);
  });

  test('a request without a body has none, whatever the parser leaves', async () => {
    const target = await namedTarget();
    const middleware = createProxyMiddleware({ target: target.url });
    const listener = (req, res) => leaving({ body: {} })(req, res, () => middleware(req, res));
    for (const [line, lines] of [
      ['GET /a', [`Content-Type: ${JSON_TYPE}`]],
      ['POST /a', [`Content-Type: ${JSON_TYPE}`, 'Content-Length: 0']],
    ])
      expect((await ask(listener, line, lines)).status).toBe(200);
    expect(target.requests().map(({ body }) => body)).toEqual(['', '']);
  });
});

describe('what cannot be sent again fails at once, and says why', () => {
  const HINT = 'Put the proxy in front of what reads it, or write the body in a proxyReq listener';
  const text = (why) => `The request's body was read before the proxy could forward it, and ${why}. ${HINT}`;

  test.each([
    ['nothing is left of it', {}, JSON_TYPE, 'req.body does not hold it'],
    [
      'a type that is not known',
      { body: { a: 1 } },
      'application/xml',
      'it is not known how a body of the type "application/xml" is written',
    ],
    ['no type', { body: { a: 1 } }, undefined, 'it is not known how a body of the type "" is written'],
    [
      'files of a form',
      { body: { a: 1 }, files: [{ fieldname: 'f' }] },
      'multipart/form-data; boundary=B',
      'the files among its parts are not in req.body',
    ],
  ])('%s', async (_what, properties, type, why) => {
    for (const framing of Object.keys(FRAMED)) {
      const { answer, errors, requests } = await post(leaving(properties), type, 'body', { framing });
      expect(answer).toMatchObject({ status: 500, body: text(why) });
      expect(errors).toMatchObject([{ code: 'ERR_PROXY_BODY_CONSUMED', phase: 'accept', side: 'internal' }]);
      expect(requests).toEqual([]);
    }
  });

  test('a body of which a part was read is not sent as if it were whole', async () => {
    const { url, connections } = await answeringTarget('');
    const errors = [];
    const middleware = createProxyMiddleware({ target: url, on: { error: quietly(errors) } });
    const { port } = await httpServer((req, res) =>
      req.once('data', () => {
        req.pause();
        void middleware(req, res);
      }),
    );
    const client = await rawClient(
      port,
      lastRequest('POST /a', ['Transfer-Encoding: chunked'], '4\r\nhalf\r\n'),
    );
    await client.received(text('a part of it was read'));
    expect(connections).toEqual([]);
    expect(errors).toMatchObject([{ code: 'ERR_PROXY_BODY_CONSUMED' }]);
  });

  test('a form that cannot be written is the client`s fault', async () => {
    const type = 'multipart/form-data; boundary=B';
    const { answer } = await post(leaving({ body: { a: 'x\r\n--B' } }), type, 'body', {
      options: { on: { error: undefined } },
    });
    expect(answer.status).toBe(400);
  });
});

describe('a body that somebody else reads at the same time', () => {
  const FACES = {
    createProxyMiddleware: (target) => createProxyMiddleware({ target }),
    createProxyServer: (target) => createProxyServer({ target }).web,
  };

  test.each(Object.keys(FACES))('%s: both get all of it', async (face) => {
    const target = await namedTarget();
    const proxy = FACES[face](target.url);
    const seen = [];
    const { port } = await httpServer((req, res) => {
      let text = '';
      req.on('data', (chunk) => (text += chunk)).on('end', () => seen.push(text));
      proxy(req, res);
    });
    for (const [lines, body] of Object.values(FRAMED).map((framed) => framed('some text'))) {
      const client = await rawClient(port, lastRequest('POST /a', lines, body));
      await client.closed();
      expect(readResponse(client.text).status).toBe(200);
    }
    expect(seen).toEqual(['some text', 'some text']);
    expect(target.requests().map(({ body }) => body)).toEqual(['some text', 'some text']);
  });

  test('and goes on to do so when the request cannot be forwarded', async () => {
    const seen = [];
    const middleware = createProxyMiddleware({ target: 'http://127.0.0.1:1' });
    const { port } = await httpServer((req, res) => {
      req.on('data', () => {}).on('end', () => seen.push('end'));
      void middleware(req, res);
    });
    const client = await rawClient(port, lastRequest('POST /a', ['Content-Length: 4'], 'body'));
    await client.closed();
    await eventually(() => seen.length === 1);
  });
});
