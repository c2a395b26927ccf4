'use strict';

/** `fixRequestBody`: a body that a parser has read is sent again, once, and only if the parser has read all of it. */

const zlib = require('node:zlib');
const express = require('express');
const httpProxy = require('http-proxy');
const { createProxyMiddleware, createProxyServer } = require('../../index.js');
const { fixRequestBody } = require('../../lib/middleware/fix-request-body.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');
const { closeAll, httpServer, rawExchange, rawTarget } = require('../support/peers.js');
const { coded, decoded } = require('../support/codings.js');

afterEach(closeAll);

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A target that records; `asked()` reads what it was asked. */
async function recordingTarget() {
  const target = await rawTarget((connection) => connection.onRequest(() => connection.socket.write(OK)));
  return { ...target, asked: () => target.connections.map(({ text }) => readRequest(text)) };
}

/** An application with a body parser before a proxy that repairs bodies with `fix`. */
function application(parser, make, target, fix, on) {
  const app = express();
  app.use(parser);
  app.use(make({ target, on: { proxyReq: fix, ...on } }));
  return httpServer(app);
}

async function send({ port }, type, body, lines = [], line = 'POST /path') {
  const fields = [`Content-Length: ${Buffer.byteLength(body, 'latin1')}`, ...lines];
  if (type !== undefined) fields.unshift(`Content-Type: ${type}`);
  return readResponse(await rawExchange(port, lastRequest(line, fields, body)));
}

/** What fails when it is to be written. */
function throwing(thrown) {
  return {
    toJSON: () => {
      throw thrown;
    },
  };
}

const PARSERS = [
  express.json({ strict: false, type: ['application/json', '*/*+json'] }),
  express.urlencoded({ extended: true }),
  express.text(),
];

describe('what is sent', () => {
  test.each([
    ['application/json', '{ "a": [1, "é"], "b": null }', '{"a":[1,"é"],"b":null}'],
    ['application/json; charset=utf-8', '{"a":1}', '{"a":1}'],
    ['application/vnd.api+json', '{"a":1}', '{"a":1}'],
    ['application/x-www-form-urlencoded', 'a=1&b=2&b=3&c=%C3%A9%20', 'a=1&b=2&b=3&c=%C3%A9%20'],
    ['application/x-www-form-urlencoded', 'a%5Bb%5D=1', 'a='],
    ['text/plain', 'just text', 'just text'],
  ])('%s %j is sent as http-proxy-middleware sends it', async (type, body, expected) => {
    const theirs = await import('http-proxy-middleware');
    const target = await recordingTarget();
    const bytes = Buffer.from(body).toString('latin1');
    const pairs = [
      [createProxyMiddleware, fixRequestBody],
      [theirs.createProxyMiddleware, theirs.fixRequestBody],
    ];
    for (const [make, fix] of pairs) {
      const server = await application(PARSERS, make, target.url, fix);
      expect(await send(server, type, bytes)).toMatchObject({ status: 200, body: 'ok' });
    }
    const [ours, reference] = target.asked();
    expect(Buffer.from(ours.body, 'latin1').toString()).toBe(expected);
    expect([ours.body, ours.values('content-length')]).toEqual([
      reference.body,
      reference.values('content-length'),
    ]);
    expect(ours).toMatchObject({
      start: 'POST /path HTTP/1.1',
      framing: 'length',
      isComplete: true,
      rest: '',
    });
  });

  test.each(['gzip', 'deflate', 'br', 'zstd', 'GZIP'])(
    'what came with %s is sent with it',
    async (coding) => {
      const target = await recordingTarget();
      // express has no parser for zstd on every Node.
      const parser = (req, res, next) => {
        const pieces = [];
        req.on('data', (piece) => pieces.push(piece));
        req.on('end', async () => {
          req.body = JSON.parse(await decoded(coding, Buffer.concat(pieces)));
          next();
        });
      };
      const server = await application(parser, createProxyMiddleware, target.url, fixRequestBody);
      const body = coded(coding, '{ "a": "b" }').toString('latin1');
      expect((await send(server, 'application/json', body, [`Content-Encoding: ${coding}`])).status).toBe(
        200,
      );
      const [request] = target.asked();
      expect(request.values('content-encoding')).toEqual([coding]);
      expect(request.values('content-length')).toEqual([`${request.body.length}`]);
      expect(await decoded(coding, request.body)).toBe('{"a":"b"}');
    },
  );

  test('express undoes gzip, and the target gets it again', async () => {
    const target = await recordingTarget();
    const server = await application(PARSERS, createProxyMiddleware, target.url, fixRequestBody);
    const body = zlib.gzipSync('{ "a": 1 }').toString('latin1');
    expect((await send(server, 'application/json', body, ['Content-Encoding: gzip'])).status).toBe(200);
    expect(zlib.gunzipSync(Buffer.from(target.asked()[0].body, 'latin1')).toString()).toBe('{"a":1}');
  });

  test('a coding that nobody knows is an error, not a body without it', async () => {
    const target = await recordingTarget();
    const parser = (req, res, next) => {
      req.resume().on('end', () => {
        req.body = { a: 1 };
        next();
      });
    };
    const errors = [];
    const on = { error: (error, req, res) => res.end(String(errors.push(error.code))) };
    const server = await application(parser, createProxyMiddleware, target.url, fixRequestBody, on);
    await send(server, 'application/json', 'x', ['Content-Encoding: exi']);
    expect([errors, target.connections]).toEqual([['ERR_PROXY_UNSUPPORTED_CODING'], []]);
  });

  test('bytes that a parser has left as they were are sent so', async () => {
    const target = await recordingTarget();
    const parser = express.raw({ type: 'application/json' });
    const server = await application(parser, createProxyMiddleware, target.url, fixRequestBody);
    await send(server, 'application/json', '{ "a":\xff }');
    expect(target.asked()[0].body).toBe('{ "a":\xff }');
  });

  test('chunks become one body with a length', async () => {
    const target = await recordingTarget();
    const { port } = await application(PARSERS, createProxyMiddleware, target.url, fixRequestBody);
    const lines = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];
    const body = '3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n';
    expect(readResponse(await rawExchange(port, lastRequest('PUT /', lines, body))).status).toBe(200);
    expect(target.asked()[0]).toMatchObject({ framing: 'length', body: '{"a":1}', rest: '' });
  });

  test('http-proxy and createProxyServer send the same', async () => {
    const target = await recordingTarget();
    for (const create of [createProxyServer, httpProxy.createProxyServer]) {
      const proxy = create({ target: target.url });
      proxy.on('proxyReq', fixRequestBody);
      const app = express();
      app.use(PARSERS, (req, res) => proxy.web(req, res));
      expect((await send(await httpServer(app), 'application/json', '{"a": 1}')).status).toBe(200);
    }
    for (const request of target.asked())
      expect(request).toMatchObject({ body: '{"a":1}', framing: 'length' });
  });
});

describe('when it does nothing', () => {
  test('two calls write one body', async () => {
    const target = await recordingTarget();
    const twice = (proxyReq, req) => {
      fixRequestBody(proxyReq, req);
      fixRequestBody(proxyReq, req);
    };
    const server = await application(PARSERS, createProxyMiddleware, target.url, twice);
    await send(server, 'application/json', '{"a":1}');
    expect(target.asked()[0]).toMatchObject({ body: '{"a":1}', rest: '' });
  });

  test('a body that nobody has read goes its own way', async () => {
    const target = await recordingTarget();
    const parser = (req, res, next) => {
      req.body = { planted: true };
      next();
    };
    const server = await application(parser, createProxyMiddleware, target.url, fixRequestBody);
    await send(server, 'application/json', '{"a": 1}');
    expect(target.asked()[0].body).toBe('{"a": 1}');
  });

  test.each([
    ['it was read only in part', { readableEnded: false, body: { a: 1 } }, 'application/json'],
    ['there is no parsed body', { readableEnded: true, body: undefined }, 'application/json'],
    ['there is no type', { readableEnded: true, body: { a: 1 } }, undefined],
    ['the type is not known', { readableEnded: true, body: { a: 1 } }, 'application/xml'],
  ])('nothing is written if %s', (_, req, type) => {
    const proxyReq = { getHeader: (name) => (name === 'Content-Type' ? type : undefined) };
    for (const method of ['write', 'setHeader', 'removeHeader', 'destroy']) proxyReq[method] = jest.fn();
    fixRequestBody(proxyReq, req);
    for (const method of ['write', 'setHeader', 'removeHeader', 'destroy'])
      expect(proxyReq[method]).not.toHaveBeenCalled();
  });

  test('only one of several types counts', async () => {
    const target = await recordingTarget();
    const parser = express.json({ type: () => true });
    const server = await application(parser, createProxyMiddleware, target.url, fixRequestBody);
    await send(server, 'application/x-www-form-urlencoded; a=application/json', '{"a": 1}');
    expect(target.asked()[0]).toMatchObject({ body: '{"a":1}', rest: '' });
  });
});

describe('multipart/form-data', () => {
  /** What stands for a parser of forms. */
  const formParser = (fields) => (req, res, next) => {
    req.resume().on('end', () => {
      req.body = fields;
      next();
    });
  };

  async function sendForm(type, fields) {
    const target = await recordingTarget();
    const errors = [];
    const recorded = (proxy) => proxy.prependListener('error', (error) => errors.push(error));
    const app = express();
    app.use(formParser(fields));
    app.use(
      createProxyMiddleware({ target: target.url, on: { proxyReq: fixRequestBody }, plugins: [recorded] }),
    );
    const answer = await send(await httpServer(app), type, 'x');
    return { answer, errors, target };
  }

  test.each([
    ['multipart/form-data; boundary=B', 'B'],
    ['multipart/form-data; Boundary="B b"', 'B b'],
    ['multipart/form-data; boundary= B ; charset=utf-8', 'B'],
  ])('%s: parts, and the end of them', async (type, boundary) => {
    const { answer, target } = await sendForm(type, { 'a "\\': 'one', b: 2, c: ['x', 'y'], d: '' });
    expect(answer.status).toBe(200);
    const [request] = target.asked();
    expect(request.values('content-type')).toEqual([type]);
    expect(request.body.split('\r\n')).toEqual([
      `--${boundary}`,
      'Content-Disposition: form-data; name="a \\"\\\\"',
      '',
      'one',
      `--${boundary}`,
      'Content-Disposition: form-data; name="b"',
      '',
      '2',
      `--${boundary}`,
      'Content-Disposition: form-data; name="c"',
      '',
      'x,y',
      `--${boundary}`,
      'Content-Disposition: form-data; name="d"',
      '',
      '',
      `--${boundary}--`,
      '',
    ]);
  });

  test('a form parser that is not ours reads what was sent', async () => {
    const type = 'multipart/form-data; boundary=----x9';
    const { target } = await sendForm(type, { a: 'é', 'b c': '--no border' });
    const body = Buffer.from(target.asked()[0].body, 'latin1');
    const form = await new Response(body, { headers: { 'content-type': type } }).formData();
    expect(form.get('a')).toBe('é');
    expect(form.get('b c')).toBe('--no border');
  });

  const NAME = 'HPM_ERR_INVALID_MULTIPART_FIELD_NAME';
  const VALUE = 'HPM_ERR_INVALID_MULTIPART_FIELD_VALUE';
  const value = (name) => `[HPM] invalid multipart field value for "${name}" detected.`;
  test.each([
    [
      'multipart/form-data; boundary=""',
      { a: '1' },
      'HPM_ERR_INVALID_MULTIPART_BOUNDARY',
      '[HPM] invalid multipart boundary detected.',
    ],
    [
      'multipart/form-data; boundary=B',
      { 'a\r\nb': '1' },
      NAME,
      '[HPM] invalid multipart field name "a\r\nb" detected.',
    ],
    [
      'multipart/form-data; boundary=B',
      { 'a\nb': '1' },
      NAME,
      '[HPM] invalid multipart field name "a\nb" detected.',
    ],
    ['multipart/form-data; boundary=B', { a: 'x\ny' }, VALUE, value('a')],
    ['multipart/form-data; boundary=B', { a: 'x\r' }, VALUE, value('a')],
    ['multipart/form-data; boundary=B', { ok: '1', a: 'x --B--' }, VALUE, value('a')],
  ])('%s %j is refused with 400', async (type, fields, code, message) => {
    const { answer, errors, target } = await sendForm(type, fields);
    expect(answer.status).toBe(400);
    expect(target.connections).toEqual([]);
    expect(errors).toHaveLength(1);
    const [{ name, ...error }] = [{ name: errors[0].name, code: errors[0].code, message: errors[0].message }];
    expect([name, error]).toEqual(['HttpProxyMiddlewareError', { code, message }]);
  });

  test('http-proxy-middleware refuses the same, in the same words', async () => {
    const theirs = await import('http-proxy-middleware');
    const rows = [
      ['multipart/form-data; boundary= ', { a: '1' }],
      ['multipart/form-data; boundary=a\rb', { a: '1' }],
      ['multipart/form-data; boundary=B', { 'a\nb': '1' }],
      ['multipart/form-data; boundary=B', { a: 'x\ny' }],
      ['multipart/form-data; boundary=B', { a: '--B' }],
      ['multipart/form-data; boundary=B', { a: '--b', b: '"' }],
      ['multipart/form-data', { a: '1' }],
    ];
    const outcome = (fix, type, body) => {
      const written = [];
      const proxyReq = {
        getHeader: (name) => (name.toLowerCase() === 'content-type' ? type : undefined),
        setHeader: () => {},
        removeHeader: () => {},
        write: (bytes) => written.push(String(bytes)),
        destroy: ({ name, code, message }) => written.push({ name, code, message }),
      };
      fix(proxyReq, { readableEnded: true, body, readableLength: 0 });
      return written;
    };
    for (const [type, body] of rows) {
      const [ours] = outcome(fixRequestBody, type, body);
      const [reference] = outcome(theirs.fixRequestBody, type, body);
      // What is theirs alone is that the last part has no end.
      const withoutEnd = typeof ours === 'string' ? ours.replace(/--.*--\r\n$/, '') : ours;
      expect([type, withoutEnd]).toEqual([type, reference]);
    }
  });
});

test.each([
  ['a body that cannot be written as JSON', 'application/json', throwing(new Error('no')), 'no'],
  ['what is thrown is no error', 'application/json', throwing('text'), 'text'],
  [
    'a text that is none',
    'text/plain',
    { a: 1 },
    'A body of type text/plain must be a string, not of type object',
  ],
])('%s: the request fails', async (_, type, body, message) => {
  const target = await recordingTarget();
  const parser = (req, res, next) => {
    req.resume().on('end', () => {
      req.body = body;
      next();
    });
  };
  const on = {
    error: (error, req, res) => {
      res.statusCode = 500;
      res.end(error.message);
    },
  };
  const server = await application(parser, createProxyMiddleware, target.url, fixRequestBody, on);
  expect(await send(server, type, 'x')).toMatchObject({ status: 500, body: message });
  expect(target.connections).toEqual([]);
});
