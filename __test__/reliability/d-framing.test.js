'use strict';

/** Responses whose length could be understood in two ways (reliability rows D-01 to D-05, D-48). */

const {
  answeringTarget,
  closeAll,
  eventually,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { FACES } = require('../support/faces.js');
const { lastRequest, readResponse, requestText } = require('../support/messages.js');

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const HELLO_CHUNKED = '5\r\nhello\r\n0\r\n\r\n';

afterEach(closeAll);

/** A row of a table that has one column. */
const only = (value) => [value];

describe.each(FACES)('%s', (_name, face) => {
  /** The response with these field lines is answered with 502 in its place, and its connection is never used again. */
  async function refused(lines, body, version = 'HTTP/1.1') {
    const target = await answeringTarget([`${version} 200 OK`, ...lines, '', body].join('\r\n'));
    const { port } = await face({ target: target.url });
    for (let i = 0; i < 2; i++) {
      const answer = readResponse(await rawExchange(port, lastRequest('GET /')));
      expect(answer).toMatchObject({ status: 502, isComplete: true, rest: '' });
      expect(answer.body).not.toContain('hello');
      await (await target.connected(i)).closed();
    }
    expect(target.connections).toHaveLength(2);
  }

  async function accepted(lines, body) {
    const target = await answeringTarget(['HTTP/1.1 200 OK', ...lines, '', body].join('\r\n'));
    const { port } = await face({ target: target.url });
    const answer = readResponse(await rawExchange(port, lastRequest('GET /')));
    expect(answer).toMatchObject({ status: 200, isComplete: true, rest: '' });
    return answer;
  }

  test.each([
    ['first', ['Content-Length: 5', 'Transfer-Encoding: chunked'], HELLO_CHUNKED],
    ['last', ['Transfer-Encoding: chunked', 'Content-Length: 5'], HELLO_CHUNKED],
    ['of a body that is not chunked', ['Transfer-Encoding: chunked', 'Content-Length: 5'], 'hello'],
    ['that is no number', ['Transfer-Encoding: chunked', 'Content-Length: x'], HELLO_CHUNKED],
  ])('D-01 Content-Length, %s, beside Transfer-Encoding is refused', async (_case, lines, body) => {
    await refused(lines, body);
  });

  test('D-02 two equal lengths become one', async () => {
    const answer = await accepted(['Content-Length: 5', 'X-A: 1', 'content-length: 5'], 'hello');
    expect(answer).toMatchObject({ framing: 'length', body: 'hello' });
  });

  test.each(
    [['2', '3'], ['3', '2'], ['2, 2'], ['2,3'], ['abc'], ['-1'], ['+2'], ['0x2'], ['2 2'], ['2;'], ['']].map(
      only,
    ),
  )('D-02 the lengths %j are refused', async (lengths) => {
    await refused(
      lengths.map((length) => `Content-Length: ${length}`),
      'hello',
    );
  });

  test.each(['9223372036854775808', '18446744073709551616', '9'.repeat(40)])(
    'D-02 the length %s is refused',
    async (length) => {
      await refused([`Content-Length: ${length}`], 'hello');
    },
  );

  test.each(
    [
      ['chunked, chunked'],
      ['gzip, chunked'],
      ['gzip'],
      [',chunked'],
      ['chunked,'],
      ['identity'],
      ['xchunked'],
      ['"chunked"'],
      ['chunked;q=1'],
      ['chunked', 'chunked'],
      ['identity', 'chunked'],
      [''],
    ].map(only),
  )('D-03 the codings %j are refused', async (codings) => {
    await refused(
      codings.map((coding) => `Transfer-Encoding: ${coding}`),
      HELLO_CHUNKED,
    );
  });

  test('D-03 the coding Chunked, in any case, is chunked', async () => {
    expect(await accepted(['Transfer-Encoding: CHUNKED'], HELLO_CHUNKED)).toMatchObject({ body: 'hello' });
  });

  test('D-04 a chunked HTTP/1.0 response is refused', async () => {
    await refused(['Transfer-Encoding: chunked'], HELLO_CHUNKED, 'HTTP/1.0');
    await refused(['Connection: keep-alive', 'Transfer-Encoding: chunked'], HELLO_CHUNKED, 'HTTP/1.0');
  });

  const BAD_CHUNKS = [
    ['a size that is no number', 'zz\r\nhello\r\n'],
    ['a size with 0x', '0x5\r\nhello\r\n'],
    ['a negative size', '-5\r\nhello\r\n'],
    ['a size with a plus', '+5\r\nhello\r\n'],
    ['a size with an underscore', '0_5\r\nhello\r\n'],
    ['a size behind a blank', ' 5\r\nhello\r\n'],
    ['a size before a blank', '5 \r\nhello\r\n'],
    ['no size', '\r\nhello\r\n'],
    ['a size of 64 bits', '8000000000000000\r\nhello\r\n'],
    ['a size beyond 64 bits', '10000000000000005\r\nhello\r\n'],
    ['a size line that ends with LF', '5\nhello\r\n'],
    ['a size line with a bare CR', '5\rX\nhello\r\n'],
    ['an extension with LF', '5;a\nb\r\nhello\r\n'],
    ['an extension with a bare CR', '5;a\rb\r\nhello\r\n'],
    ['an extension with NUL', '5;a\0b\r\nhello\r\n'],
    ['data that is too long', '5\r\nhelloXX\r\n'],
    ['data that ends with LF', '5\r\nhello\n'],
    ['a last chunk without its end', '0\r\nXX\r\n\r\n'],
    ['a trailer that ends with LF', '0\r\nX: y\n\r\n'],
    ['a folded trailer', '0\r\nX: y\r\n z\r\n\r\n'],
    ['a trailer with NUL', '0\r\nX: \0\r\n\r\n'],
  ];

  test.each(BAD_CHUNKS)('D-05 behind a good chunk, %s aborts the response', async (_case, bad) => {
    const target = await rawTarget((connection) => {
      connection.onRequest(() => connection.socket.write(`${CHUNKED}5\r\nbegun\r\n`));
    });
    const { port } = await face({ target: target.url });
    const client = await rawClient(port, requestText('GET /'));
    await client.received('begun');
    target.connections[0].socket.write(`${bad}0\r\n\r\n`, 'latin1');
    await client.closed();
    expect(readResponse(client.text)).toMatchObject({ status: 200, isComplete: false });
    await target.connections[0].closed();
  });

  test.each(BAD_CHUNKS)(
    'D-05 together with its head, %s never makes a complete response',
    async (_case, bad) => {
      const target = await answeringTarget(`${CHUNKED}5\r\nbegun\r\n${bad}0\r\n\r\n`);
      const { port } = await face({ target: target.url });
      const client = await rawClient(port, lastRequest('GET /'));
      await client.closed();
      // Nothing may have been said of the response yet, or its head, or the good chunk, too.
      const answer = client.text === '' ? { status: 200, isComplete: false } : readResponse(client.text);
      expect([`${answer.status} ${answer.isComplete}`]).toEqual([
        expect.stringMatching(/^(502 true|200 false)$/),
      ]);
      await target.connections[0].closed();
    },
  );

  const ENDLESS = [
    ['one extension', `${CHUNKED}5;`, 'x'.repeat(16_384)],
    ['extensions', CHUNKED, `1;${'x'.repeat(1000)}\r\na\r\n`],
    ['one trailer', `${CHUNKED}0\r\nX: `, 'x'.repeat(16_384)],
    ['trailers', `${CHUNKED}0\r\n`, `X: ${'x'.repeat(1000)}\r\n`],
    ['zeros of a size', CHUNKED, '0'.repeat(16_384)],
  ];

  test.each(ENDLESS)(
    'D-48 of an endless sequence of %s only the beginning is read',
    async (_case, start, piece) => {
      let sent = 0;
      const target = await rawTarget(({ socket }) => {
        const more = () => {
          while (!socket.destroyed && sent < 20_000_000) {
            sent += piece.length;
            if (!socket.write(piece)) return;
          }
        };
        socket.once('data', () => {
          socket.write(start);
          socket.on('drain', more);
          more();
        });
      });
      const { port } = await face({ target: target.url });
      const client = await rawClient(port, lastRequest('GET /'));
      await client.closed();
      if (client.text.startsWith('HTTP/1.1 502')) expect(readResponse(client.text).isComplete).toBe(true);
      else if (client.text !== '')
        expect(readResponse(client.text)).toMatchObject({ status: 200, isComplete: false });
      await eventually(() => target.connections[0].ending !== null);
      // Sixteen KiB, and what fits into the buffers of two sockets.
      expect(sent).toBeLessThan(10_000_000);
    },
  );

  test('D-48 extensions and trailers within reason are read', async () => {
    const chunks = `5;${'x'.repeat(4000)}\r\nhello\r\n0\r\nX-Sum: ${'y'.repeat(4000)}\r\n\r\n`;
    const answer = await accepted(['Transfer-Encoding: chunked'], chunks);
    expect(answer).toMatchObject({ body: 'hello', trailers: [['x-sum', 'y'.repeat(4000)]] });
  });
});
