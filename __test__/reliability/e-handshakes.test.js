'use strict';

/** Rows E-01 to E-13, E-20 to E-24 and E-29: handshakes, through both faces and in every way in which a tunnel's bytes can go. */

const { WebSocketServer } = require('ws');
const { createProxyMiddleware, createProxyServer, numOpenSockets } = require('../../index.js');
const { lastRequest, readRequest, readResponse, requestText } = require('../support/messages.js');
const {
  answeringTarget,
  eventually,
  httpServer,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { fullListener } = require('../support/child.js');
const {
  EVERYWHERE,
  FACES,
  HANDSHAKE,
  endTunnels,
  grant,
  handshake,
  rawUpgradeClient,
  switchingTarget,
  tunnelBench,
  tunnelled,
  upgradeServer,
} = require('../support/upgrades.js');

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
});

afterEach(endTunnels);

describe.each(EVERYWHERE)('%s, %s', (face, way) => {
  const bench = (options) => tunnelBench(options, { face, way });

  test.each([
    [200, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    [400, 'HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n'],
  ])('E-01 bytes behind a handshake that is answered %d go nowhere', async (status, answer) => {
    const target = await answeringTarget(answer);
    const { client } = await bench({ target: target.url });
    const connection = await client(`${handshake()}GET /smuggled HTTP/1.1\r\nHost: me\r\n\r\n`);
    await connection.closed();
    expect(readResponse(connection.text).status).toBe(status);
    await target.connections[0].closed();
    expect(target.connections).toHaveLength(1);
    expect(target.connections[0].text).not.toContain('smuggled');
  });

  test('E-02 bytes behind a handshake that is granted are delivered after the grant, once, in order', async () => {
    let atGrant;
    const target = await rawTarget((connection) => {
      connection.onRequest(() => {
        setTimeout(() => {
          atGrant = tunnelled(connection).length;
          connection.socket.write(grant());
        }, 100);
      });
    });
    const { client } = await bench({ target: target.url });
    const connection = await client(`${handshake()}one `);
    connection.socket.write('two ');
    await connection.received('101 ');
    connection.socket.end('three');
    await target.connections[0].closed();
    expect(atGrant).toBe(0);
    expect(tunnelled(target.connections[0]).toString()).toBe('one two three');
  });

  test.each([
    ['a length', ['Content-Length: 5'], 'hello'],
    ['chunks', ['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'],
  ])(
    'E-03 a handshake whose body has %s, and what follows it: 400, nothing is sent',
    async (_how, lines, body) => {
      const target = await switchingTarget();
      const { client } = await bench({ target: target.url });
      const connection = await client(
        `${handshake('/', lines)}${body}GET /next HTTP/1.1\r\nHost: me\r\n\r\n`,
      );
      await connection.closed();
      expect(readResponse(connection.text).status).toBe(400);
      expect(target.connections).toEqual([]);
    },
  );

  test('E-04 an upgrade by HTTP/1.0: 400; by POST or HEAD: no answer; nothing is sent', async () => {
    const target = await switchingTarget();
    const { client } = await bench({ target: target.url });
    const old = await client(handshake().replace('HTTP/1.1', 'HTTP/1.0'));
    await old.closed();
    expect(readResponse(old.text).status).toBe(400);
    for (const method of ['POST', 'HEAD']) {
      const connection = await client(handshake().replace('GET', method));
      await connection.closed();
      expect(connection.text).toBe('');
    }
    expect(target.connections).toEqual([]);
  });

  test('E-06 lists of options and of protocols: a WebSocket is offered, and nothing else', async () => {
    const target = await switchingTarget();
    const { client } = await bench({ target: target.url });
    const text = handshake()
      .replace('Connection: Upgrade', 'Connection: keep-alive, Upgrade, HTTP2-Settings')
      .replace('Upgrade: websocket', 'Upgrade: h2c, websocket\r\nHTTP2-Settings: AAMAAABk');
    await (await client(text)).received('101 ');
    const request = readRequest(target.connections[0].text);
    expect(request.values('upgrade')).toEqual(['websocket']);
    expect(request.values('connection')).toEqual(['Upgrade']);
    expect(request.values('http2-settings')).toEqual([]);
  });

  test.each([
    ['no key', (text) => text.replace(/Sec-WebSocket-Key.*\r\n/, '')],
    ['a short key', (text) => text.replace(/Key: .*\r\n/, 'Key: eA==\r\n')],
    ['a key that is no base64', (text) => text.replace(/Key: .*\r\n/, 'Key: ***\r\n')],
    ['another version', (text) => text.replace('Version: 13', 'Version: 8')],
  ])('E-07 %s: for the target to judge', async (_what, edit) => {
    const answer = 'HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nContent-Length: 0\r\n\r\n';
    const target = await answeringTarget(answer);
    const { client } = await bench({ target: target.url });
    const connection = await client(edit(handshake()));
    await connection.closed();
    const response = readResponse(connection.text);
    expect([response.status, response.values('sec-websocket-version')]).toEqual([426, ['13']]);
    const sent = readRequest(target.connections[0].text);
    const expected = readRequest(edit(handshake()));
    for (const name of ['sec-websocket-key', 'sec-websocket-version'])
      expect(sent.values(name)).toEqual(expected.values(name));
  });

  test.each([
    ['another protocol', grant().replace('Upgrade: websocket', 'Upgrade: TLS/1.2')],
    ['no Connection', grant().replace('Connection: Upgrade\r\n', '')],
    ['a wrong key', grant().replace('s3pPLMBi', 'S3pPLMBi')],
    ['no key', grant().replace(/Sec-WebSocket-Accept.*\r\n/, '')],
  ])('E-08 a grant with %s: 502, both are closed', async (_what, answer) => {
    const target = await answeringTarget(answer);
    const { client } = await bench({ target: target.url });
    const connection = await client(handshake());
    await connection.closed();
    expect(readResponse(connection.text).status).toBe(502);
    await target.connections[0].closed();
  });

  test('E-10 bytes that come with the grant reach the client behind it', async () => {
    const target = await answeringTarget(`${grant()}first frame`);
    const { client } = await bench({ target: target.url });
    const connection = await client(handshake());
    await connection.until((it) => tunnelled(it).toString() === 'first frame');
    connection.socket.destroy();
  });

  test.each([
    [401, 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nwho?'],
    [403, 'HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwho?\r\n0\r\n\r\n'],
    [404, 'HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\nwho?'],
    [500, 'HTTP/1.0 500 Oh\r\n\r\nwho?'],
  ])('E-11 %d: the whole answer, then the end', async (status, answer) => {
    const target = await answeringTarget(answer, { end: 'fin' });
    const { client } = await bench({ target: target.url });
    const connection = await client(handshake());
    await connection.closed();
    const response = readResponse(connection.text);
    expect([response.status, response.body, response.isComplete]).toEqual([status, 'who?', true]);
    await target.connections[0].closed();
  });

  test('E-12 a target that is not there, whose name is not known, or that takes too long: 502 and 504', async () => {
    const silent = await rawTarget(() => {});
    const full = await fullListener('127.0.0.1');
    for (const [options, status] of [
      [{ target: 'ws://127.0.0.1:1' }, 502],
      [{ target: 'ws://nobody.invalid' }, 502],
      [{ target: silent.url, upgradeTimeout: 100 }, 504],
      [{ target: `ws://127.0.0.1:${full.port}`, connectTimeout: 100 }, 504],
    ]) {
      const { client } = await bench(options);
      const connection = await client(handshake());
      await connection.closed(10_000);
      expect(readResponse(connection.text)).toMatchObject({ status, isComplete: true });
    }
  });

  test.each(['end', 'destroy'])('E-13 a client that leaves before its answer: %s', async (how) => {
    const target = await rawTarget(() => {});
    const errors = jest.fn();
    const { client } = await bench({ target: target.url, on: { error: errors } });
    const connection = await client(handshake());
    await (await target.connected()).received('\r\n\r\n');
    if (how === 'destroy' && way !== 'bridged for TLS') connection.socket.resetAndDestroy();
    else connection.socket[how]();
    await target.connections[0].closed();
    expect(errors).not.toHaveBeenCalled();
  });

  test('E-20 extensions are agreed between the ends, whatever they are', async () => {
    const silly = 'permessage-deflate; client_max_window_bits=99; server_max_window_bits=0, x-other; q="a,b"';
    const target = await switchingTarget(undefined, {
      answer: grant([`Sec-WebSocket-Extensions: ${silly}`]),
    });
    const { client } = await bench({ target: target.url });
    const connection = await client(handshake('/', [`Sec-WebSocket-Extensions: ${silly}`]));
    await connection.received('\r\n\r\n');
    expect(readRequest(target.connections[0].text).values('sec-websocket-extensions')).toEqual([silly]);
    expect(readResponse(connection.text).values('sec-websocket-extensions')).toEqual([silly]);
  });

  test('E-22 another origin: forwarded, unless a listener refuses it', async () => {
    const target = await switchingTarget();
    const on = {
      proxyReqWs(proxyReq, req, socket) {
        if (req.headers.origin === 'http://good') return;
        socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
        proxyReq.destroy();
      },
      error() {},
    };
    const open = await bench({ target: target.url });
    const evil = handshake('/', ['Origin: http://evil']);
    await (await open.client(evil)).received('101 ');
    const guarded = await bench({ target: target.url, on });
    await (await guarded.client(handshake('/', ['Origin: http://good']))).received('101 ');
    const refused = await guarded.client(evil);
    await refused.closed();
    expect(refused.text).toMatch(/^HTTP\/1\.1 403 /);
    expect(target.connections).toHaveLength(2);
  });

  test('E-24 a target that the request names is not asked', async () => {
    const target = await switchingTarget();
    const inner = await switchingTarget();
    const { client } = await bench({ target: target.url });
    for (const text of [
      handshake(`http://127.0.0.1:${inner.port}/admin`),
      handshake().replace('Host: me', `Host: 127.0.0.1:${inner.port}`),
      handshake('/', [`X-Forwarded-Host: 127.0.0.1:${inner.port}`]),
      handshake(`//127.0.0.1:${inner.port}/admin`),
    ]) {
      await (await client(text)).received('101 ');
    }
    const elsewhere = await client(handshake('ftp://127.0.0.1/x'));
    await elsewhere.closed();
    expect(readResponse(elsewhere.text).status).toBe(400);
    expect([target.connections.length, inner.connections.length]).toEqual([4, 0]);
  });

  test('E-29 fields that the grant nominates for its connection stay there', async () => {
    const answer = grant(['X-Secret: 1', 'Keep-Alive: timeout=5', 'Proxy-Authenticate: Basic']).replace(
      'Connection: Upgrade',
      'Connection: X-Secret, Upgrade',
    );
    const target = await answeringTarget(answer);
    const { client } = await bench({ target: target.url });
    const connection = await client(handshake());
    await connection.received('\r\n\r\n');
    const response = readResponse(connection.text);
    for (const name of ['x-secret', 'keep-alive', 'proxy-authenticate'])
      expect(response.values(name)).toEqual([]);
    connection.socket.destroy();
  });
});

describe.each([
  [
    'createProxyServer',
    (options) => {
      const proxy = createProxyServer(options);
      return (req, res) => void proxy.web(req, res);
    },
  ],
  ['createProxyMiddleware', createProxyMiddleware],
])('%s, plain requests', (_face, make) => {
  test('E-05 one half of an offer is none: an ordinary request without it', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const { port } = await httpServer(make({ target: target.url }));
    for (const lines of [HANDSHAKE.slice(1), HANDSHAKE.filter((line) => !line.startsWith('Upgrade'))]) {
      const closing = lines.map((line) => line.replace('Connection: Upgrade', 'Connection: Upgrade, close'));
      const text = await rawExchange(
        port,
        lines === HANDSHAKE
          ? ''
          : closing.some((line) => /close/.test(line))
            ? requestText('GET /', closing)
            : lastRequest('GET /', closing),
      );
      expect(readResponse(text)).toMatchObject({ status: 200, body: 'ok' });
    }
    expect(target.connections.length).toBeGreaterThan(0);
    for (const { text } of target.connections) {
      for (const request of text.split(/(?=GET )/)) {
        expect(readRequest(request).values('upgrade')).toEqual([]);
        expect(readRequest(request).values('connection')).not.toContain('Upgrade');
      }
    }
  });

  test('E-09 a grant that nobody has asked for: 502', async () => {
    const target = await answeringTarget(grant());
    const { port } = await httpServer(make({ target: target.url }));
    expect(readResponse(await rawExchange(port, lastRequest('GET /'))).status).toBe(502);
    await target.connections[0].closed();
  });
});

describe.each(Object.keys(FACES))('%s, many', (face) => {
  test('E-21 2,000 handshakes, each left at once', async () => {
    const target = await switchingTarget(({ socket }) => socket.on('end', () => socket.end()));
    const { client, port } = await tunnelBench({ target: target.url, on: { error() {} } }, { face });
    for (let i = 0; i < 2000; i += 50) {
      const all = await Promise.all(Array.from({ length: 50 }, () => rawClient(port, handshake())));
      for (const [n, { socket }] of all.entries()) {
        if (n % 2 === 0) socket.destroy();
        else socket.resetAndDestroy();
      }
    }
    await eventually(
      () => numOpenSockets() === 0 && createProxyServer().stats().connections === 0,
      () => `${numOpenSockets()} sockets are left`,
    );
    await (await client(handshake())).received('101 ');
  }, 30_000);
});

test('E-23 a broad middleware takes no socket that its filter leaves to another, and none that is taken', async () => {
  const target = await switchingTarget();
  const broad = createProxyMiddleware({ target: target.url, pathFilter: (path) => !path.startsWith('/hmr') });
  const other = createProxyMiddleware({ target: target.url });
  const server = await upgradeServer(broad.upgrade);
  server.server.on('upgrade', other.upgrade);
  server.server.prependListener('upgrade', (req, socket) => {
    if (req.url === '/hmr') socket.write(`${grant()}own`);
  });
  await (await rawUpgradeClient(server, handshake('/app'))).received('101 ');
  expect(target.connections).toHaveLength(1);
  server.server.removeListener('upgrade', other.upgrade);
  const own = await rawUpgradeClient(server, handshake('/hmr'));
  await own.until((it) => tunnelled(it).toString() === 'own');
  expect(target.connections).toHaveLength(1);
});

test.each(Object.keys(FACES))(
  'E-23 %s leaves a socket that a WebSocket server has answered',
  async (face) => {
    const target = await switchingTarget();
    const { server, port } = await upgradeServer();
    const own = new WebSocketServer({ noServer: true });
    server.on('upgrade', (req, socket, head) => {
      if (req.url === '/own') own.handleUpgrade(req, socket, head, (webSocket) => webSocket.send('own'));
    });
    server.on('upgrade', FACES[face]({ target: target.url }));
    const client = await rawClient(port, handshake('/own'));
    // One message, unmasked, and nothing else.
    await client.until((it) => tunnelled(it).equals(Buffer.from('\x81\x03own', 'latin1')));
    expect(client.text.match(/^HTTP/gm)).toHaveLength(1);
    await (await rawClient(port, handshake('/other'))).received('101 ');
    expect(target.connections).toHaveLength(1);
    expect(numOpenSockets()).toBe(2);
  },
);
