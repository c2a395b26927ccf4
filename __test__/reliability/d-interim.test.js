'use strict';

/** Interim responses: some, many, endless ones, and those that nobody asked for (reliability rows D-21 to D-23). */

const { answeringTarget, closeAll, rawClient, rawExchange, rawTarget } = require('../support/peers.js');
const { FACES } = require('../support/faces.js');
const {
  lastRequest,
  readRequest,
  readResponse,
  readResponses,
  requestText,
} = require('../support/messages.js');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n';

afterEach(closeAll);

describe.each(FACES)('%s', (_name, face) => {
  async function answersTo(bytes, request = lastRequest('GET /')) {
    const target = await answeringTarget(bytes);
    const { port } = await face({ target: target.url });
    return { answers: readResponses(await rawExchange(port, request)), target };
  }

  test.each([
    ['one 103', HINTS, [103, 200]],
    ['three 103', HINTS.repeat(3), [103, 103, 103, 200]],
    ['a 102', 'HTTP/1.1 102 Processing\r\n\r\n', [102, 200]],
    ['an unknown 1xx', 'HTTP/1.1 199 Odd\r\n\r\n', [200]],
    ['a 100 that nobody waits for', 'HTTP/1.1 100 Continue\r\n\r\n', [200]],
  ])('D-21 %s and the response behind it are delivered', async (_case, interim, statuses) => {
    const { answers } = await answersTo(interim + OK);
    expect(answers.map(({ status }) => status)).toEqual(statuses);
    expect(answers.at(-1)).toMatchObject({ body: 'ok', isComplete: true });
    if (statuses[0] === 103) expect(answers[0].values('link')).toEqual(['</a>; rel=preload']);
  });

  test('D-21 of a thousand 103 sixteen are delivered, and the response behind them', async () => {
    const { answers } = await answersTo(HINTS.repeat(1000) + OK);
    expect(answers.map(({ status }) => status)).toEqual([...Array(16).fill(103), 200]);
    expect(answers.at(-1)).toMatchObject({ body: 'ok', isComplete: true });
  });

  test('D-21 an HTTP/1.0 client, which knows no interim responses, gets none', async () => {
    const { answers } = await answersTo(HINTS + OK, 'GET / HTTP/1.0\r\n\r\n');
    expect(answers.map(({ status }) => status)).toEqual([200]);
  });

  test.each([
    ['that cannot be written', 'HTTP/1.1 103 Early Hints\r\nLink: no link at all\r\n\r\n'],
    ['without fields', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
    ['with fields of a connection', 'HTTP/1.1 103 Early Hints\r\nConnection: close\r\nKeep-Alive: 1\r\n\r\n'],
  ])('D-21 a 103 %s does not harm the response behind it', async (_case, interim) => {
    const { answers } = await answersTo(interim + OK);
    expect(answers.at(-1)).toMatchObject({ status: 200, body: 'ok', isComplete: true });
    expect(answers[0].values('keep-alive')).toEqual([]);
  });

  test.each([
    ['100', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['102', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['103', HINTS],
  ])('D-22 an endless sequence of %s is answered with 502', async (_case, interim) => {
    let sent = 0;
    const target = await rawTarget(({ socket }) => {
      const piece = interim.repeat(100);
      const more = () => {
        for (; !socket.destroyed && sent < 20_000_000; sent += piece.length) if (!socket.write(piece)) return;
      };
      socket.on('drain', more).once('data', more);
    });
    const { port } = await face({ target: target.url });
    const answers = readResponses(await rawExchange(port, lastRequest('GET /')));
    expect(answers.at(-1)).toMatchObject({ status: 502, isComplete: true, rest: '' });
    expect(answers.length).toBeLessThanOrEqual(17);
    await target.connections[0].closed();
    expect(sent).toBeLessThan(10_000_000);
  });

  test('D-22 interim responses that drip in do not prolong the time for the head', async () => {
    const target = await rawTarget((connection) => {
      connection.onRequest(() => {
        const timer = setInterval(() => connection.socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 20);
        connection.closed(10_000).finally(() => clearInterval(timer));
      });
    });
    const { port } = await face({ target: target.url, proxyTimeout: 200 });
    const answers = readResponses(await rawExchange(port, lastRequest('GET /')));
    expect(answers.at(-1)).toMatchObject({ status: 504, isComplete: true });
    await target.connections[0].closed();
  });

  test.each([
    ['to a GET', lastRequest('GET /')],
    ['to a POST', lastRequest('POST /', ['Content-Length: 2'], 'ab')],
    [
      'to an offer that was not forwarded',
      requestText('GET /', ['Connection: Upgrade, close', 'Upgrade: websocket']),
    ],
  ])('D-23 a 101 %s is answered with 502', async (_case, request) => {
    const upgrade =
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi';
    const { answers, target } = await answersTo(upgrade, request);
    expect(answers).toHaveLength(1);
    expect(answers[0]).toMatchObject({ status: 502, isComplete: true, rest: '' });
    expect(answers[0].values('upgrade')).toEqual([]);
    await target.connections[0].closed();
    expect(readRequest(target.connections[0].text).values('upgrade')).toEqual([]);
  });

  test.each([
    ['of known length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ])('D-23 an interim response behind one %s is not delivered', async (_case, response) => {
    const { answers, target } = await answersTo(response + HINTS);
    expect(answers).toHaveLength(1);
    expect(answers[0]).toMatchObject({ body: 'hello', isComplete: true });
    await target.connections[0].closed();
  });

  test('D-23 an interim response inside a chunked one aborts it', async () => {
    const target = await rawTarget((connection) => {
      connection.onRequest(() => {
        connection.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      });
    });
    const { port } = await face({ target: target.url });
    const client = await rawClient(port, requestText('GET /'));
    await client.received('hello');
    target.connections[0].socket.write(`${HINTS}0\r\n\r\n`);
    await client.closed();
    expect(readResponse(client.text)).toMatchObject({ status: 200, body: 'hello', isComplete: false });
  });
});
