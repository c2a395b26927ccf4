'use strict';

/** `rs-proxy-middleware/dynamic`: what it has beyond its original, and what it lets nobody do. */

const { EventEmitter } = require('node:events');
const express = require('express');
const { WebSocket, WebSocketServer } = require('ws');
const dynamic = require('../../lib/dynamic');
const { mayRegister } = require('../../lib/dynamic/admission.js');
const { closeAll, httpServer, onCleanUp, rawClient, rawExchange } = require('../support/peers.js');
const { NOBODY, ask, register, serve, target } = require('../support/dynamic.js');

afterEach(closeAll);

const ROUTE = { prefix: '/a', port: NOBODY };
const invalid = (option) => expect.objectContaining({ code: 'ERR_PROXY_INVALID_OPTION', option });

test('is made without new, is an emitter, and has the methods', () => {
  const [one, other] = [dynamic(), dynamic()];
  expect(one).toBeInstanceOf(EventEmitter);
  one.registerRoute({ ...ROUTE });
  expect([one.getRoutes().length, other.getRoutes().length]).toEqual([1, 0]);
  expect(one.proxy.options).toEqual({ xfwd: true, ws: true });
});

describe('addRoutes', () => {
  /** The example of the original's README. */
  const README = { '/': { prefix: '', port: 1234 }, '/test': { prefix: 'test', port: 4321 } };

  test('takes an object, as the README has it', async () => {
    const { port } = await target();
    const proxy = dynamic();
    const events = jest.fn();
    proxy.on('routeRegistered', events);
    const routes = JSON.parse(JSON.stringify(README).replaceAll(/\d{4}/g, String(port)));
    expect(proxy.addRoutes(routes)).toBe(proxy);
    const server = await serve(proxy);
    for (const path of ['/test/x', '/other'])
      expect(await ask(server.port, `GET ${path}`)).toMatchObject({
        status: 200,
        body: expect.stringContaining(`GET ${path} `),
      });
    expect(events).not.toHaveBeenCalled();
    expect(proxy.routes['/test']).toEqual({ prefix: '/test', port, host: 'localhost' });
    expect(routes['/test']).toEqual({ prefix: 'test', port });
  });

  test('takes an array, whose routes may have hosts of their own', () => {
    const proxy = dynamic().addRoutes([ROUTE, { prefix: 'b/', port: '81', host: '127.0.0.2' }]);
    expect(proxy.getRoutes()).toEqual([
      { prefix: '/b', port: '81', host: '127.0.0.2' },
      { ...ROUTE, host: 'localhost' },
    ]);
  });

  test.each([
    ['no prefix', { port: 1 }, 'prefix'],
    ['a port that is none', { prefix: '/', port: 0 }, 'port'],
    ['a host that is no text', { prefix: '/', port: 1, host: 5 }, 'host'],
    ['a host that is none', { prefix: '/', port: 1, host: 'a b' }, 'target'],
    ['nothing', null, 'prefix'],
  ])('refuses %s', (_case, route, option) => {
    expect(() => dynamic().addRoutes([route])).toThrow(invalid(option));
  });
});

test('getRoutes: the longest prefix first, then backwards by the alphabet', () => {
  const proxy = dynamic();
  for (const prefix of ['/a', '/c', '/bb', '/', '/b']) proxy.registerRoute({ prefix, port: 1 });
  expect(proxy.getRoutes().map(({ prefix }) => prefix)).toEqual(['/bb', '/c', '/b', '/a', '/']);
});

describe('removeRoute', () => {
  test('takes a route out, says so, and lets requests in progress end', async () => {
    let waiting;
    const { port } = await httpServer((req, res) => {
      waiting = res;
    });
    const server = await serve(dynamic());
    await register(server.port, { prefix: '/Slow/', port });
    const removed = jest.fn();
    server.proxy.on('routeRemoved', removed);
    const answer = ask(server.port, 'GET /slow');
    while (waiting === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(server.proxy.removeRoute('slow')).toBe(true);
    expect(server.proxy.removeRoute('slow')).toBe(false);
    expect(removed.mock.calls).toEqual([[expect.objectContaining({ prefix: '/slow' })]]);
    expect(await ask(server.port, 'GET /slow')).toMatchObject({ status: 501 });
    waiting.end('late');
    expect(await answer).toMatchObject({ status: 200, body: 'late' });
  });
});

describe('host names of requests', () => {
  test('come before any host, however long its prefix is', async () => {
    const [own, any] = [
      await httpServer((req, res) => res.end('own')),
      await httpServer((req, res) => res.end('any')),
    ];
    const server = await serve(dynamic());
    server.proxy.addRoutes([
      { prefix: '/', port: own.port, reqHostNames: ['One.test', 'two.test'] },
      { prefix: '/long', port: any.port },
    ]);
    expect(server.proxy.getRoutes()).toHaveLength(2);
    const asked = async (host, path) => {
      const text = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
      return /\r\n\r\n(.*)$/.exec(await rawExchange(server.port, text))[1];
    };
    expect(await asked('one.test', '/long')).toBe('own');
    expect(await asked('TWO.test:8080', '/')).toBe('own');
    expect(await asked('three.test', '/long')).toBe('any');
    expect(server.proxy.removeRoute('/', 'ONE.test')).toBe(true);
    expect(await asked('one.test', '/long')).toBe('any');
    expect(await asked('two.test', '/long')).toBe('own');
  });
});

test("match: 'segment' ends prefixes where segments end", async () => {
  const { port } = await target();
  const server = await serve(dynamic({ match: 'segment' }));
  await register(server.port, { prefix: '/API', port });
  const statuses = {};
  for (const path of ['/api', '/Api/x', '/apifoo', '/%61pi?x', '/api%2Fx', '/x/../api', '/api?q'])
    statuses[path] = (await ask(server.port, `GET ${path}`)).status;
  expect(statuses).toEqual({
    '/api': 200,
    '/Api/x': 200,
    '/apifoo': 501,
    '/%61pi?x': 200,
    '/api%2Fx': 501,
    '/x/../api': 400,
    '/api?q': 200,
  });
});

describe('WebSockets', () => {
  async function gateway(proxy) {
    const server = await httpServer(() => {});
    server.server.on('upgrade', (req, socket, head) => proxy.proxyUpgrade(req, socket, head));
    return server;
  }

  test('are forwarded by their route', async () => {
    const { server, port } = await httpServer(() => {});
    const sockets = new WebSocketServer({ server });
    onCleanUp(() => sockets.clients.forEach((client) => client.terminate()));
    sockets.on('connection', (socket, req) =>
      socket.on('message', (text) => socket.send(`${req.url} ${text}`)),
    );
    const front = await gateway(dynamic().addRoutes([{ prefix: '/live', port }]));
    const client = new WebSocket(`ws://127.0.0.1:${front.port}/live/x`);
    onCleanUp(() => client.terminate());
    const answer = await new Promise((resolve, reject) => {
      client.on('open', () => client.send('hello'));
      client.on('message', (text) => resolve(String(text)));
      client.on('error', reject);
    });
    expect(answer).toBe('/live/x hello');
  });

  test.each([
    ['no route', '/x', 501, 'NOT_FOUND', true],
    ['a malformed URL', '/live%', 400, 'BAD_REQUEST', true],
    ['nobody who listens', '/live', 500, 'ECONNREFUSED', false],
  ])('with %s are refused', async (_case, path, status, message, isBare) => {
    const proxy = dynamic().addRoutes([{ prefix: '/live', port: NOBODY }]);
    const events = [];
    proxy.on('proxyError', (error, host) => events.push([error.code ?? error.message, host === null]));
    const { port } = await gateway(proxy);
    const head = `GET ${path} HTTP/1.1\r\nHost: me\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
    expect(await rawExchange(port, head)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(events).toEqual([[message, isBare]]);
  });
});

describe('listeners', () => {
  test.each([
    ['at once', (res) => void res.writeHead(418).end('mine')],
    [
      'later',
      async (res) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        res.writeHead(418).end('mine');
      },
    ],
  ])('answer %s, in place of the default', async (_case, answer) => {
    const server = await serve(dynamic());
    server.proxy.on('proxyError', (error, host, req, res) => answer(res));
    server.proxy.on('registerError', (error, req, res) => answer(res));
    await register(server.port, { prefix: '/dead', port: NOBODY });
    const asked = [
      await ask(server.port, 'GET /dead'),
      await ask(server.port, 'GET /'),
      await ask(server.port, 'GET /%'),
      await register(server.port, 'x'),
      await ask(server.port, 'GET /register'),
    ];
    for (const response of asked) expect(response).toMatchObject({ status: 418, body: 'mine' });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    [
      'is rejected',
      async () => {
        throw new Error('broken');
      },
    ],
    ['answers nothing', async () => {}],
  ])('one that %s leaves the default', async (_case, listener) => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const server = await serve(dynamic());
    server.proxy.on('proxyError', listener);
    expect(await ask(server.port, 'GET /x')).toMatchObject({ status: 501, body: '' });
    warned.mockRestore();
  });
});

describe('who may register', () => {
  const from = (remoteAddress, headers = {}) => ({ socket: { remoteAddress }, headers });
  const open = { legacy: false, allowHosts: ['Proxy.example'] };

  test.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['::FFFF:127.0.0.2', true],
    [undefined, true],
    ['10.0.0.1', false],
    ['::ffff:10.0.0.1', false],
    ['::2', false],
    ['127.0.0.1.evil.example', false],
    ['::ffff:127.0.0.1x', false],
  ])('%s: %p', (address, may) => {
    expect(mayRegister(from(address), open)).toBe(may);
    expect(mayRegister(from(address), { ...open, legacy: true })).toBe(address === '127.0.0.1');
  });

  test('what a client says of others counts for nothing', () => {
    const headers = { 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1', 'x-real-ip': '127.0.0.1' };
    expect(mayRegister(from('10.0.0.1', headers), open)).toBe(false);
  });

  test.each([
    [{}, true],
    [{ origin: 'http://evil.example' }, false],
    [{ origin: 'null' }, false],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{ 'sec-fetch-site': 'same-site' }, false],
    [{ 'sec-fetch-site': 'none' }, true],
    [{ host: 'localhost:3000' }, true],
    [{ host: 'app.localhost' }, true],
    [{ host: '127.0.0.1:3000' }, true],
    [{ host: '[::1]:3000' }, true],
    [{ host: '192.168.0.7' }, true],
    [{ host: 'proxy.EXAMPLE:80' }, true],
    [{ host: 'evil.example' }, false],
    [{ host: 'localhost.evil.example' }, false],
    [{ host: 'a b' }, false],
  ])('with %j: %p', (headers, may) => {
    expect(mayRegister(from('127.0.0.1', headers), open)).toBe(may);
  });

  test('others are told so before their body is read', async () => {
    const server = await serve(dynamic());
    const client = await rawClient(
      server.port,
      'POST /register HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1000000\r\n\r\n',
    );
    await client.closed();
    expect(client.text).toMatch(/^HTTP\/1\.1 403 /);
    expect(server.events).toEqual([
      [
        'registerError',
        [expect.objectContaining({ message: 'FORBIDDEN' }), expect.anything(), expect.anything()],
      ],
    ]);
  });
});

describe('limits', () => {
  test('a body that never ends is not waited for', async () => {
    const server = await serve(dynamic({ bodyTimeout: 100 }));
    const client = await rawClient(
      server.port,
      'POST /register HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{',
    );
    await client.closed();
    expect(client.text).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('there are only so many routes; one that is there may change', async () => {
    const server = await serve(dynamic({ maxRoutes: 2 }));
    for (const prefix of ['/a', '/b', '/a'])
      expect(await register(server.port, { prefix, port: NOBODY })).toMatchObject({ status: 200 });
    expect(await register(server.port, { prefix: '/c', port: NOBODY })).toMatchObject({ status: 507 });
    expect(server.proxy.getRoutes()).toHaveLength(2);
  });

  test.each([
    [{ maxRoutes: 0 }, 'maxRoutes'],
    [{ match: 'regex' }, 'match'],
    [{ allowTargets: 'a' }, 'allowTargets'],
    [{ port: 1 }, 'port'],
  ])('%j is no option', (options, option) => {
    expect(() => dynamic(options)).toThrow(invalid(option));
  });
});

describe('allowTargets', () => {
  const options = { allowTargets: ['db.example:81', '127.0.0.2', '[::1]'] };

  test.each([
    [{ host: 'DB.example', port: 81 }, 200],
    [{ host: 'db.example', port: '81' }, 200],
    [{ host: 'db.example', port: 82 }, 403],
    [{ host: '127.0.0.2', port: 5 }, 200],
    [{ host: '::1', port: 5 }, 200],
    [{ host: '127.0.0.2@evil.example', port: 5 }, 403],
    [{ host: 'evil.example', port: 81 }, 403],
    [{ port: 81 }, 200],
  ])('%j: %i', async (route, status) => {
    const server = await serve(dynamic(options));
    const answer = await register(server.port, { prefix: '/', ...route });
    expect(answer.status).toBe(status);
    if (status === 200) expect(JSON.parse(answer.body).host).toBe(route.host ?? 'localhost');
    else expect(server.proxy.getRoutes()).toEqual([]);
  });
});

test('behind a body parser, within Express, whose requests have a host already', async () => {
  const { port } = await target();
  const proxy = dynamic();
  const app = express();
  app.post('/register', express.json(), (req, res) => proxy.registerRouteRequest(req, res));
  app.use((req, res) => proxy.proxyRequest(req, res));
  const server = await httpServer(app);
  const registered = await register(server.port, { prefix: '/x', port }, ['Content-Type: application/json']);
  expect(registered).toMatchObject({ status: 200 });
  expect(await ask(server.port, 'GET /x/y')).toMatchObject({ status: 200 });
});

test('servedBy: false says nothing of targets', async () => {
  const { port } = await target();
  const server = await serve(dynamic({ servedBy: false }));
  await register(server.port, { prefix: '/', port });
  expect((await ask(server.port, 'GET /')).values('x-served-by')).toEqual([]);
});

test('a key of a prototype is a key', async () => {
  const server = await serve(dynamic());
  const body =
    '{"prefix":"/p","port":1,"__proto__":{"host":"evil.example"},"constructor":{"prototype":{"x":1}},"prefix":"/q"}';
  expect(await register(server.port, body)).toMatchObject({ status: 200 });
  expect(server.proxy.routes).toHaveProperty(['/q'], expect.objectContaining({ host: 'localhost' }));
  expect({}.x).toBeUndefined();
});
