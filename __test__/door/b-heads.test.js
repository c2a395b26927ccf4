'use strict';

/** Heads of HTTP/2 at the native door, byte by byte: what is malformed ends its stream, and nothing of it reaches the target. */

const http = require('node:http');
const { closeAll, eventually, listening, onCleanUp, rawTarget } = require('../support/peers.js');
const { openDoor } = require('../support/doors.js');
const { ERROR, FLAG, block, frame, frameClient, requestFields } = require('../support/h2-frames.js');
const { readRequest } = require('../support/messages.js');

afterEach(closeAll);

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A door for HTTP/2 without TLS, in front of a target that records what it gets. */
async function bench(settings) {
  const target = await rawTarget((connection) => connection.onRequest(() => connection.socket.write(OK)));
  const { port, proxy } = await openDoor({ target: target.url }, { h2c: true, ...settings });
  const client = await frameClient(port);
  return { target, proxy, client, port };
}

/** What a stream with this head comes to: the status of its answer, or how it was reset. */
async function outcome(client, fields, stream = 1) {
  client.request(stream, fields);
  await client.until(
    ({ frames, ending }) =>
      ending ||
      frames.some(({ type, stream: of }) => of === stream && (type === 'RST_STREAM' || type === 'HEADERS')),
    'anything',
  );
  const reset = client.frames.find(({ type, stream: of }) => type === 'RST_STREAM' && of === stream);
  if (
    reset !== undefined &&
    !client.frames.some(({ type, stream: of }) => type === 'HEADERS' && of === stream)
  )
    return reset.payload.readUInt32BE(0) === ERROR.PROTOCOL_ERROR ? 'PROTOCOL_ERROR' : 'another error';
  if (client.ending === null) return (await client.answer(stream)).status;
  return (await client.goneAway()).length > 0 ? GONE : client.ending;
}

const without = (name) => requestFields().filter(([other]) => other !== name);
const instead = (parts) => requestFields([], parts);
const beside = (...fields) => requestFields(fields);
const MALFORMED = 'PROTOCOL_ERROR';
/** The whole connection ends. */
const GONE = 'GOAWAY';
const X = 'x'.repeat(100);

describe.each([
  ['B-06 a head without a method', without(':method'), MALFORMED],
  ['B-06 a head without a scheme', without(':scheme'), MALFORMED],
  ['B-06 a head without a path', without(':path'), MALFORMED],
  ['B-06 a head without a host', without(':authority'), 400],
  ['B-06 an empty path', instead({ path: '' }), MALFORMED],
  ['B-06 a pseudo-field twice', beside([':path', '/b']), MALFORMED],
  ['B-06 a pseudo-field that there is not', [...requestFields(), [':own', '1']], GONE],
  ['B-06 a pseudo-field of responses', [[':status', '200'], ...requestFields()], MALFORMED],
  ['B-06 a pseudo-field behind others', [...without(':path'), ['a', 'b'], [':path', '/']], MALFORMED],
  ['B-07 a name in upper case', beside(['X-A', '1']), GONE],
  ['B-07 a name with a space', beside(['x a', '1']), GONE],
  ['B-07 a name with a colon', beside(['x:a', '1']), GONE],
  ['B-07 a name with a NUL', beside(['x\0a', '1']), GONE],
  ['B-07 a name with a quote', beside(['x"a', '1']), 400],
  ['B-07 no name', beside(['', '1']), GONE],
  ['B-07 a value with a line feed', beside(['x', 'a\nb']), GONE],
  ['B-07 a value with a carriage return', beside(['x', 'a\rb']), GONE],
  ['B-07 a value with a NUL', beside(['x', 'a\0b']), GONE],
  ['B-08 connection', beside(['connection', 'close']), MALFORMED],
  ['B-08 keep-alive', beside(['keep-alive', 'timeout=5']), MALFORMED],
  ['B-08 proxy-connection', beside(['proxy-connection', 'close']), MALFORMED],
  ['B-08 transfer-encoding', beside(['transfer-encoding', 'chunked']), MALFORMED],
  ['B-08 upgrade', beside(['upgrade', 'websocket']), MALFORMED],
  ['B-08 te with more than trailers', beside(['te', 'trailers, deflate']), MALFORMED],
  ['B-09 a length, and the end at once', beside(['content-length', '5']), MALFORMED],
  ['B-10 two lengths that differ', beside(['content-length', '0'], ['content-length', '1']), MALFORMED],
  ['B-10 two lengths that are equal', beside(['content-length', '0'], ['content-length', '0']), 400],
  ['B-10 a length that is none', beside(['content-length', '+0']), MALFORMED],
  ['B-11 an authority that is not the host', beside(['host', 'other']), 400],
  ['B-11 two hosts', [...without(':authority'), ['host', 'me'], ['host', 'me']], 400],
  ['B-11 an authority with a user', instead({ authority: 'user@me' }), 400],
  ['B-11 an authority with a space', instead({ authority: 'm e' }), MALFORMED],
  ['B-11 an authority with a path', instead({ authority: 'me/x' }), MALFORMED],
  ['B-11 an authority with a comma', instead({ authority: 'me,you' }), 400],
  ['B-12 a path without a slash', instead({ path: 'a' }), MALFORMED],
  ['B-12 a star, but not for OPTIONS', instead({ path: '*' }), 400],
  ['B-12 a URL as path', instead({ path: 'http://other/' }), MALFORMED],
  ['B-12 a path with a space', instead({ path: '/ HTTP/1.1' }), MALFORMED],
  ['B-12 a path with a line end', instead({ path: '/\r\nx: y' }), MALFORMED],
  ['B-12 a path with a quote', instead({ path: '/"' }), 400],
  ['B-13 a method with a space', instead({ method: 'GET / HTTP/1.1\r\nX: y' }), GONE],
  ['B-13 a method with a question mark', instead({ method: 'GET?' }), GONE],
  ['B-13 a method that is too long', instead({ method: 'M'.repeat(33) }), 400],
  ['B-14 a scheme that is none', instead({ scheme: 'http://x/?' }), MALFORMED],
  [
    'B-15 CONNECT',
    [
      [':method', 'CONNECT'],
      [':authority', 'me:1'],
    ],
    405,
  ],
  ['B-15 TRACE', instead({ method: 'TRACE' }), 405],
  [
    'B-15 an extended CONNECT that was not offered',
    [[':method', 'CONNECT'], [':protocol', 'websocket'], ...without(':method')],
    MALFORMED,
  ],
  ['B-15 :protocol of another method', beside([':protocol', 'websocket']), MALFORMED],
  ['B-22 too many fields', beside(...Array.from({ length: 101 }, (_, i) => [`x-${i}`, '1'])), 431],
  [
    'B-23 too many crumbs of a cookie',
    beside(...Array.from({ length: 101 }, (_, i) => ['cookie', `a=${i}`])),
    431,
  ],
  [
    'B-22 a head that is too long',
    beside(...Array.from({ length: 75 }, (_, i) => [`x-${i}`, X.repeat(2)])),
    431,
  ],
  ['B-35 a line end in a value', beside(['x', 'a\r\nGET /b HTTP/1.1\r\nHost: me\r\n\r\n']), GONE],
  ['B-35 a line end in a name', beside(['foo: bar\r\nx', '1']), GONE],
])('%s', (_what, fields, wanted) => {
  test(`comes to ${wanted}`, async () => {
    const { client, target, proxy, port } = await bench();
    expect(await outcome(client, fields)).toBe(wanted);
    // Unless it has ended, the connection is as good as before.
    const next = wanted === GONE ? await frameClient(port) : client;
    expect(await outcome(next, requestFields([['x-last', '1']]), 3)).toBe(200);
    expect(target.connections).toHaveLength(1);
    const request = readRequest(target.connections[0].text);
    expect(request).toMatchObject({ start: 'GET / HTTP/1.1', isComplete: true, rest: '' });
    expect(request.values('x-last')).toEqual(['1']);
    expect(proxy.stats()).toMatchObject({ panics: 0, door: { forwarded: 1 } });
  });
});

describe('what is forwarded', () => {
  const forwarded = async (fields) => {
    const { client, target } = await bench();
    expect(await outcome(client, fields)).toBe(200);
    return readRequest(target.connections[0].text);
  };

  test('B-11 the authority is the host', async () => {
    const request = await forwarded(instead({ authority: 'Me:81' }));
    expect(request.values('host')).toEqual(['Me:81']);
    expect((await forwarded(beside(['host', 'ME']))).values('host')).toEqual(['me']);
    expect((await forwarded([...without(':authority'), ['host', 'you']])).values('host')).toEqual(['you']);
  });

  test('B-12 a fragment is cut off, all else of a path stays', async () => {
    expect((await forwarded(instead({ path: '/a//../%2e?b=[c]|^' }))).start).toBe(
      'GET /a//../%2e?b=[c]|^ HTTP/1.1',
    );
    expect((await forwarded(instead({ path: '/a#b' }))).start).toBe('GET /a HTTP/1.1');
  });

  test('B-12 the server itself answers for a star', async () => {
    const { client, target } = await bench();
    expect(await outcome(client, instead({ method: 'OPTIONS', path: '*' }))).toBe(200);
    expect(target.connections).toHaveLength(0);
  });

  test('B-23 crumbs become one cookie', async () => {
    const request = await forwarded(beside(['cookie', 'a=1'], ['x', '1'], ['cookie', 'b=2']));
    expect(request.values('cookie')).toEqual(['a=1; b=2']);
  });

  test('bytes of latin1 stay bytes, names are lower case, te goes no further', async () => {
    const request = await forwarded(beside(['x-own', 'a\xe9\xff'], ['te', 'trailers']));
    expect(request.values('x-own')).toEqual(['a\xe9\xff']);
    expect(request.values('te')).toEqual([]);
    expect(request.values('via')).toEqual([expect.stringMatching(/^2\.0 rs-proxy-[0-9a-f]{8}$/)]);
  });
});

describe('bodies that are not as they were announced', () => {
  test.each([
    ['B-09 more than the length', '5', ['123456'], true],
    ['B-09 less than the length', '5', ['1234'], true],
    ['B-09 less than the length, the end in an empty frame', '5', ['1234', ''], true],
    ['B-09 a reset instead of the rest', '5', ['1234'], false],
  ])('%s: the request is never a whole one', async (_what, length, pieces, ends) => {
    const { client, target, proxy } = await bench();
    const fields = requestFields([['content-length', length]], { method: 'POST' });
    client.send(frame('HEADERS', FLAG.END_HEADERS, 1, block(fields)));
    pieces.forEach((piece, i) =>
      client.send(
        frame('DATA', ends && i === pieces.length - 1 ? FLAG.END_STREAM : 0, 1, Buffer.from(piece)),
      ),
    );
    if (ends) expect(await client.reset(1)).toBe(ERROR.PROTOCOL_ERROR);
    else client.send(frame('RST_STREAM', 0, 1, Buffer.from([0, 0, 0, ERROR.CANCEL])));
    await eventually(() => proxy.stats().exchanges === 0 && proxy.stats().connections === 0);
    // It may have been reset before it was forwarded at all; if not, its connection has ended, and is not used again.
    for (const connection of target.connections) {
      await connection.closed();
      expect(connection.text === '' || readRequest(connection.text).isComplete).not.toBe(
        connection.text !== '',
      );
    }
    expect(await outcome(client, requestFields(), 3)).toBe(200);
  });

  test('B-16 trailers without the end: the stream is reset', async () => {
    const { client, proxy } = await bench();
    client.send(frame('HEADERS', FLAG.END_HEADERS, 1, block(requestFields([], { method: 'POST' }))));
    client.send(frame('DATA', 0, 1, Buffer.from('hello')));
    client.send(frame('HEADERS', FLAG.END_HEADERS, 1, block([['x-sum', '1']])));
    expect(await client.reset(1)).toBe(ERROR.PROTOCOL_ERROR);
    await eventually(() => proxy.stats().exchanges === 0);
  });

  test('B-16 framing and pseudo-fields in trailers go no further, others do', async () => {
    const requests = [];
    const server = await listening(
      http.createServer((req, res) => req.resume().on('end', () => (requests.push(req.trailers), res.end()))),
    );
    onCleanUp(() => (server.closeAllConnections(), server.close()));
    const { port } = await openDoor({ target: `http://127.0.0.1:${server.address().port}` }, { h2c: true });
    const client = await frameClient(port);
    client.send(frame('HEADERS', FLAG.END_HEADERS, 1, block(requestFields([], { method: 'POST' }))));
    client.send(frame('DATA', 0, 1, Buffer.from('hello')));
    client.send(
      frame(
        'HEADERS',
        FLAG.END_HEADERS | FLAG.END_STREAM,
        1,
        block([
          [':path', '/'],
          ['x-sum', '1'],
          ['content-length', '7'],
          ['host', 'x'],
        ]),
      ),
    );
    expect((await client.answer(1)).status).toBe(200);
    expect(requests).toEqual([{ 'x-sum': '1' }]);
  });
});
