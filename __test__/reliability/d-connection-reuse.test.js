'use strict';

/** When a connection to the target is used again, and when it must not be (reliability rows D-24 to D-31). */

const {
  answeringTarget,
  closeAll,
  eventually,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { FACES, proxyServer } = require('../support/faces.js');
const { lastRequest, readRequest, readResponse, requestText } = require('../support/messages.js');

const MINE = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine';
const STALE = 'HTTP/1.1 200 OK\r\nX-Stale: 1\r\nContent-Length: 5\r\n\r\nstale';
const ENDINGS = [
  ['FIN', (socket) => socket.end()],
  ['RST', (socket) => socket.resetAndDestroy()],
];

afterEach(closeAll);

describe.each(FACES)('%s', (name, face) => {
  /** The status for a target that closed without an answer. */
  const HUNG_UP = name === 'createProxyMiddleware' ? 504 : 502;

  const ask = async (port, method = 'GET', body = '') => {
    const lines = body === '' ? [] : [`Content-Length: ${body.length}`];
    return readResponse(await rawExchange(port, lastRequest(`${method} /`, lines, body)), method);
  };
  const mine = { status: 200, body: 'mine', isComplete: true, rest: '' };

  const REQUESTS = [
    ['GET', ''],
    ['POST', ''],
    ['POST', 'body'],
  ];

  test.each(REQUESTS)(
    'D-24 a second response in one packet is given to nobody (%s %j)',
    async (method, body) => {
      const target = await answeringTarget(MINE + STALE);
      const { port } = await face({ target: target.url });
      for (let i = 0; i < 3; i++) {
        expect(await ask(port, method, body)).toMatchObject(mine);
        await target.connections[i].closed();
      }
      expect(target.connections).toHaveLength(3);
    },
  );

  const UNASKED = [
    ['D-25', 'a response', STALE],
    ['D-25', 'half a response', 'HTTP/1.1 200 OK\r\nX-Stale: 1\r\n'],
    ['D-25', 'an interim response', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
    ['D-26', 'an empty line', '\r\n'],
    ['D-26', 'one byte', ' '],
    ['D-26', 'bytes that are no HTTP', 'nonsense'],
  ].flatMap((row) => REQUESTS.map((request) => [...row, ...request]));

  test.each(UNASKED)(
    '%s %s that comes while idle throws the connection out (%j, then %s %j)',
    async (...row) => {
      const [, , unasked, method, body] = row;
      const target = await answeringTarget(MINE);
      const { port } = await face({ target: target.url });
      expect(await ask(port)).toMatchObject(mine);
      const [first] = target.connections;
      await new Promise((resolve) => first.socket.write(unasked, resolve));
      // At once: whether the bytes were noticed before the next request must make no difference.
      expect(await ask(port, method, body)).toMatchObject(mine);
      await first.closed();
      expect(target.connections).toHaveLength(2);
      expect(readRequest(target.connections[1].text)).toMatchObject({ body, isComplete: true, rest: '' });
      expect(readRequest(first.text).rest).toBe('');
    },
  );

  test.each(ENDINGS)(
    'D-27 a connection that ends with %s while idle is removed at once',
    async (_how, end) => {
      const target = await answeringTarget(MINE);
      const { port } = await face({ target: target.url });
      expect(await ask(port)).toMatchObject(mine);
      end(target.connections[0].socket);
      await target.connections[0].closed();
      // A request that may not be repeated shows that nothing had to be.
      expect(await ask(port, 'POST', 'body')).toMatchObject(mine);
      expect(target.connections).toHaveLength(2);
    },
  );

  /** A target that answers each connection's first request, and does `then` with the second. */
  const answeringOnce = (then) =>
    rawTarget((connection, index) => {
      let count = 0;
      connection.onRequest(() => {
        count += 1;
        if (index > 0 || count === 1) connection.socket.write(MINE);
        else then(connection.socket);
      });
    });

  const RACES = [
    ['GET', '', true],
    ['HEAD', '', true],
    ['OPTIONS', '', true],
    ['DELETE', '', true],
    ['PUT', 'body', true],
    ['PUT', 'b'.repeat(64 * 1024), true],
    ['PUT', 'b'.repeat(64 * 1024 + 1), false],
    ['POST', '', false],
    ['POST', 'body', false],
    ['PATCH', 'body', false],
  ].flatMap(([method, body, isRepeated]) =>
    ENDINGS.map(([ending, end]) => [
      ending,
      method,
      body.length,
      isRepeated ? 'repeated' : 'not repeated',
      body,
      end,
    ]),
  );

  test.each(RACES)('D-28 %s in place of an answer: a %s with %i bytes is %s', async (...row) => {
    const [, method, , outcome, body, end] = row;
    const target = await answeringOnce(end);
    const { port } = await face({ target: target.url });
    expect(await ask(port)).toMatchObject(mine);
    const answer = await ask(port, method, body);
    const requests = target.connections.map(({ text }) => text.split(`${method} / HTTP/1.1`).length - 1);
    const before = method === 'GET' ? 1 : 0;
    if (outcome === 'repeated') {
      expect(answer.status).toBe(200);
      expect(requests).toEqual([before + 1, 1]);
      expect(readRequest(target.connections[1].text)).toMatchObject({ body, isComplete: true, rest: '' });
    } else {
      expect(answer.status).toBe(HUNG_UP);
      expect(requests).toEqual([1]);
    }
  });

  test.each(ENDINGS)('D-28 %s on a fresh connection is no reason to repeat anything', async (_how, end) => {
    const target = await rawTarget((connection) => connection.onRequest(() => end(connection.socket)));
    const { port } = await face({ target: target.url });
    expect((await ask(port)).status).toBe(HUNG_UP);
    expect(target.connections).toHaveLength(1);
  });

  test.each(ENDINGS)('D-28 %s on the fresh connection, too, ends it', async (_how, end) => {
    let count = 0;
    const target = await rawTarget((connection) => {
      connection.onRequest(() => (count++ === 0 ? connection.socket.write(MINE) : end(connection.socket)));
    });
    const { port } = await face({ target: target.url });
    expect(await ask(port)).toMatchObject(mine);
    expect((await ask(port)).status).toBe(HUNG_UP);
    expect(count).toBe(3);
  });

  test.each(ENDINGS)('D-28 %s after the beginning of an answer is not repeated', async (_how, end) => {
    const target = await answeringOnce((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX-A');
      setTimeout(end, 20, socket);
    });
    const { port } = await face({ target: target.url });
    expect(await ask(port)).toMatchObject(mine);
    expect((await ask(port)).status).toBe(HUNG_UP);
    expect(target.connections).toHaveLength(1);
  });

  const CLOSING = [
    ['Connection: close', 'HTTP/1.1', ['Connection: close']],
    ['Connection: Close, x', 'HTTP/1.1', ['Connection: Close, x']],
    ['Connection: x, and close in another line', 'HTTP/1.1', ['Connection: x', 'Connection: close']],
    ['Connection: keep-alive, close', 'HTTP/1.1', ['Connection: keep-alive, close']],
    ['HTTP/1.0', 'HTTP/1.0', []],
  ];

  test.each(CLOSING)(
    'D-29 a connection that stays open after %s is not used again',
    async (_case, version, lines) => {
      const target = await answeringTarget(
        [`${version} 200 OK`, ...lines, 'Content-Length: 4', '', 'mine'].join('\r\n'),
      );
      const { port } = await face({ target: target.url });
      expect(await ask(port)).toMatchObject(mine);
      await target.connections[0].closed();
      expect(await ask(port)).toMatchObject(mine);
      expect(target.connections).toHaveLength(2);
    },
  );

  test.each(ENDINGS)(
    'D-29 a connection that ends with %s after keep-alive costs no request',
    async (_how, end) => {
      const target = await rawTarget((connection) => {
        connection.onRequest(() => {
          connection.socket.write(MINE.replace('\r\n', '\r\nConnection: keep-alive\r\n'), () =>
            end(connection.socket),
          );
        });
      });
      const { port } = await face({ target: target.url });
      for (let i = 0; i < 5; i++) expect(await ask(port)).toMatchObject({ status: 200 });
    },
  );

  test.each([
    ['timeout=0', 2],
    ['timeout=1', 2],
    ['max=1', 2],
    ['max=0', 2],
    ['timeout=5, max=1', 2],
    ['timeout=99999999999', 1],
    ['timeout=99999999999999999999999999', 1],
    ['timeout=5', 1],
    ['max=100', 1],
    ['x=y; timeout', 1],
  ])('D-30 after Keep-Alive: %s two requests take %i connections', async (hint, connections) => {
    const target = await answeringTarget(MINE.replace('\r\n', `\r\nKeep-Alive: ${hint}\r\n`));
    const { port } = await face({ target: target.url });
    for (let i = 0; i < 2; i++) expect(await ask(port)).toMatchObject(mine);
    expect(target.connections).toHaveLength(connections);
  });

  test.each(['timeout=-1', 'max=-1', 'timeout=1e9', 'timeout=\x80', '=', ',,,', 'timeout=0x10'])(
    'D-30 a Keep-Alive of %j does no harm',
    async (hint) => {
      const target = await answeringTarget(MINE.replace('\r\n', `\r\nKeep-Alive: ${hint}\r\n`));
      const { port } = await face({ target: target.url });
      for (let i = 0; i < 2; i++) expect(await ask(port)).toMatchObject(mine);
    },
  );

  test.each([
    [413, ''],
    [401, 'WWW-Authenticate: Basic\r\n'],
    [307, 'Location: /elsewhere\r\n'],
    [200, ''],
  ])(
    'D-31 a %i before the request body is sent is delivered, and neither connection used again',
    async (status, line) => {
      const early = `HTTP/1.1 ${status} Early\r\n${line}Content-Length: 5\r\n\r\nearly`;
      const target = await rawTarget((connection, index) => {
        if (index > 0) connection.onRequest(() => connection.socket.write(MINE));
        else connection.received('begun').then(() => connection.socket.write(early));
      });
      const { port } = await face({ target: target.url });
      const client = await rawClient(port, requestText('POST /', ['Content-Length: 100000'], 'begun'));
      await client.received('early');
      const before = target.connections[0].bytes.length;
      client.socket.write('x'.repeat(80_000));
      await client.closed();
      const answer = readResponse(client.text);
      expect(answer).toMatchObject({ status, body: 'early', isComplete: true, rest: '' });
      expect(answer.values('connection')).toEqual(['close']);
      await target.connections[0].closed();
      expect(target.connections[0].bytes).toHaveLength(before);
      expect(await ask(port)).toMatchObject(mine);
      expect(target.connections).toHaveLength(2);
    },
  );
});

describe('idle connections', () => {
  test.each(ENDINGS)('D-27 one that ends with %s is not counted any more', async (_how, end) => {
    const target = await answeringTarget(MINE);
    const { port, proxy } = await proxyServer({ target: target.url });
    const stats = () => proxy.stats();
    // Those to the targets of the tests before this one go at their own time.
    await eventually(() => stats().idleConnections === 0);
    await rawExchange(port, lastRequest('GET /'));
    await eventually(() => stats().idleConnections === 1);
    end(target.connections[0].socket);
    await eventually(() => stats().idleConnections === 0);
  });
});
