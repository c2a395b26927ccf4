'use strict';

/** Handshakes: what the target is asked, and what the client hears when it does not get its tunnel. */

const { createProxyServer, numOpenSockets } = require('../../index.js');
const { readRequest, readResponse } = require('../support/messages.js');
const { answeringTarget, closeAll, eventually, rawTarget } = require('../support/peers.js');
const {
  FACES,
  WAYS,
  grant,
  handshake,
  switchingTarget,
  tunnelBench,
  tunnelled,
} = require('../support/upgrades.js');

beforeEach(() => {
  jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
});

afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
  await eventually(
    () => numOpenSockets() === 0,
    () => `${numOpenSockets()} sockets are left`,
  );
});

/** The request that a target gets for this handshake. */
async function asked(options, text = handshake()) {
  const target = await switchingTarget();
  const url = options.path ? `${target.url}${options.path}` : target.url;
  const bench = await tunnelBench({ target: url, ...options.proxy });
  const client = await bench.client(text);
  await client.received('\r\n\r\n');
  const request = readRequest(target.connections[0].text);
  return { request, client, port: bench.port, target };
}

describe('the request', () => {
  test('is the client’s, with one Connection and one Upgrade of ours', async () => {
    const { request } = await asked(
      {},
      handshake('/a?b', ['Origin: http://x', 'Cookie: c=d', 'Sec-WebSocket-Protocol: p']),
    );
    expect(request.start).toBe('GET /a?b HTTP/1.1');
    expect(request.values('connection')).toEqual(['Upgrade']);
    expect(request.values('upgrade')).toEqual(['websocket']);
    for (const [name, value] of [
      ['host', 'me'],
      ['origin', 'http://x'],
      ['cookie', 'c=d'],
      ['sec-websocket-version', '13'],
      ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ['sec-websocket-protocol', 'p'],
    ]) {
      expect(request.values(name)).toEqual([value]);
    }
    expect(request.values('content-length')).toEqual([]);
  });

  test('xfwd, with the protocol of WebSockets or that of HTTP', async () => {
    const { request, port } = await asked({ proxy: { xfwd: true } });
    expect(request.values('x-forwarded-proto')).toEqual(['ws']);
    expect(request.values('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(request.values('x-forwarded-port')).toEqual(['80']);
    expect(request.values('x-forwarded-host')).toEqual(['me']);
    expect(port).toBeGreaterThan(0);
    const asHttp = await asked({ proxy: { xfwd: true, xfwdWsProtoAsHttp: true } });
    expect(asHttp.request.values('x-forwarded-proto')).toEqual(['http']);
  });

  test('changeOrigin, headers, auth', async () => {
    const headers = { origin: 'http://other', 'X-Added': '1' };
    const proxy = { changeOrigin: true, headers, auth: 'u:p' };
    const { request, target } = await asked({ proxy });
    expect(request.values('host')).toEqual([`127.0.0.1:${target.port}`]);
    expect(request.values('origin')).toEqual(['http://other']);
    expect(request.values('x-added')).toEqual(['1']);
    expect(request.values('authorization')).toEqual(['Basic dTpw']);
  });

  test.each([
    ['the target’s path in front', { path: '/base?k=v' }, '/base/a?k=v&q'],
    ['prependPath: false', { path: '/base', proxy: { prependPath: false } }, '/a?q'],
    ['ignorePath', { path: '/base', proxy: { ignorePath: true } }, '/base'],
  ])('%s', async (_name, options, path) => {
    const { request } = await asked(options, handshake('/a?q'));
    expect(request.start).toBe(`GET ${path} HTTP/1.1`);
  });

  test('a target that a function names', async () => {
    const target = await switchingTarget();
    const bench = await tunnelBench({ target: async (req) => `${target.url}${req.url}` });
    const client = await bench.client(handshake('/x'));
    await client.received('\r\n\r\n');
    expect(readRequest(target.connections[0].text).start).toBe('GET /x/x HTTP/1.1');
  });
});

describe('several targets', () => {
  test('a list is asked in turn, and what cannot be connected to is passed over', async () => {
    const targets = [await switchingTarget(), await switchingTarget()];
    const [first, second] = targets.map(({ url }) => url);
    const errors = [];
    const on = { error: (error) => errors.push(error) };
    const bench = await tunnelBench({ target: ['ws://127.0.0.1:1', first, second], on });
    for (let i = 0; i < 6; i += 1) await (await bench.client(handshake())).received('101 ');
    expect(errors).toEqual([]);
    const counts = targets.map(({ connections }) => connections.length);
    expect(counts[0] + counts[1]).toBe(6);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(2);
  });

  test('the option retry asks once more; proxyReqWs is emitted for each attempt', async () => {
    let attempts = 0;
    const target = await rawTarget((connection) =>
      connection.onRequest(() => {
        attempts += 1;
        if (attempts === 1) connection.socket.resetAndDestroy();
        else connection.socket.write(grant());
      }),
    );
    const seen = [];
    const on = { proxyReqWs: (proxyReq) => seen.push(proxyReq) };
    const bench = await tunnelBench({ target: target.url, retry: { attempts: 2 }, on });
    await (await bench.client(handshake())).received('101 ');
    expect([attempts, seen.length]).toEqual([2, 2]);
  });
});

describe('the grant', () => {
  test('is relayed with its fields, but none that is about the target’s connection', async () => {
    const lines = [
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'X-Secret: 1',
      'Sec-WebSocket-Protocol: p',
      'Keep-Alive: timeout=5',
    ];
    const answer = grant(lines).replace('Connection: Upgrade', 'Connection: Upgrade, X-Secret');
    const target = await switchingTarget(undefined, { answer });
    const bench = await tunnelBench({ target: target.url });
    const client = await bench.client(handshake());
    await client.received('\r\n\r\n');
    const response = readResponse(client.text);
    expect(response.start).toBe('HTTP/1.1 101 Switching Protocols');
    expect(response.values('connection')).toEqual(['Upgrade']);
    expect(response.values('upgrade')).toEqual(['websocket']);
    expect(response.values('set-cookie')).toEqual(['a=1', 'b=2']);
    expect(response.values('sec-websocket-protocol')).toEqual(['p']);
    for (const name of ['x-secret', 'keep-alive']) expect(response.values(name)).toEqual([]);
  });

  test.each([
    ['another protocol', grant().replace('Upgrade: websocket', 'Upgrade: h2c')],
    ['no Upgrade', grant().replace('Upgrade: websocket\r\n', '')],
    ['no Connection', grant().replace('Connection: Upgrade\r\n', '')],
    ['a wrong key', grant().replace('s3pPLMBi', 'AAAAAAAA')],
    ['no key', grant().replace(/Sec-WebSocket-Accept.*\r\n/, '')],
  ])('%s: 502, and both connections are closed; unless verifyUpgrade is false', async (_name, answer) => {
    const target = await switchingTarget(undefined, { answer });
    const errors = [];
    const on = { error: (error) => errors.push(error.code) };
    const bench = await tunnelBench({ target: target.url, on });
    const client = await bench.client(`${handshake()}early`);
    await client.closed();
    expect(client.text).toBe('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
    expect(errors).toEqual(['ERR_PROXY_INVALID_UPGRADE']);
    await target.connections[0].closed();
    expect(tunnelled(target.connections[0]).length).toBe(0);
    const lenient = await tunnelBench({ target: target.url, verifyUpgrade: false });
    const other = await lenient.client(handshake());
    await other.received('101 Switching Protocols');
  });
});

const BODIES = {
  'with a length': ['HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nno way', 403, 'no way'],
  chunked: [
    'HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
    401,
    'abcde',
  ],
  'until it closes': ['HTTP/1.1 500 Oh\r\n\r\nall of it', 500, 'all of it'],
  empty: ['HTTP/1.1 204 No Content\r\n\r\n', 204, ''],
  'an ordinary page': ['HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\n\r\nok', 200, 'ok'],
};

describe.each(Object.keys(WAYS))('a target that does not switch, %s', (way) => {
  describe.each(Object.keys(FACES))('%s', (face) => {
    test.each(Object.keys(BODIES))(
      '%s: the answer is relayed whole, then the connection is closed',
      async (name) => {
        const [answer, status, body] = BODIES[name];
        const target = await answeringTarget(answer, { end: 'fin' });
        const bench = await tunnelBench({ target: target.url }, { way, face });
        const client = await bench.client(`${handshake()}early bytes`);
        await client.closed();
        const response = readResponse(client.text);
        expect([response.status, response.body, response.isComplete, response.rest]).toEqual([
          status,
          body,
          true,
          '',
        ]);
        expect(response.values('connection')).toEqual(['close']);
        // What the client has sent for a tunnel does not go to anybody who has none.
        expect(target.connections[0].text).not.toContain('early');
      },
    );
  });

  test('a large body, to its last byte', async () => {
    const body = 'x'.repeat(3_000_000);
    const target = await answeringTarget(
      `HTTP/1.1 404 Not Found\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    const bench = await tunnelBench({ target: target.url }, { way });
    const client = await bench.client(handshake());
    await client.closed();
    expect(readResponse(client.text).body.length).toBe(body.length);
  });

  test('a body that is cut is not presented as whole', async () => {
    const target = await answeringTarget('HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\nhalf', {
      end: 'fin',
    });
    const errors = [];
    const on = { error: (error) => errors.push(error.code) };
    const bench = await tunnelBench({ target: target.url, on }, { way });
    const client = await bench.client(handshake());
    await client.closed();
    const response = readResponse(client.text);
    expect([response.body, response.isComplete]).toEqual(['half', false]);
    expect(errors).toEqual(['ECONNRESET']);
  });
});

describe.each(Object.keys(FACES))('failures, %s', (face) => {
  const NOBODY = 'ws://127.0.0.1:1';
  const head = (status, reason) =>
    `HTTP/1.1 ${status} ${reason}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`;

  test('a target that refuses connections: 502, and error with request and socket', async () => {
    for (const on of [undefined, { error: jest.fn() }]) {
      const bench = await tunnelBench({ target: NOBODY, on }, { face });
      const client = await bench.client(handshake());
      await client.closed();
      expect(client.text).toBe(head(502, 'Bad Gateway'));
      if (on === undefined) continue;
      expect(on.error).toHaveBeenCalledTimes(1);
      const [args] = on.error.mock.calls;
      expect(args).toEqual([
        expect.objectContaining({ code: 'ECONNREFUSED' }),
        expect.anything(),
        bench.upgraded[0],
      ]);
    }
  });

  test('what a listener has answered is the answer', async () => {
    const on = { error: (error, req, socket) => socket.write('HTTP/1.1 418 Mine\r\n\r\n') };
    const bench = await tunnelBench({ target: NOBODY, on }, { face });
    const client = await bench.client(handshake());
    await client.closed();
    expect(client.text).toBe('HTTP/1.1 418 Mine\r\n\r\n');
  });

  test.each(['upgradeTimeout', 'proxyTimeout'])('%s: 504', async (option) => {
    const target = await rawTarget(() => {});
    const errors = [];
    const on = { error: (error) => errors.push([error.code, error.timeout]) };
    const bench = await tunnelBench({ target: target.url, [option]: 150, on }, { face });
    const client = await bench.client(handshake());
    await client.closed();
    expect(client.text).toBe(head(504, 'Gateway Timeout'));
    expect(errors).toEqual([['ECONNRESET', 'head']]);
    await target.connections[0].closed();
  });

  test.each([
    ['closes', ({ socket }) => socket.end(), 'ECONNRESET'],
    ['resets', ({ socket }) => socket.resetAndDestroy(), 'ECONNRESET'],
    ['answers garbage', ({ socket }) => socket.end('garbage\r\n\r\n'), 'HPE_INVALID_CONSTANT'],
  ])('a target that %s: 502', async (_how, act, code) => {
    const target = await rawTarget((connection) => connection.onRequest(() => act(connection)));
    const errors = [];
    const bench = await tunnelBench(
      { target: target.url, on: { error: (error) => errors.push(error.code) } },
      { face },
    );
    const client = await bench.client(handshake());
    await client.closed();
    expect(client.text).toBe(head(502, 'Bad Gateway'));
    expect(errors).toEqual([code]);
  });

  test.each([
    ['ends', ({ socket }) => socket.end()],
    ['resets', ({ socket }) => socket.resetAndDestroy()],
    ['has sent something and ends', ({ socket }) => socket.end('early bytes')],
  ])(
    'a client that %s while the target thinks: the target is let go of, and nobody fails',
    async (_how, leave) => {
      const target = await rawTarget(() => {});
      const on = { error: jest.fn() };
      const bench = await tunnelBench({ target: target.url, on }, { face });
      const client = await bench.client(handshake());
      const connection = await target.connected();
      await connection.received('\r\n\r\n');
      leave(client);
      await connection.closed();
      await client.closed();
      expect(on.error).not.toHaveBeenCalled();
      expect(connection.text).not.toContain('early');
    },
  );

  test('a client that leaves while the target’s name is looked up', async () => {
    let resolve;
    const bench = await tunnelBench(
      { target: NOBODY, router: undefined, on: { error: jest.fn() }, ...late() },
      { face },
    );
    function late() {
      const target = new Promise((done) => (resolve = done));
      return face === 'createProxyServer' ? { target: () => target } : { router: () => target };
    }
    const client = await bench.client(handshake());
    await eventually(() => bench.upgraded.length === 1);
    client.socket.resetAndDestroy();
    await eventually(() => bench.upgraded[0].destroyed);
    resolve(NOBODY);
  });
});

describe('promises and callbacks', () => {
  async function called(call) {
    const results = [];
    const proxy = createProxyServer({ target: 'ws://127.0.0.1:1' });
    const { upgradeServer } = require('../support/upgrades.js');
    const { port } = await upgradeServer((req, socket, head) => results.push(call(proxy, req, socket, head)));
    const { rawExchange } = require('../support/peers.js');
    const text = await rawExchange(port, handshake());
    return { text, result: results[0] };
  }

  test('a callback takes the place of the listeners; what it answers is the answer, and the socket is closed', async () => {
    const callback = jest.fn((error, req, socket) =>
      socket.write('HTTP/1.1 503 Service Unavailable\r\n\r\n'),
    );
    const { text } = await called((proxy, req, socket, head) => proxy.ws(req, socket, head, {}, callback));
    expect(text).toBe('HTTP/1.1 503 Service Unavailable\r\n\r\n');
    expect(callback.mock.calls[0]).toHaveLength(3);
  });

  test('who awaits it gets the failure, and the client its answer', async () => {
    const { text, result } = await called((proxy, req, socket, head) =>
      proxy.ws(req, socket, {}, head).catch((error) => error.code),
    );
    expect(await result).toBe('ECONNREFUSED');
    expect(text).toMatch(/^HTTP\/1\.1 502 /);
  });
});
