'use strict';

/** Upgrades: who is asked, who takes the socket, and what becomes of it when something fails. */

const { EventEmitter } = require('node:events');
const { createProxyMiddleware } = require('../../index.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  onCleanUp,
  rawClient,
  rawExchange,
} = require('../support/peers.js');
const { lastRequest, readResponse } = require('../support/messages.js');
const {
  handshake: upgradeRequest,
  rawUpgradeClient,
  switchingTarget,
  tunnelled,
  upgradeServer,
} = require('../support/upgrades.js');

afterEach(closeAll);

const target = 'http://127.0.0.1:1';
const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: eA==',
];
const handshake = (path) => `GET ${path} HTTP/1.1\r\nHost: me\r\n${HANDSHAKE.join('\r\n')}\r\n\r\n`;

/** A server whose requests go through these middlewares, one after the other. */
async function serverOf(...middlewares) {
  const made = await httpServer((req, res) => {
    const next = (i) => () =>
      i < middlewares.length ? middlewares[i](req, res, next(i + 1)) : res.end('none');
    next(0)();
  });
  // Node does not count upgraded sockets among a server's connections.
  made.server.on('connection', (socket) => onCleanUp(() => socket.destroy()));
  return made;
}

const meet = (port) => rawExchange(port, lastRequest('GET /unmatched'));

/** A middleware that notes the upgrades it is to forward. Nobody listens at the target. */
function noting(name, seen, options) {
  return createProxyMiddleware({
    target,
    pathRewrite: (path, req, res) => void seen.push([name, path, res]),
    ...options,
  });
}

describe('subscription', () => {
  test('ws: true takes upgrades from the first request on, also if that does not match', async () => {
    const seen = [];
    const { port, server } = await serverOf(noting('a', seen, { ws: true, pathFilter: '/ws' }));
    expect(server.listenerCount('upgrade')).toBe(0);
    await meet(port);
    expect(server.listenerCount('upgrade')).toBe(1);
    expect(await rawExchange(port, handshake('/ws?x'))).toMatch(/^HTTP\/1\.1 502 /);
    expect(seen).toEqual([['a', '/ws?x', undefined]]);
  });

  test.each([undefined, false])('ws: %p does not', async (ws) => {
    const { port, server } = await serverOf(noting('a', [], { ws, pathFilter: '/ws' }));
    await meet(port);
    expect(server.listenerCount('upgrade')).toBe(0);
  });

  test('each server of a middleware is subscribed to', async () => {
    const seen = [];
    const middleware = noting('a', seen, { ws: true, pathFilter: '/ws' });
    for (const { port } of [await serverOf(middleware), await serverOf(middleware)]) {
      await meet(port);
      expect(await rawExchange(port, handshake('/ws'))).toMatch(/^HTTP\/1\.1 502 /);
    }
    expect(seen).toHaveLength(2);
  });

  test('upgrade as a listener of the own, unbound, also without an HTTP request before', async () => {
    const seen = [];
    const { upgrade } = noting('a', seen, { pathFilter: '/ws' });
    const { port, server } = await serverOf();
    server.on('upgrade', upgrade);
    expect(await rawExchange(port, handshake('/ws'))).toMatch(/^HTTP\/1\.1 502 /);
    expect(seen).toHaveLength(1);
  });

  test('both ways at once: it is handled once', async () => {
    const seen = [];
    const middleware = noting('a', seen, { ws: true, pathFilter: '/ws' });
    const { port, server } = await serverOf(middleware);
    server.on('upgrade', middleware.upgrade);
    await meet(port);
    await rawExchange(port, handshake('/ws'));
    expect(seen).toHaveLength(1);
  });

  test('a socket without a server is handled, as version 3 does', async () => {
    const seen = [];
    const middleware = noting('a', seen);
    const socket = Object.assign(new EventEmitter(), {
      destroy: jest.fn(),
      end: jest.fn(),
      resume() {},
      write() {},
    });
    middleware.upgrade(
      { url: '/ws', method: 'GET', headers: { upgrade: 'websocket' }, socket: {} },
      socket,
      Buffer.alloc(0),
    );
    await eventually(() => seen.length > 0);
  });
});

describe('the first handshake, before any other request', () => {
  const echo = ({ socket }) => socket.on('data', (chunk) => socket.write(chunk));

  test.each([false, true])('ws: true: it is taken out of the server’s hands; TLS: %p', async (isSecure) => {
    const { url } = await switchingTarget(echo);
    const middleware = createProxyMiddleware({ target: url, ws: true, pathFilter: '/ws' });
    const bench = await upgradeServer(undefined, {
      isSecure,
      onRequest: (req, res) => middleware(req, res, () => res.end()),
    });
    for (const text of ['first', 'second']) {
      const client = await rawUpgradeClient(bench, upgradeRequest('/ws'));
      await client.received('101 Switching Protocols');
      client.socket.write(text);
      await client.until((it) => tunnelled(it).toString() === text);
      client.socket.end();
    }
    expect(bench.server.listenerCount('upgrade')).toBe(1);
  });

  test('in Express, behind other middlewares, with a router', async () => {
    const { url } = await switchingTarget(echo);
    const app = require('express')();
    app.use((req, res, next) => setTimeout(next, 20));
    app.use(createProxyMiddleware({ router: async () => url, ws: true }));
    const bench = await upgradeServer(undefined, { onRequest: app });
    const client = await rawUpgradeClient(bench, upgradeRequest('/ws'));
    await client.received('101 Switching Protocols');
    client.socket.write('hello');
    await client.until((it) => tunnelled(it).toString() === 'hello');
    client.socket.resetAndDestroy();
  });

  describe('on a mounted middleware', () => {
    async function mounted(options) {
      const app = require('express')();
      app.use('/mount', createProxyMiddleware({ ws: true, ...options }));
      app.use((req, res) => res.end(`next ${req.url}`));
      return upgradeServer(undefined, { onRequest: app });
    }

    test('has its whole path, as those that come after it', async () => {
      const paths = [];
      const seen = [];
      const { url } = await switchingTarget((connection, head) => paths.push(head.split(' ')[1]));
      const pathFilter = (path, req) => seen.push([path, req.url]) && path === '/mount/ws';
      const bench = await mounted({ target: url, pathFilter });
      for (let i = 0; i < 2; i++) {
        const client = await rawUpgradeClient(bench, upgradeRequest('/mount/ws?a=1'));
        await client.received('101 Switching Protocols');
      }
      expect(paths).toEqual(['/mount/ws?a=1', '/mount/ws?a=1']);
      expect(seen).toEqual([
        ['/mount/ws', '/mount/ws?a=1'],
        ['/mount/ws', '/mount/ws?a=1'],
      ]);
    });

    test('is handed on as it came, if it does not match', async () => {
      const bench = await mounted({ target, pathFilter: '/other' });
      const client = await rawUpgradeClient(bench, upgradeRequest('/mount/ws'));
      await client.received('next /mount/ws');
    });
  });

  test('the target refuses it, or is not there', async () => {
    const refusing = await answeringTarget('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    for (const [url, status, body] of [
      [refusing.url, 403, 'no'],
      [target, 502, ''],
    ]) {
      const middleware = createProxyMiddleware({ target: url, ws: true });
      const bench = await upgradeServer(undefined, { onRequest: (req, res) => middleware(req, res) });
      const client = await rawUpgradeClient(bench, upgradeRequest('/ws'));
      await client.closed();
      expect(readResponse(client.text)).toMatchObject({ status, body });
    }
  });

  test('what does not match is a request like others', async () => {
    const middleware = createProxyMiddleware({ target, ws: true, pathFilter: '/ws' });
    const { port } = await serverOf(middleware);
    expect(
      await rawExchange(port, `${upgradeRequest('/other').slice(0, -2)}Connection: close\r\n\r\n`),
    ).toMatch(/none$/);
  });
});

describe('several middlewares on one server', () => {
  test.each([
    ['ws: true', { ws: true }],
    ['listeners of the own', {}],
  ])('%s: the first that matches takes the socket', async (_case, options) => {
    const seen = [];
    const all = [
      noting('a', seen, { ...options, pathFilter: '/a' }),
      noting('b', seen, { ...options, pathFilter: '/b' }),
      noting('all', seen, { ...options, pathFilter: (path) => path !== '/unmatched' }),
    ];
    const { port, server } = await serverOf(...all);
    if (!options.ws) for (const { upgrade } of all) server.on('upgrade', upgrade);
    await meet(port);
    for (const path of ['/b', '/a', '/c']) await rawExchange(port, handshake(path));
    expect(seen.map(([name, path]) => [name, path])).toEqual([
      ['b', '/b'],
      ['a', '/a'],
      ['all', '/c'],
    ]);
  });

  test('what none wants is left for other listeners', async () => {
    const { port, server } = await serverOf(noting('a', [], { ws: true, pathFilter: '/ws' }));
    await meet(port);
    server.on('upgrade', (req, socket) => socket.end('HTTP/1.1 101 Mine\r\n\r\n'));
    expect(await rawExchange(port, handshake('/mine'))).toBe('HTTP/1.1 101 Mine\r\n\r\n');
  });

  test('what nobody answers stays open', async () => {
    const { port } = await serverOf(noting('a', [], { ws: true, pathFilter: '/ws' }));
    await meet(port);
    const client = await rawClient(port, handshake('/other'));
    await expect(client.closed(200)).rejects.toThrow('Nothing came of it');
    expect(client.text).toBe('');
  });
});

describe('a client that resets', () => {
  /** Unmatched, and while the router thinks. */
  test.each(['/other', '/ws'])('does not end the process: %s', async (path) => {
    const errors = [];
    const sockets = [];
    const middleware = createProxyMiddleware({
      target,
      ws: true,
      pathFilter: '/ws',
      router: () => new Promise((resolve) => setTimeout(resolve, 100)),
      on: { error: (error) => errors.push(error) },
    });
    const { port, server } = await serverOf(middleware);
    await meet(port);
    server.on('upgrade', (req, socket) => sockets.push(socket));
    const client = await rawClient(port, handshake(path));
    await eventually(() => sockets.length > 0);
    expect(sockets[0].listenerCount('error')).toBeGreaterThan(0);
    client.socket.resetAndDestroy();
    await eventually(() => sockets[0].destroyed);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(errors).toEqual([]);
  });

  test('a socket has one guard, however many middlewares see it, and loses it at its end', async () => {
    const all = Array.from({ length: 20 }, () => noting('a', [], { ws: true, pathFilter: '/ws' }));
    const { port, server } = await serverOf(...all);
    await meet(port);
    let socket;
    server.on('upgrade', (req, it) => (socket = it));
    await rawClient(port, handshake('/other'));
    await eventually(() => socket !== undefined);
    expect(socket.listenerCount('error')).toBe(1);
    socket.destroy();
    await eventually(() => socket.listenerCount('error') === 0);
  });
});

describe('a failure before the target is known', () => {
  const REFUSAL = 'HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
  const thrown = new Error('of the user');
  const FAILURES = {
    'a router throws': [
      {
        router: () => {
          throw thrown;
        },
      },
      'of the user',
    ],
    'a rewriter rejects': [{ pathRewrite: () => Promise.reject(thrown) }, 'of the user'],
    'there is no target': [{ target: undefined, router: {} }, 'Must provide a proper URL as target'],
  };

  test.each(Object.keys(FAILURES))(
    '%s: error with request and socket, then the client is told',
    async (name) => {
      const [options, message] = FAILURES[name];
      const calls = [];
      const on = {
        error: (error, req, socket, ...rest) =>
          calls.push([error.message, req.url, typeof socket.write, rest]),
      };
      for (const own of [undefined, on]) {
        const { port, server } = await serverOf();
        server.on('upgrade', createProxyMiddleware({ target, ...options, on: own }).upgrade);
        expect(await rawExchange(port, handshake('/ws'))).toBe(REFUSAL);
      }
      expect(calls).toEqual([[message, '/ws', 'function', []]]);
    },
  );

  test('a router that takes too long: 504', async () => {
    const { port, server } = await serverOf();
    const router = () => new Promise(() => {});
    server.on('upgrade', createProxyMiddleware({ router, hookTimeout: 50 }).upgrade);
    expect(await rawExchange(port, handshake('/ws'))).toMatch(/^HTTP\/1\.1 504 /);
  });

  test('what a listener answers goes out', async () => {
    const on = { error: (error, req, socket) => socket.end('HTTP/1.1 503 Mine\r\n\r\n') };
    const { port, server } = await serverOf();
    server.on('upgrade', createProxyMiddleware({ router: {}, on }).upgrade);
    expect(await rawExchange(port, handshake('/ws'))).toBe('HTTP/1.1 503 Mine\r\n\r\n');
  });

  test('what a listener throws is said, and ends the socket', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation();
    const on = {
      error() {
        throw thrown;
      },
    };
    const { port, server } = await serverOf();
    server.on('upgrade', createProxyMiddleware({ router: {}, on }).upgrade);
    expect(await rawExchange(port, handshake('/ws'))).toBe(REFUSAL);
    expect(emitWarning.mock.calls).toEqual([[expect.stringMatching('of the user'), expect.anything()]]);
    emitWarning.mockRestore();
  });
});
