'use strict';

/** Upgrades: the shapes in which `ws()` is called, its passes, and what a client hears of a target that cannot be reached. */

const net = require('node:net');
const { once } = require('node:events');
const { createProxyServer, numOpenSockets } = require('../../index.js');
const { requestText } = require('../support/messages.js');
const { closeAll, eventually, rawClient, rawExchange, rawTarget } = require('../support/peers.js');
const { upgradeServer } = require('../support/upgrades.js');

afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
});

const HANDSHAKE = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
const UPGRADE = requestText('GET /socket', HANDSHAKE);
const REFUSAL = 'HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
const TARGET = 'ws://127.0.0.1:1';

describe('a target that refuses connections', () => {
  beforeEach(() => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });

  test('502 with a complete head, the connection closed, the promise settled, nothing held', async () => {
    const proxy = createProxyServer({ target: TARGET });
    let outcome;
    const { port } = await upgradeServer((req, socket, head) => {
      outcome = proxy.ws(req, socket, head);
      expect(numOpenSockets()).toBe(1);
    });
    expect(await rawExchange(port, UPGRADE)).toBe(REFUSAL);
    // Nobody has waited for its failure.
    expect(await outcome).toBeUndefined();
    expect(process.emitWarning).toHaveBeenCalledTimes(1);
    await eventually(() => numOpenSockets() === 0);
  });

  test('a client that goes on sending gets it whole', async () => {
    const proxy = createProxyServer({ target: TARGET });
    const { port } = await upgradeServer((req, socket, head) => void proxy.ws(req, socket, head));
    expect(await rawExchange(port, UPGRADE + 'x'.repeat(200_000))).toBe(REFUSAL);
  });

  test('a client that does not close its end is closed', async () => {
    const proxy = createProxyServer({ target: TARGET });
    const { port } = await upgradeServer((req, socket, head) => void proxy.ws(req, socket, head));
    const client = await rawClient(port, UPGRADE);
    await client.closed();
    expect(client.text).toBe(REFUSAL);
    await eventually(() => numOpenSockets() === 0);
  });

  test('a client that resets its connection is nobody’s error', async () => {
    const silent = await rawTarget(() => {});
    const proxy = createProxyServer({ target: silent.url });
    const errors = jest.fn();
    proxy.on('error', errors);
    const upgraded = [];
    const { port } = await upgradeServer((req, socket, head) => {
      upgraded.push(proxy.ws(req, socket, head));
      socket.emit('error', new Error('of the socket'));
    });
    const client = await rawClient(port, UPGRADE);
    await eventually(() => upgraded.length === 1);
    client.socket.resetAndDestroy();
    await Promise.all(upgraded);
    expect(errors).not.toHaveBeenCalled();
  });

  test('a socket that is gone already', async () => {
    const proxy = createProxyServer({ target: TARGET });
    const socket = new net.Socket();
    socket.destroy();
    await once(socket, 'close');
    const req = { method: 'GET', url: '/', headers: { upgrade: 'websocket' }, socket };
    await expect(proxy.ws(req, socket, Buffer.alloc(0))).resolves.toBeUndefined();
    expect(numOpenSockets()).toBe(0);
  });
});

describe('the ways of calling it', () => {
  beforeEach(() => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });

  const head = Buffer.from('first frame');
  const options = { target: 'ws://127.0.0.1:2', headers: { a: 'b' } };
  const callback = () => {};

  /** What the passes are given when `ws` is called like this. */
  async function received(rest) {
    const proxy = createProxyServer({ target: TARGET });
    let seen;
    proxy.before('ws', 'stream', (...args) => void (seen = args));
    let given;
    const { port } = await upgradeServer((req, socket) => {
      given = [req, socket];
      void proxy.ws(req, socket, ...rest);
    });
    await rawExchange(port, UPGRADE);
    expect([seen[0] === given[0], seen[1] === given[1], seen[4] === proxy]).toEqual([true, true, true]);
    return {
      target: seen[2].target.href,
      a: seen[2].headers?.a,
      head: seen[3]?.toString(),
      callback: seen[5],
    };
  }

  const own = { target: `${options.target}/`, a: 'b' };
  const proxys = { target: `${TARGET}/`, a: undefined };
  test.each([
    ['(head)', [head], { ...proxys, head: 'first frame' }],
    ['(head, options)', [head, options], { ...own, head: 'first frame' }],
    ['(head, options, callback)', [head, options, callback], { ...own, head: 'first frame', callback }],
    ['(head, callback)', [head, callback], { ...proxys, head: 'first frame', callback }],
    ['(options, head), as httpxy', [options, head], { ...own, head: 'first frame' }],
    ['({}, head), as httpxy’s users', [{}, head], { ...proxys, head: 'first frame' }],
    ['(undefined, options)', [undefined, options], own],
    ['(options)', [options], own],
    ['()', [], proxys],
    ['(a view that is no Buffer)', [new Uint8Array([104, 105])], { ...proxys, head: '104,105' }],
  ])('ws(req, socket) with %s', async (_shape, rest, expected) => {
    expect(await received(rest)).toEqual({ a: undefined, head: undefined, callback: undefined, ...expected });
  });

  test('proxyWebsocketRequest, without its object', async () => {
    const { proxyWebsocketRequest } = createProxyServer({ target: TARGET });
    const { port } = await upgradeServer((...args) => void proxyWebsocketRequest(...args));
    expect(await rawExchange(port, UPGRADE)).toBe(REFUSAL);
  });
});

describe('before the answer', () => {
  test.each([
    ['another protocol', requestText('GET /', ['Connection: Upgrade', 'Upgrade: h2c'])],
    ['another method', requestText('POST /', [...HANDSHAKE, 'Content-Length: 0'])],
  ])('%s: the socket is destroyed, as by http-proxy-3', async (_what, text) => {
    const originals = require('http-proxy-3');
    for (const proxy of [
      createProxyServer({ target: TARGET }),
      originals.createProxyServer({ target: TARGET }),
    ]) {
      const { port } = await upgradeServer((req, socket, head) => void proxy.ws(req, socket, head));
      expect(await rawExchange(port, text)).toBe('');
    }
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('of the pass');
      },
    ],
    ['rejects', async () => Promise.reject(new Error('of the pass'))],
  ])('a pass that %s fails the upgrade', async (_how, pass) => {
    const proxy = createProxyServer({ target: TARGET });
    proxy.before('ws', 'XHeaders', pass);
    const heard = [];
    proxy.on('error', (...args) => {
      heard.push(args);
      args[2].end('HTTP/1.1 503 Told\r\n\r\n');
    });
    const { port } = await upgradeServer((req, socket, head) => void proxy.ws(req, socket, head));
    expect(await rawExchange(port, UPGRADE)).toBe('HTTP/1.1 503 Told\r\n\r\n');
    expect(heard).toHaveLength(1);
    expect(heard[0][0]).toMatchObject({ message: 'of the pass' });
    expect(heard[0][2]).toBeInstanceOf(net.Socket);
  });

  test('a pass may answer by itself', async () => {
    const proxy = createProxyServer({ target: TARGET });
    proxy.before('ws', 'stream', async (req, socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return true;
    });
    const { port } = await upgradeServer((req, socket, head) => void proxy.ws(req, socket, head));
    expect(await rawExchange(port, UPGRADE)).toBe('HTTP/1.1 403 Forbidden\r\n\r\n');
  });

  test('no target: whoever listens hears of it, and if nobody does the client gets a 500', async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const proxy = createProxyServer();
    const rests = [[], [(error, req, socket) => socket.end(`HTTP/1.1 503 ${error.code}\r\n\r\n`)]];
    const { port } = await upgradeServer(
      (req, socket, head) => void proxy.ws(req, socket, head, ...rests.shift()),
    );
    expect(await rawExchange(port, UPGRADE)).toMatch(/^HTTP\/1\.1 500 .*\r\nconnection: close\r\n\r\n$/s);
    expect(await rawExchange(port, UPGRADE)).toBe('HTTP/1.1 503 ERR_PROXY_NO_TARGET\r\n\r\n');
  });

  test('x-forwarded fields, as http-proxy-3 writes them, with xfwdWsProtoAsHttp too', async () => {
    const seen = async (proxy) => {
      let fields;
      proxy.before('ws', 'stream', (req, socket) => {
        fields = Object.entries(req.headers).filter(([name]) => name.startsWith('x-forwarded-'));
        socket.destroy();
        return true;
      });
      const { port } = await upgradeServer((req, socket, head) => void proxy.ws(req, socket, head));
      await rawExchange(port, requestText('GET /', [...HANDSHAKE, 'X-Forwarded-For: 192.0.2.1']));
      return Object.fromEntries(fields);
    };
    const options = { target: TARGET, xfwd: true };
    const theirs = await seen(require('http-proxy-3').createProxyServer(options));
    const { 'x-forwarded-host': host, ...ours } = await seen(createProxyServer(options));
    expect(ours).toEqual(theirs);
    // Since version 2 it names the host, too.
    expect(host).toBe('me');
    const asHttp = await seen(createProxyServer({ ...options, xfwdWsProtoAsHttp: true }));
    expect(asHttp).toMatchObject({ 'x-forwarded-proto': 'http' });
  });
});
