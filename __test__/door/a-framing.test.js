'use strict';

/** How long a client's request is, through the native door (reliability rows ). */

const { closeAll, eventually, rawClient, rawExchange } = require('../support/peers.js');
const { doorTo, forwarded, refused } = require('../support/doors.js');
const { lastRequest, readRequest, readResponse, requestText } = require('../support/messages.js');

afterEach(closeAll);

const post = (lines, body = 'hello') => lastRequest('POST /', lines, body);
const chunked = (body) => post(['Transfer-Encoding: chunked'], body);
const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';

describe('the length', () => {
  test.each([
    ['A-01', ['Content-Length: 5', 'Transfer-Encoding: chunked'], 400],
    ['A-02', ['Transfer-Encoding: chunked', 'Content-Length: 5'], 400],
    ['A-03', ['Transfer-Encoding: chunked', 'Content-Length: abc'], 400],
    ['A-04', ['Content-Length: 5', 'Content-Length: 6'], 400],
    ['A-05', ['Content-Length: 5', 'Content-Length: 5'], 400],
    ['A-06', ['Content-Length: 5, 5'], 400],
    ...['+5', '-1', '0x5', '5Z', '5_0', '5e0', '"5"', ''].map((length) => [
      'A-07',
      [`Content-Length: ${length}`],
      400,
    ]),
    ...[2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, 10n ** 39n].map((length) => [
      'A-09',
      [`Content-Length: ${length}`],
      400,
    ]),
    ...['\x0b5', '5\x0c', '\xa05'].map((length) => ['A-10', [`Content-Length: ${length}`], 400]),
    ['A-11', ['Transfer-Encoding: chunked, chunked'], 400],
    ['A-12', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], 400],
    ['A-12', ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'], 501],
    ...['gzip, chunked', 'identity', 'deflate'].map((coding) => [
      'A-13',
      [`Transfer-Encoding: ${coding}`],
      501,
    ]),
    ...[',chunked', 'chunked,', '"chunked"', 'chunked;q=1', 'xchunked', '\xa0chunked'].map((coding) => [
      'A-14',
      [`Transfer-Encoding: ${coding}`],
      501,
    ]),
    ['A-14', ['Transfer-Encoding: chunked\x0b'], 400],
    ['A-21', ['Content-Length : 5'], 400],
    ['A-23', ['Transfer-Encoding:', ' chunked'], 400],
  ])('%s %j is answered with %i, and nothing is sent', async (_id, lines, status) => {
    expect(await refused(post(lines))).toBe(status);
  });

  test('A-08 leading zeros are decimal, and written anew', async () => {
    const { request } = await forwarded(post(['Content-Length: 005']));
    expect(request).toMatchObject({ framing: 'length', body: 'hello' });
    expect(request.values('content-length')).toEqual(['5']);
  });

  test('A-10 white space around it is taken away', async () => {
    const { request } = await forwarded(post(['Content-Length: \t5\t ']));
    expect(request).toMatchObject({ body: 'hello' });
  });

  test.each(['Chunked', 'CHUNKED'])('A-15 %s is chunked', async (coding) => {
    const { request } = await forwarded(post([`Transfer-Encoding: ${coding}`], CHUNKS));
    expect(request).toMatchObject({ framing: 'chunked', body: 'hello' });
    expect(request.values('transfer-encoding')).toEqual(['chunked']);
  });

  test('A-16 HTTP/1.0 knows no chunks', async () => {
    expect(await refused(`POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`)).toBe(400);
  });

  test.each(['GET', 'HEAD', 'DELETE'])('A-17 a %s of HTTP/1.0 with a body is framed anew', async (method) => {
    const { request, answer } = await forwarded(`${method} / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello`, {
      method,
    });
    expect(request).toMatchObject({ framing: 'length', body: 'hello' });
    expect(answer.values('connection')).toEqual(['close']);
  });

  test('A-18 a POST of HTTP/1.0 without a length is empty, and what follows is nothing', async () => {
    const { request } = await forwarded('POST / HTTP/1.0\r\n\r\nGET /evil HTTP/1.0\r\n\r\n');
    expect(request.body).toBe('');
    expect(request.values('content-length')).toEqual(['0']);
  });

  test('A-19 what follows a GET is the next request', async () => {
    const { target, port } = await doorTo();
    await rawExchange(port, requestText('GET /one') + lastRequest('GET /two'));
    const first = readRequest(target.connections[0].text);
    expect(first).toMatchObject({ start: 'GET /one HTTP/1.1', body: '' });
    expect(readRequest(first.rest)).toMatchObject({ start: 'GET /two HTTP/1.1', rest: '' });
  });

  test('A-20 a POST that says nothing of a body has none', async () => {
    const { request } = await forwarded(post([], ''));
    expect(request.values('content-length')).toEqual(['0']);
  });

  test('A-22 twins with an underscore are not forwarded', async () => {
    const lines = ['Content-Length: 5', 'Content_Length: 6', 'Transfer_Encoding: chunked', 'X_Own: 1'];
    const { request } = await forwarded(post(lines));
    expect(request).toMatchObject({ body: 'hello' });
    expect(request.fields.map(([name]) => name)).not.toContain('content_length');
    expect(request.fields.map(([name]) => name)).not.toContain('transfer_encoding');
    expect(request.values('x_own')).toEqual(['1']);
  });

  test('A-24 a client cannot nominate framing away', async () => {
    const lines = ['Connection: transfer-encoding, content-length', 'Transfer-Encoding: chunked'];
    const { request } = await forwarded(post(lines, CHUNKS));
    expect(request).toMatchObject({ framing: 'chunked', body: 'hello' });
  });
});

describe('chunks', () => {
  test.each([
    ...['0x5', '+5', '-1', '5_0', ' 5', ''].map((size) => ['A-25', `${size}\r\nhello\r\n0\r\n\r\n`]),
    ['A-26', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
    ['A-27', '5\nhello\r\n0\r\n\r\n'],
    ['A-27', '5\rXhello\r\n0\r\n\r\n'],
    ['A-28', '5\r\nhelloXX0\r\n\r\n'],
    ['A-28', '5\r\nhello\n0\r\n\r\n'],
    ['A-29', '5;a\rb\r\nhello\r\n0\r\n\r\n'],
    ['A-29', '5;a\nb\r\nhello\r\n0\r\n\r\n'],
    ['A-29', '5;a\0b\r\nhello\r\n0\r\n\r\n'],
    ['A-30', `5;${'x'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`],
    ['A-30', `${'1;x\r\na\r\n'.repeat(20_000)}0\r\n\r\n`],
    ['A-32', `${'0'.repeat(1000)}\r\n\r\n`],
    ['A-33', '5\r\nhello\r\n0\r\nXX\r\n\r\n'],
    ['A-36', '0\r\nX: a\r\n b\r\n\r\n'],
    ['A-36', '0\r\nX: a\n\r\n'],
    ['A-36', '0\r\nX: a\0b\r\n\r\n'],
    ['A-36', `0\r\n${'X: a\r\n'.repeat(1001)}\r\n`],
    ['A-36', `0\r\nX: ${'a'.repeat(64 * 1024)}\r\n\r\n`],
  ])('%s a malformed body is answered with 400, and the target does not get it whole', async (_id, body) => {
    const { target, port } = await doorTo();
    const answer = readResponse(await rawExchange(port, chunked(body)));
    expect(answer).toMatchObject({ status: 400, isComplete: true, rest: '' });
    for (const connection of target.connections) {
      await connection.closed();
      expect(connection.text).not.toMatch(/0\r\n\r\n$/);
    }
  });

  test('A-31 extensions end here', async () => {
    const { request } = await forwarded(chunked('5;a=b\r\nhello\r\n0;c\r\n\r\n'));
    expect(request.body).toBe('hello');
  });

  test.each(['0;x', '00000'])('A-32 %s ends the body', async (last) => {
    const { request } = await forwarded(chunked(`5\r\nhello\r\n${last}\r\n\r\n`));
    expect(request.body).toBe('hello');
  });

  test.each(['5', '5\r\nhel', '5\r\nhello\r\n0\r\nX: 1'])(
    'A-34 a client that ends at %j ends its request',
    async (body) => {
      const { target, port } = await doorTo();
      const client = await rawClient(port, chunked(body));
      await eventually(() => target.connections.length === 1);
      client.socket.end();
      const [connection] = target.connections;
      await connection.closed();
      expect(connection.text).not.toMatch(/0\r\n(X: 1\r\n)?\r\n$/i);
    },
  );

  test('A-35 trailers cannot say what heads say', async () => {
    const trailers = [
      'Content-Length',
      'Transfer-Encoding',
      'Host',
      'Authorization',
      'Connection',
      'Cookie',
      'X-Forwarded-For',
      'X-Sum',
    ];
    const lines = trailers.map((name) => `${name}: 1\r\n`).join('');
    const { request } = await forwarded(chunked(`5\r\nhello\r\n0\r\n${lines}\r\n`));
    expect(request).toMatchObject({ body: 'hello', trailers: [['x-sum', '1']] });
  });

  test('A-37 a body of tiny chunks arrives whole', async () => {
    const { request } = await forwarded(chunked(`${'1\r\na\r\n'.repeat(100_000)}0\r\n\r\n`));
    expect(request.body).toBe('a'.repeat(100_000));
  });

  test('A-38 a Trailer field without trailers is not forwarded', async () => {
    const { request } = await forwarded(lastRequest('GET /', ['Trailer: x']));
    expect(request.values('trailer')).toEqual([]);
  });
});
