'use strict';

/** Fields and trailers of a response that belong to its own connection (reliability rows D-38 to D-41). */

const { answeringTarget, closeAll, rawExchange } = require('../support/peers.js');
const { FACES } = require('../support/faces.js');
const { http2Client, http2Exchange, http2Server } = require('../support/http2.js');
const { lastRequest, readResponse } = require('../support/messages.js');

const LISTENED = [
  ['with nobody listening', undefined],
  ['with a proxyRes listener', { proxyRes: ({ headers }) => (headers['x-seen'] = '1') }],
  ['with a proxyRes listener that reads', { proxyRes: (proxyRes) => proxyRes.on('data', () => {}) }],
];

afterEach(closeAll);

describe.each(FACES)('%s', (_name, face) => {
  async function answerTo(
    lines,
    { request = lastRequest('GET /'), on, body = '2\r\nok\r\n0\r\n\r\n', coding = true } = {},
  ) {
    const framing = coding ? ['Transfer-Encoding: chunked'] : ['Content-Length: 2'];
    const target = await answeringTarget(['HTTP/1.1 200 OK', ...lines, ...framing, '', body].join('\r\n'));
    const { port } = await face({ target: target.url, on });
    const answer = readResponse(await rawExchange(port, request));
    expect(answer).toMatchObject({ status: 200, body: 'ok', isComplete: true, rest: '' });
    return answer;
  }

  const NOMINATED = [
    ['one field', ['Connection: close, X-Internal', 'X-Internal: 1'], ['x-internal']],
    ['in any case', ['Connection: X-INTERNAL', 'x-internal: 1'], ['x-internal']],
    ['in two lines', ['Connection: x-a', 'X-A: 1', 'X-B: 1', 'Connection: x-b'], ['x-a', 'x-b']],
    ['one of several lines', ['Connection: x-a', 'X-A: 1', 'X-A: 2'], ['x-a']],
  ].flatMap(([name, ...row]) => LISTENED.map(([who, on]) => [name, who, ...row, on]));

  test.each(NOMINATED)(
    'D-38 nominated fields of the target are removed: %s, %s',
    async (_case, _who, lines, names, on) => {
      const answer = await answerTo([...lines, 'X-Other: 1'], { on });
      for (const name of names) expect(answer.values(name)).toEqual([]);
      expect(answer.values('x-other')).toEqual(['1']);
    },
  );

  test('D-38 fields that a response cannot do without cannot be nominated', async () => {
    const lines = [
      'Connection: content-length, content-type, set-cookie',
      'Content-Type: text/plain',
      'Set-Cookie: a=1',
    ];
    const answer = await answerTo(lines, { coding: false, body: 'ok' });
    expect(answer.framing).toBe('length');
    expect(answer.values('content-type')).toEqual(['text/plain']);
    expect(answer.values('set-cookie')).toEqual(['a=1']);
  });

  test.each(LISTENED)('D-39 fields of the target’s connection are removed, %s', async (_who, on) => {
    const lines = [
      'Keep-Alive: timeout=77',
      'Proxy-Authenticate: Basic',
      'Proxy-Connection: keep-alive',
      'TE: trailers',
      'Trailer: X-Sum',
      'Upgrade: h2c',
      'Connection: keep-alive, Upgrade',
    ];
    const answer = await answerTo([...lines, 'Alt-Svc: h3=":443"', 'X-Other: 1'], { on });
    for (const name of ['proxy-authenticate', 'proxy-connection', 'te', 'trailer', 'upgrade', 'keep-alive']) {
      expect(answer.values(name)).toEqual([]);
    }
    expect(answer.values('alt-svc')).toEqual(['h3=":443"']);
    expect(answer.values('connection')).toEqual(['close']);
    expect(answer.values('x-other')).toEqual(['1']);
  });

  const OLD = [
    ['that closes', 'GET / HTTP/1.0\r\nHost: me\r\n\r\n'],
    ['that wants to keep its connection', 'GET / HTTP/1.0\r\nHost: me\r\nConnection: keep-alive\r\n\r\n'],
  ].flatMap(([name, request]) => LISTENED.map(([who, on]) => [name, who, request, on]));

  test.each(OLD)('D-40 an HTTP/1.0 client %s gets no chunks, %s', async (_case, _who, request, on) => {
    // The exchange ends with the connection, which is the end of the body.
    const answer = await answerTo([], { request, on });
    expect(answer.framing).not.toBe('chunked');
    expect(answer.values('transfer-encoding')).toEqual([]);
  });

  test.each(LISTENED)('D-40 an HTTP/1.0 client gets the length that is known, %s', async (_who, on) => {
    const answer = await answerTo([], {
      request: 'GET / HTTP/1.0\r\nHost: me\r\n\r\n',
      on,
      coding: false,
      body: 'ok',
    });
    expect(answer.framing).toBe('length');
  });

  test.each(LISTENED)('D-40 an HTTP/2 client gets no Transfer-Encoding, %s', async (_who, on) => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    const target = await answeringTarget(`${head}2\r\nok\r\n0\r\n\r\n`);
    const { port } = await face({ target: target.url, on }, { serve: http2Server });
    const outcome = await http2Exchange(await http2Client(port), { ':path': '/' });
    expect(outcome).toMatchObject({ body: 'ok', error: null, isReset: false });
    expect(outcome.headers).not.toHaveProperty('transfer-encoding');
  });

  const TRAILERS = [
    'X-Sum: 1',
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    'Set-Cookie: a=1',
    'Location: /evil',
    'Content-Type: text/html',
    'Cache-Control: public',
    'Connection: close',
    'Host: evil',
    'X-Other: 2',
  ];
  const WITH_TRAILERS = `2\r\nok\r\n0\r\n${TRAILERS.join('\r\n')}\r\n\r\n`;
  const ALLOWED = [
    ['x-sum', '1'],
    ['x-other', '2'],
  ];

  test.each(LISTENED)('D-41 of trailers those are forwarded that change nothing, %s', async (_who, on) => {
    const answer = await answerTo(['Trailer: X-Sum, Location'], { on, body: WITH_TRAILERS });
    expect(answer.trailers).toEqual(ALLOWED);
    expect(answer.values('location')).toEqual([]);
  });

  test('D-41 trailers that come later than their body are forwarded', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n');
    const { port } = await face({ target: target.url });
    const answer = rawExchange(port, lastRequest('GET /'));
    await (await target.connected()).received('\r\n\r\n');
    setTimeout(() => target.connections[0].socket.write('0\r\nX-Sum: 1\r\n\r\n'), 20);
    expect(readResponse(await answer)).toMatchObject({
      body: 'ok',
      trailers: [['x-sum', '1']],
      isComplete: true,
    });
  });

  test('D-41 repeated trailers are all forwarded', async () => {
    const answer = await answerTo([], { body: '2\r\nok\r\n0\r\nX-A: 1\r\nX-B: 2\r\nX-A: 3\r\n\r\n' });
    const values = answer.trailers
      .filter(([name]) => name === 'x-a')
      .flatMap(([, value]) => value.split(', '));
    expect(values).toEqual(['1', '3']);
  });

  test.each(LISTENED)('D-41 an HTTP/1.0 client, which knows no trailers, gets none, %s', async (_who, on) => {
    const options = { request: 'GET / HTTP/1.0\r\nHost: me\r\n\r\n', on, body: WITH_TRAILERS };
    const answer = await answerTo(['Trailer: X-Sum'], options);
    expect(answer.values('trailer')).toEqual([]);
  });

  test.each(LISTENED)('D-41 an HTTP/2 client gets the same trailers, %s', async (_who, on) => {
    const head = 'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n';
    const target = await answeringTarget(head + WITH_TRAILERS);
    const { port } = await face({ target: target.url, on }, { serve: http2Server });
    const outcome = await http2Exchange(await http2Client(port), { ':path': '/' });
    expect(outcome).toMatchObject({ body: 'ok', error: null, isReset: false });
    expect(Object.entries({ ...outcome.trailers })).toEqual(ALLOWED);
  });
});
