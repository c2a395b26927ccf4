'use strict';

/** Response bodies that are cut, too long, or not there (reliability rows D-06 to D-12). */

const {
  answeringTarget,
  closeAll,
  eventually,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { FACES } = require('../support/faces.js');
const { relayTo, tlsTarget } = require('../support/tls.js');
const { lastRequest, readResponse, readResponses, requestText } = require('../support/messages.js');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

afterEach(closeAll);

const ENDINGS = [
  ['FIN', (socket) => socket.end()],
  ['RST', (socket) => socket.resetAndDestroy()],
];

describe.each(FACES)('%s', (_name, face) => {
  /** Sends `begun`, waits until the client has seen `seen` of it, does `then` to the target's socket; gives what the client got. */
  async function cut(bytes, seen, then, request = requestText('GET /'), options = {}) {
    const failures = [];
    const on = { error: (error) => failures.push(`${error.code} ${error.message}`) };
    const target = await rawTarget((connection) => {
      connection.onRequest(() => connection.socket.write(bytes));
    });
    const { port } = await face({ target: target.url, on, ...options });
    const client = await rawClient(port, request);
    await client.received(seen);
    then(target.connections[0].socket);
    await client.closed();
    return { client, failures };
  }

  const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n';
  const SHORT = [
    ['nothing', ''],
    ['a part', 'hello'],
    ['all but one byte', '123456789'],
  ].flatMap(([name, body]) => ENDINGS.map(([ending, end]) => [ending, name, body, end]));

  test.each(SHORT)(
    'D-06 %s after %s of a body of known length aborts the response',
    async (_end, _part, body, end) => {
      const { client, failures } = await cut(LENGTH + body, `\r\n\r\n${body}`, end);
      expect(readResponse(client.text)).toMatchObject({ status: 200, body, isComplete: false });
      expect(failures).toEqual([expect.stringMatching(/^ECONNRESET /)]);
    },
  );

  test.each([
    ['D-06', LENGTH],
    ['D-07', CHUNKED],
  ])(
    '%s a body that is cut before a listener passed on any of it leaves nothing of its head',
    async (_row, head) => {
      const proxyRes = (response) => response.on('data', () => {});
      const target = await rawTarget((connection) => {
        connection.onRequest(() =>
          connection.socket.end(
            head.replace('\r\n\r\n', '\r\nX-Theirs: 1\r\nContent-Encoding: gzip\r\n\r\n'),
          ),
        );
      });
      const { port } = await face({ target: target.url, on: { proxyRes } });
      const text = await rawExchange(port, lastRequest('GET /'));
      // Either it was begun, and is aborted; or it was not, and the failure is answered by itself.
      if (text === '') return;
      const answer = readResponse(text);
      if (answer.status === 200) {
        expect(answer.isComplete).toBe(false);
      } else {
        expect([502, 504]).toContain(answer.status);
        expect(answer).toMatchObject({ isComplete: true, rest: '' });
        expect([...answer.values('x-theirs'), ...answer.values('content-encoding')]).toEqual([]);
      }
    },
  );

  test('D-06 a short body that comes in one piece with its end is not padded', async () => {
    const target = await answeringTarget(`${LENGTH}hello`, { end: 'fin' });
    const { port } = await face({ target: target.url });
    const text = await rawExchange(port, lastRequest('GET /'));
    // Nothing, the head or a part of the body may have been sent when the end was seen.
    if (text !== '') expect(readResponse(text)).toMatchObject({ status: 200, isComplete: false });
  });

  const PLACES = [
    ['at its beginning', ''],
    ['in a size', '5\r\nhello\r\n1'],
    ['in a chunk', 'a\r\nhello'],
    ['behind a chunk', '5\r\nhello'],
    ['between two chunks', '5\r\nhello\r\n'],
    ['in the last chunk', '5\r\nhello\r\n0\r\n'],
    ['in its trailers', '5\r\nhello\r\n0\r\nX-Sum: 1\r\n'],
  ].flatMap(([name, body]) => ENDINGS.map(([ending, end]) => [ending, name, body, end]));

  test.each(PLACES)('D-07 %s %s of a chunked body aborts the response', async (_end, _place, body, end) => {
    const sent = body.includes('hello') ? 'hello' : '';
    const { client, failures } = await cut(CHUNKED + body, sent === '' ? '\r\n\r\n' : sent, end);
    expect(readResponse(client.text)).toMatchObject({ status: 200, body: sent, isComplete: false });
    expect(client.text).not.toContain('0\r\n\r\n');
    expect(failures).toEqual([expect.stringMatching(/^ECONNRESET /)]);
  });

  test.each(ENDINGS)(
    'D-07 %s in a chunked body is no orderly end for an HTTP/1.0 client either',
    async (_end, end) => {
      const { client } = await cut(`${CHUNKED}5\r\nhello\r\n`, 'hello', end, 'GET / HTTP/1.0\r\n\r\n');
      expect(client.ending).toBe('rst');
    },
  );

  const UNTIL_CLOSE = ['HTTP/1.1', 'HTTP/1.0'].flatMap((version) => [
    [version, 'in one piece', ['hello']],
    [version, 'in pieces', ['he', 'll', 'o']],
    [version, 'that is empty', []],
  ]);

  test.each(UNTIL_CLOSE)(
    'D-08 a body that ends with its %s connection, %s, is complete',
    async (version, _case, pieces) => {
      const target = await rawTarget((connection) => {
        connection.onRequest(async () => {
          connection.socket.write(`${version} 200 OK\r\nX-A: 1\r\n\r\n`);
          for (const piece of pieces) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            connection.socket.write(piece);
          }
          connection.socket.end();
        });
      });
      const { port } = await face({ target: target.url });
      // The client's connection goes on: its response has an end of its own.
      const client = await rawClient(port, requestText('GET /1'));
      await client.received('0\r\n\r\n');
      const answer = readResponse(client.text);
      expect(answer).toMatchObject({ framing: 'chunked', body: pieces.join(''), isComplete: true, rest: '' });
      expect(client.ending).toBeNull();
      const old = await rawExchange(port, 'GET /2 HTTP/1.0\r\n\r\n');
      expect(readResponse(old)).toMatchObject({ framing: 'close', body: pieces.join('') });
    },
  );

  test('D-09 RST in a body that ends with its connection aborts the response', async () => {
    const { client, failures } = await cut('HTTP/1.1 200 OK\r\n\r\nhello', 'hello', (socket) =>
      socket.resetAndDestroy(),
    );
    expect(readResponse(client.text)).toMatchObject({ framing: 'chunked', body: 'hello', isComplete: false });
    expect(failures).toEqual([expect.stringMatching(/^ECONNRESET /)]);
  });

  test.each([
    ['that ends with its connection', '\r\nhello'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ])('D-09 the end of a TLS connection without close_notify aborts a body %s', async (_case, rest) => {
    const failures = [];
    const on = { error: (error) => failures.push(error.code) };
    const target = await tlsTarget((connection) => {
      connection.onRequest(() => connection.socket.write(`HTTP/1.1 200 OK\r\n${rest}`));
    });
    const relay = await relayTo(target.port);
    const { port } = await face({ target: `https://127.0.0.1:${relay.port}`, secure: false, on });
    const client = await rawClient(port, requestText('GET /'));
    await client.received('hello');
    // The relay does not know TLS: what it sends is a FIN, and no alert.
    relay.connections[0].socket.end();
    await client.closed();
    expect(readResponse(client.text)).toMatchObject({ body: 'hello', isComplete: false });
    expect(failures).toEqual(['ECONNRESET']);
  });

  test('D-09 a TLS connection that ends with close_notify ends a body', async () => {
    const target = await tlsTarget((connection) => {
      connection.onRequest(() => connection.socket.end('HTTP/1.1 200 OK\r\n\r\nhello'));
    });
    const { port } = await face({ target: target.url, secure: false });
    const answer = readResponse(await rawExchange(port, lastRequest('GET /')));
    expect(answer).toMatchObject({ status: 200, body: 'hello', isComplete: true });
  });

  /** Asks twice over one client connection; the target's first answer is followed by `extra`. */
  async function askTwice(first, extra, method = 'GET') {
    const target = await rawTarget((connection, index) => {
      connection.onRequest(() => {
        if (index > 0) return connection.socket.write(OK);
        if (extra.late === undefined) return connection.socket.write(first + extra);
        connection.socket.write(first);
        return setTimeout(() => connection.socket.write(extra.late), 20);
      });
    });
    const { port } = await face({ target: target.url });
    const client = await rawClient(port, requestText(`${method} /1`));
    await client.received('\r\n\r\n');
    // Used no more, whatever the request after it.
    await target.connections[0].closed();
    client.socket.write(requestText(`${method} /2`));
    await eventually(() => (client.text.match(/HTTP\/1\.1 \d/g) ?? []).length === 2);
    if (method !== 'HEAD') await client.received('\r\n\r\nok');
    expect(target.connections).toHaveLength(2);
    return readResponses(client.text, method);
  }

  const EXTRA = [
    ['bytes', 'extra'],
    ['one byte', 'x'],
    ['an empty line', '\r\n'],
    ['a response', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'],
    ['bytes a moment later', { late: 'extra' }],
  ];
  const TOO_LONG = EXTRA.flatMap(([name, extra]) => [
    [name, 'of known length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'hello', extra],
    [name, 'in chunks', `${CHUNKED}5\r\nhello\r\n0\r\n\r\n`, 'hello', extra],
    [name, 'that is empty', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', '', extra],
  ]);

  test.each(TOO_LONG)(
    'D-10 %s behind a body %s are discarded with the connection',
    async (_what, _case, ...row) => {
      const [first, body, extra] = row;
      const answers = await askTwice(first, extra);
      expect(answers.map((answer) => answer.body)).toEqual([body, 'ok']);
    },
  );

  const BODILESS = [
    ['HEAD', 200, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', '5'],
    ['HEAD', 200, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', undefined],
    ['GET', 204, 'HTTP/1.1 204 No Content\r\n\r\n', undefined],
    ['GET', 204, 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', undefined],
    ['GET', 204, 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n', undefined],
    ['GET', 304, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', '5'],
    ['GET', 304, 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n', undefined],
  ];
  const WITH_BYTES = BODILESS.flatMap((row) => [
    ['hello', 'at once', ...row],
    ['5\r\nhello\r\n0\r\n\r\n', 'at once', ...row],
    [{ late: 'hello' }, 'a moment later', ...row],
  ]);

  test.each(WITH_BYTES)(
    'D-11 the bytes %j (%s) that follow %s %i are not forwarded',
    async (extra, _when, ...row) => {
      const [method, status, head, length] = row;
      const [first] = await askTwice(head, extra, method);
      expect(first.status).toBe(status);
      expect(first.values('content-length')[0]).toBe(length);
    },
  );

  test('D-11 an interim response with a body is no response', async () => {
    const target = await answeringTarget(`HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello${OK}`);
    const { port } = await face({ target: target.url });
    const answers = readResponses(await rawExchange(port, lastRequest('GET /')));
    expect(answers.at(-1)).toMatchObject({ status: 502, isComplete: true, rest: '' });
    expect(target.connections[0].ending).not.toBeNull();
  });

  test.each(BODILESS)(
    'D-12 of %s %i only the length that is allowed is forwarded: %j',
    async (method, status, head, length) => {
      const target = await answeringTarget(head);
      const { port } = await face({ target: target.url });
      const client = await rawClient(port, requestText(`${method} /`));
      await client.received('\r\n\r\n');
      client.socket.write(requestText(`${method} /`));
      await eventually(() => (client.text.match(/HTTP\/1\.1 \d/g) ?? []).length === 2);
      for (const answer of readResponses(client.text, method)) {
        expect(answer.status).toBe(status);
        expect(answer.values('content-length')[0]).toBe(length);
        if (method !== 'HEAD') expect(answer.values('transfer-encoding')).toEqual([]);
      }
    },
  );

  test.each([
    ['of known length', 'Content-Length: 5\r\n\r\nhello'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ])('D-12 a 205 with a body %s keeps its frame', async (_case, rest) => {
    const target = await answeringTarget(`HTTP/1.1 205 Reset Content\r\n${rest}`);
    const { port } = await face({ target: target.url });
    const answer = readResponse(await rawExchange(port, lastRequest('GET /')));
    expect(answer).toMatchObject({ status: 205, isComplete: true, rest: '' });
    expect(['', 'hello']).toContain(answer.body);
  });
});
