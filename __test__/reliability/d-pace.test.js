'use strict';

/** Bodies that stall, drip, or come faster than they are read (reliability rows D-32 to D-34). */

const { closeAll, onCleanUp, rawClient, rawExchange, rawTarget } = require('../support/peers.js');
const { FACES } = require('../support/faces.js');
const { lastRequest, readResponse, requestText } = require('../support/messages.js');

const MEBIBYTE = 1024 * 1024;
const FRAMINGS = [
  ['of known length', (length) => `Content-Length: ${length}\r\n`, (text) => text],
  [
    'in chunks',
    () => 'Transfer-Encoding: chunked\r\n',
    (text) => `${text.length.toString(16)}\r\n${text}\r\n`,
  ],
];

afterEach(closeAll);

describe.each(FACES)('%s', (_name, face) => {
  test.each(FRAMINGS)(
    'D-32 a body %s that stalls is aborted after proxyTimeout',
    async (_case, field, piece) => {
      const failures = [];
      const on = { error: (error) => failures.push(`${error.code} ${error.timeout}`) };
      const target = await rawTarget((connection) => {
        connection.onRequest(() =>
          connection.socket.write(`HTTP/1.1 200 OK\r\n${field(10)}\r\n${piece('hello')}`),
        );
      });
      const { port } = await face({ target: target.url, proxyTimeout: 150, on });
      const client = await rawClient(port, requestText('GET /'));
      await client.closed(2000);
      expect(readResponse(client.text)).toMatchObject({ status: 200, body: 'hello', isComplete: false });
      expect(failures).toEqual(['ECONNRESET idle']);
      await target.connections[0].closed();
    },
  );

  test('D-32 without proxyTimeout a body may stall', async () => {
    const target = await rawTarget((connection) => {
      connection.onRequest(() => {
        connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello');
        setTimeout(() => connection.socket.write('world'), 400);
      });
    });
    const { port } = await face({ target: target.url });
    const answer = readResponse(await rawExchange(port, lastRequest('GET /')));
    expect(answer).toMatchObject({ body: 'helloworld', isComplete: true });
  });

  test.each(FRAMINGS)(
    'D-33 a body %s that drips within proxyTimeout is delivered',
    async (_case, field, piece) => {
      const text = 'one byte at a time';
      const target = await rawTarget((connection) => {
        connection.socket.setNoDelay();
        connection.onRequest(async () => {
          connection.socket.write(`HTTP/1.1 200 OK\r\n${field(text.length)}\r\n`);
          for (const byte of text) {
            await new Promise((resolve) => setTimeout(resolve, 40));
            connection.socket.write(piece(byte));
          }
          if (piece('') !== '') connection.socket.write('0\r\n\r\n');
        });
      });
      const { port } = await face({ target: target.url, proxyTimeout: 500 });
      const answer = readResponse(await rawExchange(port, lastRequest('GET /')));
      expect(answer).toMatchObject({ body: text, isComplete: true });
    },
  );

  const READERS = [
    ['straight to the client', undefined],
    ['through a listener that reads it', { proxyRes: (proxyRes) => proxyRes.on('data', () => {}) }],
  ];

  test.each(READERS)(
    'D-34 a client that does not read stops its target; the body goes %s',
    async (_case, on) => {
      const length = 96 * MEBIBYTE;
      const chunk = Buffer.alloc(64 * 1024, 'x');
      let sent = 0;
      const target = await rawTarget(({ socket }) => {
        const more = () => {
          for (; sent < length && !socket.destroyed; sent += chunk.length) {
            if (!socket.write(chunk)) {
              sent += chunk.length;
              return;
            }
          }
        };
        socket.once('data', () => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
          socket.on('drain', more);
          more();
        });
      });
      const { port } = await face({ target: target.url, on });
      const client = await rawClient(port);
      let received = 0;
      client.socket.removeAllListeners('data');
      client.socket.on('data', (data) => (received += data.length)).pause();
      client.socket.write(lastRequest('GET /'));
      await stops(() => sent);
      // What the buffers of four sockets hold, and no more.
      expect(sent).toBeLessThan(48 * MEBIBYTE);
      client.socket.resume();
      await client.closed(50_000);
      expect(received).toBeGreaterThan(length);
      expect(received).toBeLessThan(length + 1000);
    },
    60_000,
  );

  /** Waits until a number has begun to grow and grows no more. */
  async function stops(number) {
    let before = -1;
    while (number() !== before || before === 0) {
      before = number();
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }

  test('D-34 a client that never reads and leaves releases its target', async () => {
    const target = await rawTarget(({ socket }) => {
      const timer = setInterval(
        () => socket.writableLength < MEBIBYTE && socket.write('x'.repeat(65_536)),
        1,
      );
      onCleanUp(() => clearInterval(timer));
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n'));
    });
    const { port } = await face({ target: target.url });
    const client = await rawClient(port, requestText('GET /'));
    await client.received('\r\n\r\n');
    client.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.socket.destroy();
    await target.connections[0].closed();
  });
});
