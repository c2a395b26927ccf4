'use strict';

/** Response heads that are none, too large, or unusual (reliability rows D-13 to D-20 and D-47). */

const {
  answeringTarget,
  closeAll,
  eventually,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { FACES } = require('../support/faces.js');
const { http2Client, http2Exchange, http2Server } = require('../support/http2.js');
const { lastRequest, readResponse, requestText } = require('../support/messages.js');

const LISTENED = [
  ['with nobody listening', undefined],
  ['with a proxyRes listener', { proxyRes: () => {} }],
];

afterEach(closeAll);

describe.each(FACES)('%s', (_name, face) => {
  async function answerTo(bytes, on) {
    const target = await answeringTarget(bytes);
    const { port } = await face({ target: target.url, on });
    const text = await rawExchange(port, lastRequest('GET /'));
    return { answer: readResponse(text), target, text };
  }

  async function refused(bytes) {
    const { answer, target } = await answerTo(bytes);
    expect(answer).toMatchObject({ status: 502, isComplete: true, rest: '' });
    await target.connections[0].closed();
    expect(target.connections).toHaveLength(1);
  }

  test.each(['0', '99', '099', '1000', '2OO', '20', '-200', '', '2 00', '0x200', '200.0'])(
    'D-13 the status %j is refused',
    async (status) => {
      await refused(`HTTP/1.1 ${status} OK\r\nContent-Length: 2\r\n\r\nok`);
    },
  );

  test.each(['HTTP/1.1\r\n', 'HTTP/1.1 \r\n', 'HTTP/1.1 OK\r\n'])(
    'D-13 the status line %j is refused',
    async (line) => {
      await refused(`${line}Content-Length: 2\r\n\r\nok`);
    },
  );

  test.each([299, 499, 599, 600, 777, 999])('D-14 the status %i is forwarded', async (status) => {
    const { answer } = await answerTo(`HTTP/1.1 ${status} Odd\r\nContent-Length: 2\r\n\r\nok`);
    expect(answer).toMatchObject({ status, reason: 'Odd', body: 'ok', isComplete: true, rest: '' });
  });

  test.each([600, 777, 999])(
    'D-14 the status %i, which HTTP/2 does not have, is 502 there',
    async (status) => {
      const target = await answeringTarget(`HTTP/1.1 ${status} Odd\r\nContent-Length: 2\r\n\r\nok`);
      const { port } = await face({ target: target.url }, { serve: http2Server });
      const session = await http2Client(port);
      const outcome = await http2Exchange(session, { ':path': '/' });
      expect(outcome).toMatchObject({ headers: { ':status': 502 }, error: null, isReset: false });
      // And the session goes on.
      expect(await http2Exchange(session, { ':path': '/' })).toMatchObject({ headers: { ':status': 502 } });
    },
  );

  test.each([
    ['is absent', '', 'OK'],
    ['is empty', ' ', 'OK'],
    ['is another one', ' Very Fine', 'Very Fine'],
    ['has bytes beyond ASCII', ' Sch\xf6n', 'OK'],
    ['is UTF-8', ' Sch\xc3\xb6n', 'OK'],
  ])('D-15 a reason that %s does no harm', async (_case, reason, forwarded) => {
    const { answer } = await answerTo(`HTTP/1.1 200${reason}\r\nContent-Length: 2\r\n\r\nok`);
    expect(answer).toMatchObject({ status: 200, reason: forwarded, body: 'ok', isComplete: true });
  });

  test.each([
    ['a NUL', 'O\0K'],
    ['a bell', 'O\x07K'],
    ['a bare CR', 'O\rX-Evil: 1'],
    ['DEL', 'O\x7fK'],
    ['64 KiB', 'x'.repeat(64 * 1024)],
  ])('D-15 a reason of %s is left out, or the response refused', async (_case, reason) => {
    const { answer, text } = await answerTo(`HTTP/1.1 200 ${reason}\r\nContent-Length: 2\r\n\r\nok`);
    expect([`${answer.status} ${answer.reason}`]).toEqual([
      expect.stringMatching(/^(200 OK|502 Bad Gateway)$/),
    ]);
    expect(text).not.toContain('X-Evil');
  });

  test.each([
    ['HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['HTTP/1.2', 'HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['HTTP/1.10', 'HTTP/1.10 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['http/1.1', 'http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['ICY', 'ICY 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['RTSP', 'RTSP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['HTML without a head', '<html><body>hello</body></html>\r\n\r\n'],
    ['a TLS alert', '\x15\x03\x03\x00\x02\x02\x28'],
    ['HTTP/2 frames', '\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64'],
    ['NULs', '\0'.repeat(100)],
    ['a blank before it', ' HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ])('D-16 an answer of %s is refused', async (_case, bytes) => {
    await refused(bytes);
  });

  test.each([
    ['a bare CR in a value', 'X-A: a\rb\r\n'],
    ['a CR at the end of a value', 'X-A: a\r\r\n'],
    ['a bare LF in a value', 'X-A: a\nb\r\n'],
    ['a NUL in a value', 'X-A: a\0b\r\n'],
    ['an escape character in a value', 'X-A: a\x1bb\r\n'],
    ['a folded line', 'X-A: a\r\n b\r\n'],
    ['a line folded with a tab', 'X-A: a\r\n\tb\r\n'],
    ['a fold in front', ' X-A: a\r\n'],
    ['a blank before the colon', 'X-A : a\r\n'],
    ['an empty name', ': a\r\n'],
    ['no colon', 'X-A\r\n'],
    ['a blank in a name', 'X A: a\r\n'],
    ['a byte beyond ASCII in a name', 'X\xe9: a\r\n'],
    ['a folded length', 'Content-Length:\r\n 2\r\n'],
    ['a folded coding', 'Transfer-Encoding:\r\n chunked\r\n'],
  ])('D-17 a head with %s is refused', async (_case, line) => {
    await refused(`HTTP/1.1 200 OK\r\nX-First: 1\r\n${line}X-Last: 1\r\nContent-Length: 2\r\n\r\nok`);
    await refused(`HTTP/1.1 200 OK\r\n${line}Content-Length: 2\r\n\r\nok`);
  });

  test.each([
    ['that has nothing but LFs', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
    ['with one LF', 'HTTP/1.1 200 OK\r\nX-A: 1\nContent-Length: 2\r\n\r\nok'],
    ['with an LF behind the status', 'HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok'],
    ['that ends with an LF', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok'],
    ['behind a blank line', '\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['behind many blank lines', `${'\r\n'.repeat(1000)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`],
    ['behind an LF', '\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ])('D-18 a head %s is refused', async (_case, bytes) => {
    await refused(bytes);
  });

  const headOf = (lines) => ['HTTP/1.1 200 OK', 'Content-Length: 2', ...lines, '', 'ok'].join('\r\n');
  const numbered = (count) => Array.from({ length: count }, (_, i) => `X-${i}: ${i}`);

  test.each([
    ['101 fields', numbered(100)],
    ['200 fields', numbered(199)],
    ['a field of 60 KiB', [`X-A: ${'a'.repeat(60 * 1024)}`]],
    ['150 cookies', Array.from({ length: 150 }, (_, i) => `Set-Cookie: c${i}=${i}`)],
  ])('D-19 a head with %s is forwarded', async (_case, lines) => {
    const { answer } = await answerTo(headOf(lines));
    expect(answer).toMatchObject({ status: 200, body: 'ok' });
    const sent = lines.map((line) => line.split(': ')).map(([name, value]) => [name.toLowerCase(), value]);
    expect(answer.fields).toEqual(expect.arrayContaining(sent));
  });

  test.each([
    ['201 fields', numbered(200)],
    ['10,000 cookies', Array.from({ length: 10_000 }, (_, i) => `Set-Cookie: c${i}=${i}`)],
    ['a field of 65 KiB', [`X-A: ${'a'.repeat(65 * 1024)}`]],
    ['a field of 300 KB', [`X-A: ${'a'.repeat(300_000)}`]],
  ])('D-19 a head with %s is refused', async (_case, lines) => {
    await refused(headOf(lines));
  });

  test('D-19 a head that never ends is refused', async () => {
    let sent = 0;
    const target = await rawTarget(({ socket }) => {
      const more = () => {
        for (; !socket.destroyed && sent < 20_000_000; sent += 16_384)
          if (!socket.write('a'.repeat(16_384))) return;
      };
      socket.on('drain', more).once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nX-A: ');
        more();
      });
    });
    const { port } = await face({ target: target.url });
    expect(readResponse(await rawExchange(port, lastRequest('GET /')))).toMatchObject({ status: 502 });
    await eventually(() => target.connections[0].ending !== null);
    expect(sent).toBeLessThan(10_000_000);
  });

  const OPAQUE = [
    ['UTF-8', 'attachment; filename="\xe4\xb8\xad\xf0\x9f\x98\x80.txt"'],
    ['latin1', 'attachment; filename="Stra\xdfe.txt"'],
    ['bytes that are no text', '\x80\xff\xfe\xc3('],
  ].flatMap(([name, value]) => LISTENED.map(([who, on]) => [name, who, value, on]));

  test.each(OPAQUE)('D-20 values of %s arrive byte for byte, %s', async (_case, _who, value, on) => {
    const lines = [
      `Content-Disposition: ${value}`,
      `Location: /${value}`,
      `Set-Cookie: a=${value}`,
      `X-A: ${value}`,
    ];
    const { answer } = await answerTo(headOf(lines), on);
    expect(answer.values('content-disposition')).toEqual([value]);
    expect(answer.values('location')).toEqual([`/${value}`]);
    expect(answer.values('set-cookie')).toEqual([`a=${value}`]);
    expect(answer.values('x-a')).toEqual([value]);
  });

  test('D-20 values of the request arrive byte for byte, too', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const { port } = await face({ target: target.url });
    await rawExchange(
      port,
      lastRequest(
        'GET /',
        OPAQUE.map(([, , value], i) => `X-${i}: ${value}`),
      ),
    );
    for (const [i, [, , value]] of OPAQUE.entries()) {
      expect(target.connections[0].text).toContain(`\r\nx-${i}: ${value}\r\n`);
    }
  });

  test('D-47 a head of 60 KB that comes byte by byte is read', async () => {
    const head = Buffer.from(headOf([`X-A: ${'a'.repeat(60_000)}`]));
    const target = await rawTarget((connection) => {
      connection.socket.setNoDelay();
      connection.onRequest(async () => {
        for (let i = 0; i < head.length; i++) {
          connection.socket.write(head.subarray(i, i + 1));
          if (i % 100 === 0) await new Promise(setImmediate);
        }
      });
    });
    const { port } = await face({ target: target.url });
    const answer = readResponse(await rawExchange(port, lastRequest('GET /'), 15_000));
    expect(answer).toMatchObject({ status: 200, body: 'ok' });
    expect(answer.values('x-a')[0]).toHaveLength(60_000);
  });

  test('D-47 a head that drips in is cut off when its time is over', async () => {
    let drips = 0;
    const target = await rawTarget((connection) => {
      connection.socket.setNoDelay();
      connection.onRequest(() => {
        const timer = setInterval(
          () => connection.socket.write(drips++ === 0 ? 'HTTP/1.1 200 OK\r\nX-A: ' : 'a'),
          20,
        );
        connection.closed(10_000).finally(() => clearInterval(timer));
      });
    });
    const { port } = await face({ target: target.url, proxyTimeout: 200 });
    const client = await rawClient(port, requestText('GET /'));
    await client.received('HTTP/1.1 504');
    await target.connections[0].closed();
    expect(drips).toBeGreaterThan(1);
  });
});
