'use strict';

/** Exchanges through the native door: bodies both ways, interim responses, trailers, failures of either side. */

const http = require('node:http');
const { once } = require('node:events');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  keepingAgent,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { doorTo, openDoor } = require('../support/doors.js');
const { lastRequest, readResponse, requestText } = require('../support/messages.js');

afterEach(closeAll);

const GET = lastRequest('GET /');
const REFUSED = 'http://127.0.0.1:1';

describe('responses', () => {
  test.each([
    ['of known length', 'Content-Length: 5\r\n\r\nhello', 'length', 'keep'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n', 'chunked', 'keep'],
    ['until the end of the connection', '\r\nhello', 'chunked', 'fin'],
  ])('a body %s', async (_how, answer, framing, end) => {
    const target = await answeringTarget(`HTTP/1.1 200 OK\r\nX-A: b\r\n${answer}`, { end });
    const { port } = await openDoor({ target: target.url });
    const read = readResponse(await rawExchange(port, GET));
    expect(read).toMatchObject({
      status: 200,
      reason: 'OK',
      framing,
      body: 'hello',
      isComplete: true,
      rest: '',
    });
    expect(read.values('x-a')).toEqual(['b']);
    expect(read.values('connection')).toEqual(['close']);
    expect(read.values('date')).toHaveLength(1);
  });

  test('HTTP/1.0 clients get no chunks, and the connection is the end', async () => {
    const { port } = await doorTo(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    );
    const bytes = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n';
    expect(readResponse(await rawExchange(port, bytes))).toMatchObject({ framing: 'close', body: 'hello' });
  });

  test('HTTP/1.0 clients may keep their connection', async () => {
    const { port } = await doorTo();
    const one = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n';
    const text = await rawExchange(port, `${one}GET / HTTP/1.0\r\n\r\n`);
    const first = readResponse(text);
    expect(first.values('connection')).toEqual(['keep-alive']);
    expect(readResponse(first.rest)).toMatchObject({ status: 200, rest: '' });
  });

  test.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', ['5']],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', ['5']],
    ['GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', []],
  ])('a response without a body to %s: %j', async (method, answer, length) => {
    const { port } = await doorTo(answer);
    const read = readResponse(await rawExchange(port, lastRequest(`${method} /`)), method);
    expect(read).toMatchObject({ isComplete: true, rest: '' });
    expect(read.values('content-length')).toEqual(length);
    expect(read.values('transfer-encoding')).toEqual([]);
  });

  test('interim responses and trailers are relayed', async () => {
    const { port } = await doorTo(
      'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' +
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n',
    );
    const interim = readResponse(await rawExchange(port, GET));
    expect(interim).toMatchObject({ status: 103 });
    expect(interim.values('link')).toEqual(['</a>']);
    expect(readResponse(interim.rest)).toMatchObject({ body: 'ok', trailers: [['x-sum', '1']], rest: '' });
  });

  test('the options that rewrite responses do so', async () => {
    const answer =
      'HTTP/1.1 302 Found\r\nLocation: http://t/a\r\nSet-Cookie: a=1; Domain=t\r\nContent-Length: 0\r\n\r\n';
    const options = { hostRewrite: 'pub:1', cookieDomainRewrite: 'pub' };
    const target = await answeringTarget(answer.replace('//t/', '//127.0.0.1/'));
    const { port } = await openDoor({ target: target.url, ...options });
    const read = readResponse(await rawExchange(port, GET));
    expect(read.values('set-cookie')).toEqual(['a=1; Domain=pub']);
  });
});

describe('bodies', () => {
  test('large ones go both ways at once, whole', async () => {
    const { url } = await httpServer((req, res) => req.pipe(res));
    const { port } = await openDoor({ target: url });
    const body = Buffer.alloc(8 * 1024 * 1024, 'abcdefghij');
    const req = http.request({ port, host: '127.0.0.1', method: 'POST', agent: false });
    req.end(body);
    const [res] = await once(req, 'response');
    const received = Buffer.concat(await res.toArray());
    expect(received.equals(body)).toBe(true);
  });

  test('each request of a kept connection has its own', async () => {
    const { url } = await httpServer((req, res) => req.pipe(res));
    const { port, proxy } = await openDoor({ target: url });
    const agent = keepingAgent({ maxSockets: 1 });
    for (let i = 0; i < 20; i++) {
      const text = `${i}`.repeat(i * 1000);
      const req = http.request({ port, host: '127.0.0.1', method: 'PUT', agent });
      req.end(text);
      const [res] = await once(req, 'response');
      expect(Buffer.concat(await res.toArray()).toString()).toBe(text);
    }
    expect(proxy.stats().door).toMatchObject({ accepted: 1, forwarded: 20 });
  });

  test('an answer that comes before the whole request ends the connection, and arrives', async () => {
    const target = await rawTarget((connection) => {
      connection.received('\r\n\r\n').then(() => {
        connection.socket.write('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig');
      });
    });
    const { port } = await openDoor({ target: target.url });
    const client = await rawClient(port, requestText('POST /', ['Content-Length: 10000000'], 'hello'));
    await client.closed();
    const read = readResponse(client.text);
    expect(read).toMatchObject({ status: 413, body: 'big', isComplete: true });
    expect(read.values('connection')).toEqual(['close']);
  });
});

describe('failures', () => {
  test('a target that refuses is answered with 502, and the connection is kept', async () => {
    const { port, proxy } = await openDoor({ target: REFUSED });
    const text = await rawExchange(port, requestText('GET /') + GET);
    const first = readResponse(text);
    expect(first).toMatchObject({ status: 502, body: '502 Bad Gateway\n' });
    expect(readResponse(first.rest)).toMatchObject({ status: 502, rest: '' });
    expect(proxy.stats().door).toMatchObject({ failed: 2, refused: 0 });
  });

  test('the answer to HEAD has no body', async () => {
    const { port } = await openDoor({ target: REFUSED });
    const read = readResponse(await rawExchange(port, lastRequest('HEAD /')), 'HEAD');
    expect(read).toMatchObject({ status: 502, rest: '' });
  });

  test('a target that does not answer in time is answered with 504', async () => {
    const target = await rawTarget(() => {});
    const { port } = await openDoor({ target: target.url, timeouts: { head: 100 } });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 504 });
    await target.connections[0].closed();
  });

  test.each([['Content-Length: 10\r\n\r\nhel'], ['Transfer-Encoding: chunked\r\n\r\n5\r\nhel']])(
    'a target that ends in the middle of %j: the client sees that it is not all',
    async (answer) => {
      const target = await answeringTarget(`HTTP/1.1 200 OK\r\n${answer}`, { end: 'fin' });
      const { port, proxy } = await openDoor({ target: target.url });
      const read = readResponse(await rawExchange(port, GET));
      expect(read).toMatchObject({ status: 200, isComplete: false });
      expect(proxy.stats().door).toMatchObject({ cut: 1 });
    },
  );

  test('… of a body that ends with its connection: that is reset', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel');
    const { port } = await openDoor({ target: target.url });
    const client = await rawClient(port, 'GET / HTTP/1.0\r\n\r\n');
    await client.received('hel');
    target.connections[0].socket.end();
    await client.closed();
    expect(client.ending).toBe('rst');
  });

  test.each(['end', 'resetAndDestroy'])(
    'a client that leaves (%s) takes its upstream along',
    async (leave) => {
      const target = await rawTarget(() => {});
      const { port, proxy } = await openDoor({ target: target.url });
      const client = await rawClient(port, requestText('GET /'));
      await (await target.connected()).received('\r\n\r\n');
      client.socket[leave]();
      await target.connections[0].closed();
      await eventually(() => proxy.stats().door.abandoned === 1 && proxy.stats().exchanges === 0);
    },
  );

  test('a client that leaves in the middle of its answer, too', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhel');
    const { port } = await openDoor({ target: target.url });
    const client = await rawClient(port, requestText('GET /'));
    await client.received('hel');
    client.socket.destroy();
    await target.connections[0].closed();
  });
});

test('a blocked event loop does not concern the door', async () => {
  const { port } = await doorTo();
  // The target lives on this thread; so the door is asked for what it answers itself.
  const script = `
    const client = require('node:net').connect(${port}, '127.0.0.1', () => client.write('OPTIONS * HTTP/1.1\\r\\nHost: me\\r\\nConnection: close\\r\\n\\r\\n'));
    client.pipe(process.stdout);
  `;
  const { status, stdout } = require('node:child_process').spawnSync(process.execPath, ['-e', script], {
    timeout: 10_000,
    encoding: 'latin1',
  });
  expect(status).toBe(0);
  expect(readResponse(stdout)).toMatchObject({ status: 200, isComplete: true });
});
