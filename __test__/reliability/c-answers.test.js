'use strict';

/** Responses that Node would refuse to write (reliability rows C-23 and C-24). */

const { answeringTarget, closeAll, rawExchange, rawTarget } = require('../support/peers.js');
const { FACES } = require('../support/faces.js');
const { http2Client, http2Exchange, http2Server } = require('../support/http2.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');

const LISTENED = [
  ['with nobody listening', undefined],
  ['with a proxyRes listener', { proxyRes: (proxyRes) => (proxyRes.headers['x-seen'] = '1') }],
];

afterEach(closeAll);

describe.each(FACES)('%s', (_name, face) => {
  const HOP_BY_HOP = [
    'Connection: close, X-Internal',
    'X-Internal: 1',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'Upgrade: h2c',
    'TE: trailers',
    'Trailer: X-Sum',
    'HTTP2-Settings: x',
  ].join('\r\n');
  const FRAMED = [
    ['of known length', `HTTP/1.1 200 Fine\r\n${HOP_BY_HOP}\r\nX-End: 1\r\nContent-Length: 5\r\n\r\nhello`],
    [
      'in chunks',
      `HTTP/1.1 200 Fine\r\n${HOP_BY_HOP}\r\nX-End: 1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    ],
    ['that ends with its connection', `HTTP/1.1 200 Fine\r\n${HOP_BY_HOP}\r\nX-End: 1\r\n\r\nhello`],
  ];
  const FRAMED_AND_LISTENED = FRAMED.flatMap(([name, bytes]) =>
    LISTENED.map(([who, on]) => [name, who, bytes, on]),
  );

  test.each(FRAMED_AND_LISTENED)(
    'C-23 a response %s reaches an HTTP/2 client without fields of a connection, %s',
    async (_case, _who, bytes, on) => {
      const target = await answeringTarget(bytes, { end: 'fin' });
      const { port } = await face({ target: target.url, on }, { serve: http2Server });
      const outcome = await http2Exchange(await http2Client(port), { ':path': '/x' });
      expect(outcome).toMatchObject({ body: 'hello', error: null });
      expect(outcome.headers).toMatchObject({ ':status': 200, 'x-end': '1' });
      const allowed = [':status', 'x-end', 'x-seen', 'date', 'content-length'];
      expect(Object.keys(outcome.headers).filter((name) => !allowed.includes(name))).toEqual([]);
      expect(readRequest(target.connections[0].text)).toMatchObject({
        start: 'GET /x HTTP/1.1',
        isComplete: true,
      });
    },
  );

  test('C-23 an HTTP/2 request reaches the target as HTTP/1.1', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const { port } = await face({ target: target.url }, { serve: http2Server });
    const headers = {
      ':method': 'POST',
      ':path': '/x',
      ':authority': 'me:1',
      te: 'trailers',
      cookie: ['a=1', 'b=2'],
    };
    const outcome = await http2Exchange(await http2Client(port), headers, 'hello');
    expect(outcome).toMatchObject({ body: 'ok', error: null });
    const request = readRequest(target.connections[0].text);
    expect(request).toMatchObject({ start: 'POST /x HTTP/1.1', body: 'hello', isComplete: true, rest: '' });
    expect(request.values('host')).toEqual(['me:1']);
    expect(request.values('cookie')).toEqual(['a=1; b=2']);
    expect(request.fields.filter(([name]) => name.startsWith(':') || name === 'te')).toEqual([]);
  });

  test('C-23 what a listener adds of a connection does not reach an HTTP/2 client', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const proxyRes = ({ headers }) =>
      Object.assign(headers, { connection: 'close', 'keep-alive': 'timeout=5' });
    const { port } = await face({ target: target.url, on: { proxyRes } }, { serve: http2Server });
    const outcome = await http2Exchange(await http2Client(port), { ':path': '/x' });
    expect(outcome).toMatchObject({ body: 'ok', error: null });
    expect(outcome.headers).not.toHaveProperty('connection');
  });

  test('C-23 a cut response resets the stream of an HTTP/2 client, and its session goes on', async () => {
    const target = await rawTarget((connection) => {
      connection.onRequest((head) => {
        if (head.includes('/next')) connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        else connection.socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      });
    });
    const { port } = await face({ target: target.url }, { serve: http2Server });
    const session = await http2Client(port);
    const outcome = await http2Exchange(session, { ':path': '/cut' });
    expect(outcome).toMatchObject({ body: 'hello', isReset: true });
    expect(await http2Exchange(session, { ':path': '/next' })).toMatchObject({ body: 'ok', error: null });
  });

  const BAD_HEADS = [
    ['a control character in its reason', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok', [200, 502]],
    ['bytes beyond ASCII in its reason', 'HTTP/1.1 200 O\xe9K\r\nContent-Length: 2\r\n\r\nok', [200]],
    [
      'a control character in a value',
      'HTTP/1.1 200 OK\r\nX-A: a\x01b\r\nContent-Length: 2\r\n\r\nok',
      [502],
    ],
    ['DEL in a value', 'HTTP/1.1 200 OK\r\nX-A: a\x7fb\r\nContent-Length: 2\r\n\r\nok', [502]],
    ['a name that is no token', 'HTTP/1.1 200 OK\r\nX(A: b\r\nContent-Length: 2\r\n\r\nok', [502]],
    ['status 99', 'HTTP/1.1 99 Low\r\nContent-Length: 2\r\n\r\nok', [502]],
    ['status 1000', 'HTTP/1.1 1000 High\r\nContent-Length: 2\r\n\r\nok', [502]],
  ];
  const BAD_HEADS_AND_LISTENED = BAD_HEADS.flatMap(([name, ...bad]) =>
    LISTENED.map(([who, on]) => [name, who, ...bad, on]),
  );

  test.each(BAD_HEADS_AND_LISTENED)(
    'C-24 a response with %s is sanitised or answered with 502, %s',
    async (...row) => {
      const [, , bytes, statuses, on] = row;
      const target = await answeringTarget(bytes);
      const { port } = await face({ target: target.url, on });
      const answer = readResponse(await rawExchange(port, lastRequest('GET /')));
      expect(answer).toMatchObject({ isComplete: true, rest: '' });
      expect(statuses).toContain(answer.status);
      if (answer.status === 200) expect(answer).toMatchObject({ reason: 'OK', body: 'ok' });
      // And the next one is served.
      expect(readResponse(await rawExchange(port, lastRequest('GET /'))).status).toBe(answer.status);
    },
  );

  const EDITS = [
    ['a status of 99', (proxyRes) => (proxyRes.statusCode = 99)],
    ['a status of 1000', (proxyRes) => (proxyRes.statusCode = 1000)],
    ['no status', (proxyRes) => (proxyRes.statusCode = undefined)],
    ['a reason with a line end', (proxyRes) => (proxyRes.statusMessage = 'a\r\nX-Evil: 1')],
    ['a value with a line end', (proxyRes) => (proxyRes.headers['x-a'] = 'a\r\nX-Evil: 1')],
    ['a value with a line feed', (proxyRes) => (proxyRes.headers['x-a'] = 'a\nx-evil\n1')],
    ['a value beyond latin1', (proxyRes) => (proxyRes.headers['x-a'] = '\u4e2d')],
    ['a name that is no token', (proxyRes) => (proxyRes.headers['x a'] = '1')],
    ['an empty name', (proxyRes) => (proxyRes.headers[''] = '1')],
  ];

  test.each(EDITS)('C-24 a listener that leaves %s fails its own request only', async (_case, edit) => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const proxyRes = (response, req) => {
      if (req.url === '/bad') edit(response);
    };
    const { port } = await face({ target: target.url, on: { proxyRes } });
    const text = await rawExchange(port, lastRequest('GET /bad'));
    const answer = readResponse(text);
    expect(answer).toMatchObject({ isComplete: true, rest: '' });
    expect([500, 502]).toContain(answer.status);
    expect(text.toLowerCase()).not.toContain('x-evil');
    expect(readResponse(await rawExchange(port, lastRequest('GET /good')))).toMatchObject({
      status: 200,
      body: 'ok',
    });
  });
});
