'use strict';

/** How long a client's request is: told to the target anew, from what was really received (reliability rows C-01 to C-04 and C-11). */

const { answeringTarget, closeAll, rawClient, rawExchange } = require('../support/peers.js');
const { FACES } = require('../support/faces.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HELLO_CHUNKED = '5\r\nhello\r\n0\r\n\r\n';

afterEach(closeAll);

describe.each(FACES)('%s', (_name, face) => {
  /** The one request that the target got for these bytes, and the client's answer. */
  async function forwarded(bytes, { options, method } = {}) {
    const target = await answeringTarget(OK);
    const { port } = await face({ target: target.url, ...options });
    const answer = readResponse(await rawExchange(port, bytes), method);
    expect(answer).toMatchObject({ status: 200, isComplete: true, rest: '' });
    expect(target.connections).toHaveLength(1);
    const request = readRequest(target.connections[0].text);
    expect(request).toMatchObject({ isComplete: true, rest: '' });
    return { request, answer };
  }

  test.each([
    ['gzip, chunked', HELLO_CHUNKED],
    ['deflate, chunked', HELLO_CHUNKED],
    [',chunked', HELLO_CHUNKED],
    ['identity, chunked', HELLO_CHUNKED],
  ])('C-01 Transfer-Encoding: %s is answered with 501 before anything is sent', async (coding, body) => {
    const target = await answeringTarget(OK);
    const { port } = await face({ target: target.url });
    const answer = await rawExchange(port, lastRequest('POST /', [`Transfer-Encoding: ${coding}`], body));
    expect(readResponse(answer)).toMatchObject({ status: 501, isComplete: true, rest: '' });
    expect(target.connections).toHaveLength(0);
  });

  test.each([
    ['that closes', []],
    ['that wants to keep its connection', ['Connection: keep-alive']],
  ])('C-02 a chunked body of an HTTP/1.0 client %s is framed anew', async (_case, lines) => {
    const head = ['POST /x HTTP/1.0', 'Host: me', 'Transfer-Encoding: chunked', ...lines, '', ''].join(
      '\r\n',
    );
    // The exchange is over only when the connection is: RFC 9112 §6.1 has it closed.
    const { request, answer } = await forwarded(head + HELLO_CHUNKED);
    expect(request).toMatchObject({ start: 'POST /x HTTP/1.1', body: 'hello' });
    expect(answer.body).toBe('ok');
    expect(answer.values('connection')).not.toContain('keep-alive');
  });

  const BODIES = [
    ['in one chunk', HELLO_CHUNKED, 'hello'],
    ['in several chunks', '2\r\nhe\r\n2;x=y\r\nll\r\n1\r\no\r\n0\r\n\r\n', 'hello'],
    ['that is empty', '0\r\n\r\n', ''],
    [
      'that looks like a request',
      '1a\r\nGET /evil HTTP/1.1\r\nX: y\r\n\r\n0\r\n\r\n',
      'GET /evil HTTP/1.1\r\nX: y\r\n',
    ],
  ];
  const METHODS = ['DELETE', 'OPTIONS', 'GET', 'HEAD', 'POST'];
  const BODIES_BY_METHOD = METHODS.flatMap((method) =>
    BODIES.map(([name, ...body]) => [method, name, ...body]),
  );

  test.each(BODIES_BY_METHOD)(
    'C-03 a chunked %s with a body %s stays chunked',
    async (method, _case, wire, body) => {
      const bytes = lastRequest(`${method} /`, ['Transfer-Encoding: chunked'], wire);
      const { request } = await forwarded(bytes, { method });
      expect(request).toMatchObject({ start: `${method} / HTTP/1.1`, framing: 'chunked', body });
      expect(request.values('content-length')).toEqual([]);
      expect(request.values('transfer-encoding')).toEqual(['chunked']);
    },
  );

  test.each(METHODS)('C-03 a chunked %s whose body comes later stays chunked', async (method) => {
    const target = await answeringTarget(OK);
    const { port } = await face({ target: target.url });
    const client = await rawClient(port, lastRequest(`${method} /`, ['Transfer-Encoding: chunked']));
    client.socket.write('3\r\nhel\r\n');
    await (await target.connected()).received('hel');
    client.socket.write('2\r\nlo\r\n0\r\n\r\n');
    await client.closed();
    expect(readResponse(client.text, method)).toMatchObject({ status: 200, isComplete: true });
    const request = readRequest(target.connections[0].text);
    expect(request).toMatchObject({ framing: 'chunked', body: 'hello', isComplete: true, rest: '' });
  });

  test.each([
    ['POST', '02', '2', 'ab'],
    ['DELETE', '010', '10', '0123456789'],
    ['GET', '0003', '3', 'abc'],
    ['POST', '00', '0', ''],
  ])('C-04 the length of a %s, %s, is written as %s', async (method, written, length, body) => {
    const { request } = await forwarded(lastRequest(`${method} /`, [`Content-Length: ${written}`], body), {
      method,
    });
    expect(request).toMatchObject({ framing: 'length', body });
    expect(request.values('content-length')).toEqual([length]);
  });

  const LISTENED = [
    ['with nobody listening', undefined],
    ['with a proxyReq listener', { proxyReq: (proxyReq) => proxyReq.setHeader('x-seen', '1') }],
  ];
  const ANNOUNCED = [
    ['GET', [], ''],
    ['HEAD', [], ''],
    ['POST', ['Content-Length: 5'], 'hello'],
    ['POST', ['Transfer-Encoding: chunked'], HELLO_CHUNKED],
  ];
  const ANNOUNCED_TRAILERS = ANNOUNCED.flatMap(([method, lines, body]) =>
    LISTENED.map(([name, on]) => [method, lines, name, body, on]),
  );

  test.each(ANNOUNCED_TRAILERS)(
    'C-11 a Trailer field on a %s %j without trailers is dropped, %s',
    async (method, lines, _case, body, on) => {
      const bytes = lastRequest(`${method} /`, ['Trailer: foo', ...lines], body);
      const { request } = await forwarded(bytes, { method, options: { on } });
      expect(request.values('trailer')).toEqual([]);
      expect(request.trailers).toEqual([]);
      expect(request.body).toBe(body === '' ? '' : 'hello');
    },
  );

  test('C-11 trailers that do come are forwarded, but for those that would change the request', async () => {
    const trailers = 'X-Sum: 1\r\nHost: evil\r\nAuthorization: x\r\nX-Forwarded-For: y\r\n';
    const lines = ['Trailer: X-Sum, Host', 'Transfer-Encoding: chunked'];
    const { request } = await forwarded(lastRequest('POST /', lines, `5\r\nhello\r\n0\r\n${trailers}\r\n`));
    expect(request).toMatchObject({ framing: 'chunked', body: 'hello', trailers: [['x-sum', '1']] });
    expect(request.values('trailer')).toEqual([]);
  });
});
