'use strict';

/** WebSockets at the native door: handshakes that the engine forwards by itself, over HTTP/1.1 and HTTP/2, and what becomes of them. */

const { once } = require('node:events');
const { WebSocket } = require('ws');
const {
  answeringTarget,
  closeAll,
  eventually,
  onCleanUp,
  rawClient,
  rawTarget,
} = require('../support/peers.js');
const { openDoor } = require('../support/doors.js');
const { FLAG, block, frame, frameClient, requestFields } = require('../support/h2-frames.js');
const { readRequest, readResponse, requestText } = require('../support/messages.js');
const { CERTIFICATE, KEY, tlsClient } = require('../support/tls.js');
const {
  acceptOf,
  echoServer,
  grant,
  handshake,
  switchingTarget,
  tunnelled,
} = require('../support/upgrades.js');

afterEach(closeAll);

const SSL = { key: KEY, cert: CERTIFICATE };
const REFUSAL = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno';

/** A door for WebSockets, and a raw client of it. */
async function bench(target, { ssl, settings, ...options } = {}) {
  const door = await openDoor(
    { target: target.url.replace(/^ws/, 'http'), ws: true, ssl, ...options },
    settings,
  );
  const client = async (bytes) => {
    if (!ssl) return rawClient(door.port, bytes);
    const connection = await tlsClient(door.port);
    connection.socket.write(bytes);
    return connection;
  };
  return { ...door, client };
}

describe.each([
  ['plain', {}],
  ['over TLS', { ssl: SSL }],
])('%s', (_how, options) => {
  test('messages go both ways, without Node', async () => {
    const server = await echoServer();
    const { port, proxy } = await bench(server, options);
    const socket = new WebSocket(`${options.ssl ? 'wss' : 'ws'}://127.0.0.1:${port}/chat`, {
      rejectUnauthorized: false,
    });
    onCleanUp(() => socket.terminate());
    await once(socket, 'open');
    for (const text of ['hello', 'x'.repeat(200_000)]) {
      socket.send(text);
      const [data] = await once(socket, 'message');
      expect(data.toString() === text).toBe(true);
    }
    socket.close(1000, 'bye');
    expect((await once(socket, 'close')).map(String)).toEqual(['1000', 'bye']);
    await eventually(() => proxy.stats().exchanges === 0 && proxy.stats().door.connections === 0);
    expect(proxy.stats().door).toMatchObject({ forwarded: 1, handedOver: 0, abandoned: 0 });
  });

  test('E-02 bytes behind the handshake wait for the grant', async () => {
    const target = await switchingTarget((connection) => connection.socket.write('first'));
    const { client } = await bench(target, options);
    const connection = await client(`${handshake()}early`);
    await connection.received('first');
    expect(connection.text).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    await target.connections[0].received('early');
    expect(tunnelled(target.connections[0]).toString()).toBe('early');
    connection.socket.end();
    await target.connections[0].closed();
    expect(target.connections[0].ending).toBe('fin');
  });
});

describe('a handshake', () => {
  test('is one of the engine’s own', async () => {
    const target = await switchingTarget();
    const { client } = await bench(target, { xfwd: true, changeOrigin: true });
    const connection = await client(handshake('/a?b', ['Connection: x-own', 'X-Own: 1', 'X-Other: 2']));
    await connection.received('\r\n\r\n');
    const request = readRequest(target.connections[0].text);
    expect(request.start).toBe('GET /a?b HTTP/1.1');
    expect(request.values('host')).toEqual([`127.0.0.1:${target.port}`]);
    expect(request.values('connection')).toEqual(['Upgrade']);
    expect(request.values('upgrade')).toEqual(['websocket']);
    expect(request.values('x-own')).toEqual([]);
    expect(request.values('x-other')).toEqual(['2']);
    expect(request.values('x-forwarded-proto')).toEqual(['ws']);
    const answer = readResponse(connection.text);
    expect(answer.values('upgrade')).toEqual(['websocket']);
    expect(answer.values('connection')).toEqual(['Upgrade']);
  });

  test.each([
    [{ ssl: SSL }, 'wss'],
    [{ xfwdWsProtoAsHttp: true }, 'http'],
    [{ ssl: SSL, xfwdWsProtoAsHttp: true }, 'https'],
  ])('with %j says its protocol', async (options, protocol) => {
    const target = await switchingTarget();
    const { client } = await bench(target, { xfwd: true, ...options });
    await (await client(handshake())).received('\r\n\r\n');
    expect(readRequest(target.connections[0].text).values('x-forwarded-proto')).toEqual([protocol]);
  });

  test.each([
    ['E-03 with a body', handshake('/', ['Content-Length: 2']) + 'hi', 400],
    ['E-03 with chunks', handshake('/', ['Transfer-Encoding: chunked']) + '0\r\n\r\n', 400],
    ['E-04 by POST', handshake().replace('GET', 'POST'), 400],
    ['E-04 by HEAD', handshake().replace('GET', 'HEAD'), 400],
  ])('%s is refused', async (_what, bytes, status) => {
    const target = await switchingTarget();
    const { client } = await bench(target);
    const connection = await client(bytes);
    await connection.closed();
    expect(readResponse(connection.text, bytes.slice(0, 4)).status).toBe(status);
    expect(target.connections).toHaveLength(0);
  });

  test.each([
    ['E-04 by HTTP/1.0', handshake().replace('HTTP/1.1', 'HTTP/1.0')],
    ['E-05 without Connection', handshake().replace('Connection: Upgrade\r\n', '')],
    ['E-05 without Upgrade', handshake().replace('Upgrade: websocket\r\n', '')],
    ['of another protocol', handshake().replace('websocket', 'h2c')],
  ])('%s is a request like others', async (_what, bytes) => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const { client } = await bench(target);
    const connection = await client(bytes);
    await connection.received('ok');
    const request = readRequest(target.connections[0].text);
    expect(request.values('upgrade')).toEqual([]);
  });

  test('without the option ws is a request like others', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const { client } = await bench(target, { ws: false });
    await (await client(handshake())).received('ok');
    expect(readRequest(target.connections[0].text).values('upgrade')).toEqual([]);
  });
});

describe('an answer', () => {
  test('E-11 that refuses is the client’s, and the connection’s last', async () => {
    const target = await answeringTarget(REFUSAL);
    const { client } = await bench(target);
    const connection = await client(`${handshake()}${requestText('GET /smuggled')}`);
    await connection.closed();
    expect(readResponse(connection.text)).toMatchObject({ status: 403, body: 'no', rest: '' });
    expect(readResponse(connection.text).values('connection')).toEqual(['close']);
    expect(target.connections).toHaveLength(1);
    expect(target.connections[0].text).not.toContain('smuggled');
  });

  test.each([
    ['E-08 of a grant without proof', grant().replace(/Accept: ./, 'Accept: _'), 502],
    ['E-12 of a target that cannot be reached', undefined, 502],
  ])('%s is a failure', async (_what, answer, status) => {
    const target =
      answer === undefined ? { url: 'http://127.0.0.1:1' } : await switchingTarget(undefined, { answer });
    const { client, proxy } = await bench(target);
    const connection = await client(handshake());
    await connection.closed();
    expect(readResponse(connection.text)).toMatchObject({ status, isComplete: true });
    expect(proxy.stats().door).toMatchObject({ failed: 1 });
  });

  test('E-08 without proof is taken where the options say so', async () => {
    const target = await switchingTarget(undefined, { answer: grant().replace(/Accept: ./, 'Accept: _') });
    const { client } = await bench(target, { verifyUpgrade: false });
    await (await client(handshake())).received('101');
  });

  test('that does not come in time is a 504', async () => {
    const target = await rawTarget(() => {});
    const { client } = await bench(target, { upgradeTimeout: 200 });
    const connection = await client(handshake());
    await connection.closed();
    expect(readResponse(connection.text).status).toBe(504);
  });

  test('E-13 is not waited for by a client that leaves', async () => {
    const target = await rawTarget(() => {});
    const { client, proxy } = await bench(target);
    const connection = await client(handshake());
    await target.connected();
    connection.socket.destroy();
    await (await target.connected()).closed();
    await eventually(() => proxy.stats().exchanges === 0);
  });
});

describe('a tunnel', () => {
  test('E-14 is reset if one of its ends is', async () => {
    const target = await switchingTarget();
    const { client, proxy } = await bench(target);
    const one = await client(handshake());
    await one.received('\r\n\r\n');
    target.connections[0].socket.resetAndDestroy();
    await one.closed();
    expect(one.ending).toBe('rst');
    const other = await client(handshake());
    await other.received('\r\n\r\n');
    other.socket.resetAndDestroy();
    await target.connections[1].closed();
    expect(target.connections[1].ending).toBe('rst');
    await eventually(() => proxy.stats().exchanges === 0 && proxy.stats().connections === 0);
  });

  test('E-18 ends when nothing has moved for too long', async () => {
    const target = await switchingTarget();
    const { client } = await bench(target, { tunnelTimeout: 300 });
    const connection = await client(handshake());
    await connection.received('\r\n\r\n');
    await connection.closed();
    await target.connections[0].closed();
  });

  test('E-27 goes on in a door that closes, for the time of grace', async () => {
    const target = await switchingTarget((connection) =>
      connection.socket.on('data', (data) => connection.socket.write(data)),
    );
    const { client, proxy } = await bench(target, { settings: { grace: 1000 } });
    const connection = await client(handshake());
    await connection.received('\r\n\r\n');
    const closed = new Promise((resolve) => proxy.close(resolve));
    connection.socket.write('still');
    await connection.received('still');
    await closed;
    await connection.closed();
    await target.connections[0].closed();
  });

  test('with a listener goes through Node', async () => {
    const server = await echoServer();
    const { port, proxy } = await bench(server);
    const opened = jest.fn();
    proxy.on('open', opened);
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    onCleanUp(() => socket.terminate());
    await once(socket, 'open');
    expect(opened).toHaveBeenCalledTimes(1);
    expect(proxy.stats().door.handedOver).toBe(1);
  });
});

describe('over HTTP/2 (RFC 8441)', () => {
  const CONNECT = (protocol = 'websocket') => [
    [':method', 'CONNECT'],
    [':protocol', protocol],
    ...requestFields().filter(([name]) => name !== ':method'),
    ['sec-websocket-version', '13'],
    ['sec-websocket-protocol', 'chat'],
  ];
  const connect = (stream, fields = CONNECT()) => frame('HEADERS', FLAG.END_HEADERS, stream, block(fields));

  /** A target that grants whatever key it is sent. */
  async function granting(onSwitched = () => {}) {
    const target = await rawTarget((connection) => {
      let isSwitched = false;
      connection.onRequest((head) => {
        if (isSwitched) return;
        isSwitched = true;
        const [, key] = /^sec-websocket-key: (.*)$/im.exec(head);
        connection.socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\nSec-WebSocket-Protocol: chat\r\n\r\n`,
        );
        onSwitched(connection);
      });
    });
    return target;
  }

  const data = (client, stream) =>
    Buffer.concat(
      client.frames
        .filter((one) => one.type === 'DATA' && one.stream === stream)
        .map(({ payload }) => payload),
    ).toString();

  test('E-26 a stream is a tunnel', async () => {
    const target = await granting((connection) =>
      connection.socket.on('data', (bytes) => connection.socket.write(bytes)),
    );
    const { port, proxy } = await bench(target, { settings: { h2c: true }, xfwd: true });
    const client = await frameClient(port);
    await client.until(({ frames }) =>
      frames.some(
        ({ type, payload }) => type === 'SETTINGS' && payload.includes(Buffer.from([0, 8, 0, 0, 0, 1])),
      ),
    );
    client.send(connect(1));
    await client.frame('HEADERS', 1);
    client.send(frame('DATA', 0, 1, Buffer.from('hello')));
    await client.until(() => data(client, 1) === 'hello');
    const request = readRequest(target.connections[0].text);
    expect(request.start).toBe('GET / HTTP/1.1');
    expect(request.values('upgrade')).toEqual(['websocket']);
    expect(request.values('connection')).toEqual(['Upgrade']);
    expect(request.values('sec-websocket-key')).toEqual([expect.stringMatching(/^[A-Za-z0-9+/]{22}==$/)]);
    expect(request.values('x-forwarded-proto')).toEqual(['ws']);
    client.send(frame('DATA', FLAG.END_STREAM, 1));
    await target.connections[0].closed();
    expect(target.connections[0].ending).toBe('fin');
    target.connections[0].socket.end();
    await client.until(({ frames }) =>
      frames.some(({ type, stream, flags }) => type === 'DATA' && stream === 1 && flags === 1),
    );
    await eventually(() => proxy.stats().exchanges === 0);
    // The connection has other streams.
    client.send(connect(3));
    await client.frame('HEADERS', 3);
  });

  test('a target that ends, ends the stream; one that is reset, resets it; and the other way round', async () => {
    const target = await granting();
    const { port, proxy } = await bench(target, { settings: { h2c: true } });
    const client = await frameClient(port);
    client.send(connect(1));
    await client.frame('HEADERS', 1);
    target.connections[0].socket.resetAndDestroy();
    await client.reset(1);
    client.send(connect(3));
    await client.frame('HEADERS', 3);
    client.send(frame('RST_STREAM', 0, 3, Buffer.from([0, 0, 0, 8])));
    await target.connections[1].closed();
    expect(target.connections[1].ending).toBe('rst');
    await eventually(() => proxy.stats().exchanges === 0);
  });

  test('a refusal is the answer', async () => {
    const target = await answeringTarget(REFUSAL);
    const { port } = await bench(target, { settings: { h2c: true } });
    const client = await frameClient(port);
    client.send(connect(1));
    expect(await client.answer(1)).toEqual({ status: 403, body: 'no' });
  });

  test('B-15 another protocol is not offered', async () => {
    const target = await granting();
    const { port } = await bench(target, { settings: { h2c: true } });
    const client = await frameClient(port);
    client.send(connect(1, CONNECT('connect-udp')));
    expect((await client.answer(1)).status).toBe(501);
    expect(target.connections).toHaveLength(0);
  });

  test('through Node, if somebody listens', async () => {
    const target = await granting((connection) =>
      connection.socket.on('data', (bytes) => connection.socket.write(bytes)),
    );
    const { port, proxy } = await bench(target, { settings: { h2c: true } });
    proxy.on('open', () => {});
    const client = await frameClient(port);
    client.send(connect(1));
    await client.frame('HEADERS', 1);
    client.send(frame('DATA', 0, 1, Buffer.from('hello')));
    await client.until(() => data(client, 1) === 'hello');
    expect(proxy.stats().door.handedOver).toBe(1);
  });
});
