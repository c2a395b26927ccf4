'use strict';

/** Field lines of the client's (reliability rows C-09, C-10, C-12 to C-14, C-25). */

const http = require('node:http');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const net = require('node:net');
const { once } = require('node:events');
const {
  RawConnection,
  answeringTarget,
  closeAll,
  httpServer,
  listening,
  onCleanUp,
  rawClient,
  rawExchange,
} = require('../support/peers.js');
const { FACES } = require('../support/faces.js');
const {
  lastRequest,
  readRequest,
  readResponse,
  readResponses,
  requestText,
} = require('../support/messages.js');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const LISTENED = [
  ['with nobody listening', undefined],
  ['with a proxyReq listener', { proxyReq: (proxyReq) => proxyReq.setHeader('x-seen', '1') }],
];

afterEach(closeAll);

describe.each(FACES)('%s', (_name, face) => {
  async function exchange(bytes, options, settings) {
    const target = await answeringTarget(OK);
    const { port } = await face({ target: target.url, ...options }, settings);
    const answer = readResponse(await rawExchange(port, bytes));
    return { answer, target };
  }

  async function forwarded(bytes, options, settings) {
    const { answer, target } = await exchange(bytes, options, settings);
    expect(answer).toMatchObject({ status: 200, body: 'ok' });
    const request = readRequest(target.connections[0].text);
    expect(request).toMatchObject({ isComplete: true, rest: '' });
    return request;
  }

  /** `count` fields in all: these, and `Host` and `Connection`. */
  const manyFields = (count) => Array.from({ length: count - 2 }, (_, i) => `x${i}: ${i}`);
  const serving = (limit) => ({
    serve: async (listener) => {
      const served = await httpServer(listener);
      served.server.maxHeadersCount = limit;
      return served;
    },
  });

  test.each([
    [900, undefined],
    [999, undefined],
    [1500, 4000],
    [1500, 0],
  ])('C-09 %i fields are forwarded, all of them (maxHeadersCount: %s)', async (count, limit) => {
    const settings = limit === undefined ? undefined : serving(limit);
    const request = await forwarded(lastRequest('GET /', manyFields(count)), {}, settings);
    // `connection` is our own.
    expect(request.fields).toHaveLength(count);
    expect(request.values(`x${count - 3}`)).toEqual([`${count - 3}`]);
  });

  test.each([
    [1001, undefined],
    [1500, undefined],
    [60, 50],
  ])('C-09 %i fields, of which Node keeps fewer, are refused (maxHeadersCount: %s)', async (count, limit) => {
    const settings = limit === undefined ? undefined : serving(limit);
    const { answer, target } = await exchange(lastRequest('GET /', manyFields(count)), {}, settings);
    expect(answer).toMatchObject({ status: 431, isComplete: true });
    expect(target.connections).toHaveLength(0);
  });

  test.each(LISTENED)(
    'C-10 nominated fields of the client are removed, ours are not, %s',
    async (_case, on) => {
      const lines = [
        'Connection: x-secret, X-Forwarded-For, x-ours',
        'X-Secret: 1',
        'X-Forwarded-For: 6.6.6.6',
        'x-ours: theirs',
        'x-other: 1',
      ];
      const options = { xfwd: true, headers: { 'x-ours': 'ours' }, on };
      const request = await forwarded(lastRequest('GET /', lines), options);
      expect(request.values('x-secret')).toEqual([]);
      expect(request.values('x-forwarded-for')).toEqual(['127.0.0.1']);
      expect(request.values('x-ours')).toEqual(['ours']);
      expect(request.values('x-other')).toEqual(['1']);
      expect(request.values('connection')).toEqual(['keep-alive']);
    },
  );

  test('C-10 fields that a request cannot do without cannot be nominated', async () => {
    const lines = [
      'Connection: host, content-length, content-type, transfer-encoding, cookie, authorization',
      'Content-Type: text/plain',
      'Cookie: a=b',
      'Authorization: Basic x',
      'Content-Length: 5',
    ];
    const request = await forwarded(lastRequest('POST /', lines, 'hello'));
    expect(request).toMatchObject({ framing: 'length', body: 'hello' });
    for (const [name, value] of [
      ['host', 'me'],
      ['content-type', 'text/plain'],
      ['cookie', 'a=b'],
      ['authorization', 'Basic x'],
    ]) {
      expect(request.values(name)).toEqual([value]);
    }
  });

  test.each([
    ['a thousand tokens', Array.from({ length: 1000 }, (_, i) => `t${i}`).join(', ')],
    ['bytes that are no token', 'caf\u00e9, \u00ff, "x", ;=, :path'],
    ['nothing but commas', ',,,, ,'],
  ])('C-10 a Connection field of %s does no harm', async (_case, value) => {
    const request = await forwarded(lastRequest('GET /', [`Connection: ${value}`, 'x-other: 1']));
    expect(request.values('x-other')).toEqual(['1']);
    expect(request.values('connection')).toEqual(['keep-alive']);
  });

  test.each(LISTENED)(
    'C-12 an offer of h2c is not forwarded and gets a normal response, %s',
    async (_case, on) => {
      const lines = [
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAAQAAP__',
      ];
      const request = await forwarded(lastRequest('GET /', lines), { on });
      for (const name of ['upgrade', 'http2-settings']) expect(request.values(name)).toEqual([]);
      expect(request.values('connection')).toEqual(['keep-alive']);
    },
  );

  test.each(LISTENED)('C-12 the other fields of this hop are not forwarded, %s', async (_case, on) => {
    const lines = [
      'Keep-Alive: timeout=9',
      'Proxy-Connection: keep-alive',
      'Proxy-Authorization: Basic x',
      'TE: gzip',
      'Trailer: x',
    ];
    const request = await forwarded(lastRequest('GET /', lines), { on });
    const names = request.fields.map(([name]) => name).filter((name) => name !== 'x-seen');
    expect(names.sort()).toEqual(['connection', 'host']);
  });

  const checkingContinue = {
    serve: async (listener) => {
      const served = await httpServer(listener);
      served.server.on('checkContinue', listener);
      return served;
    },
  };
  const EXPECTING = [
    ['answered by Node', undefined, OK],
    ['handed to the application', checkingContinue, OK],
    ['answered by the target, too', undefined, `HTTP/1.1 100 Continue\r\n\r\n${OK}`],
  ].flatMap(([name, settings, answer]) =>
    LISTENED.map(([listened, on]) => [name, listened, settings, answer, on]),
  );

  test.each(EXPECTING)(
    'C-13 Expect: 100-continue %s gives one 100 and one response, %s',
    async (_case, _listened, settings, answer, on) => {
      const target = await answeringTarget(answer);
      const { port } = await face({ target: target.url, on }, settings);
      const client = await rawClient(
        port,
        lastRequest('POST /', ['Expect: 100-continue', 'Content-Length: 5']),
      );
      await client.received('100 Continue\r\n\r\n');
      client.socket.write('hello');
      await client.closed();
      expect(readResponses(client.text).map(({ status }) => status)).toEqual([100, 200]);
      const request = readRequest(target.connections[0].text);
      expect(request).toMatchObject({ framing: 'length', body: 'hello', isComplete: true, rest: '' });
      expect(request.values('expect')).toEqual([]);
      if (on !== undefined) expect(request.values('x-seen')).toEqual(['1']);
    },
  );

  test.each(LISTENED)(
    'C-14 fields named like members of every object are plain fields, %s',
    async (_case, on) => {
      const names = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', '__defineGetter__'];
      const lines = names.map((name) => `${name}: x-${name}`);
      const request = await forwarded(lastRequest('GET /', lines), { on });
      for (const name of names) expect(request.values(name.toLowerCase())).toEqual([`x-${name}`]);
    },
  );

  test.each(LISTENED)('C-25 a client on a Unix socket has no address to forward, %s', async (_case, on) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rs-proxy-'));
    onCleanUp(() => fs.rmSync(folder, { recursive: true }));
    const place = path.join(folder, 'front.sock');
    const serve = async (listener) => {
      const server = await listening(http.createServer(listener), place);
      onCleanUp(() => new Promise((resolve) => server.close(resolve)));
      return { server };
    };
    const target = await answeringTarget(OK);
    await face({ target: target.url, xfwd: true, on }, { serve });
    const socket = net.connect(place);
    onCleanUp(() => socket.destroy());
    const client = new RawConnection(socket);
    await once(socket, 'connect');
    socket.write(lastRequest('GET /'));
    await client.closed();
    expect(readResponse(client.text)).toMatchObject({ status: 200, body: 'ok' });
    const request = readRequest(target.connections[0].text);
    expect(request.values('x-forwarded-for')).toEqual([]);
    expect(request.values('x-forwarded-proto')).toEqual(['http']);
  });

  test('C-25 a client that is gone already is not forwarded for', async () => {
    const target = await answeringTarget(OK);
    let forwarding;
    const app = (req, res, forward) => req.socket.once('close', () => (forwarding = forward()));
    const { port, server } = await face({ target: target.url, xfwd: true }, { app });
    const client = await rawClient(port, requestText('GET /'));
    const [socket] = await once(server, 'request').then(([req]) => [req.socket]);
    client.socket.destroy();
    await once(socket, 'close');
    await forwarding;
    expect(target.connections).toHaveLength(0);
  });
});
