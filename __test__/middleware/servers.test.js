'use strict';

/** What middlewares leave on the servers they are used with. */

const http = require('node:http');
const { createProxyMiddleware } = require('../../index.js');
const { closeAll, httpServer, listening, rawExchange } = require('../support/peers.js');
const { lastRequest } = require('../support/messages.js');
const { namedTarget } = require('../support/middlewares.js');
const { handshake, switchingTarget } = require('../support/upgrades.js');

afterEach(closeAll);

const GET = lastRequest('GET /a');

const closed = (server) => new Promise((resolve) => server.close(resolve));

test('middlewares that are made per request add one listener for each event, and no warning', async () => {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation();
  const { url } = await namedTarget();
  const { port, server } = await httpServer((req, res) =>
    createProxyMiddleware({ target: url, ws: true })(req, res),
  );
  const before = server.listenerCount('close');
  for (let i = 0; i < 30; i++) expect(await rawExchange(port, GET)).toMatch(/target$/);
  expect(server.listenerCount('close') - before).toBe(1);
  expect(server.listenerCount('upgrade')).toBe(1);
  expect(emitWarning).not.toHaveBeenCalled();
  emitWarning.mockRestore();
});

test('middlewares that are made per request take upgrades', async () => {
  const target = await switchingTarget(({ socket }) => socket.end('from the target'));
  const { port, server } = await httpServer((req, res) => {
    createProxyMiddleware({ target: target.url, ws: true, pathFilter: '/ws' })(req, res, () => res.end());
  });
  await rawExchange(port, GET);
  expect(server.listenerCount('upgrade')).toBe(1);
  const answer = await rawExchange(port, handshake('/ws'));
  expect(answer).toMatch(/^HTTP\/1\.1 101 /);
  expect(answer).toMatch(/\r\n\r\nfrom the target$/);
});

/** A middleware whose proxy says when it is closed. */
function closing(options) {
  const calls = [];
  const plugin = (proxy) => {
    const { close } = proxy;
    proxy.close = (...args) => {
      calls.push('close');
      close(...args);
    };
  };
  return { calls, middleware: createProxyMiddleware({ ...options, plugins: [plugin] }) };
}

test('the proxy is closed when the last of its servers is, once', async () => {
  const { url } = await namedTarget();
  const { calls, middleware } = closing({ target: url });
  const servers = [await httpServer(middleware), await httpServer(middleware)];
  for (const { port } of servers) for (let i = 0; i < 2; i++) await rawExchange(port, GET);
  await closed(servers[0].server);
  expect(calls).toEqual([]);
  await closed(servers[1].server);
  expect(calls).toEqual(['close']);
});

test('a server that listens again is known again', async () => {
  const { url } = await namedTarget();
  const { calls, middleware } = closing({ target: url });
  const server = http.createServer(middleware);
  for (let i = 0; i < 2; i++) {
    await listening(server);
    await rawExchange(server.address().port, GET);
    await closed(server);
  }
  expect(calls).toEqual(['close', 'close']);
  expect(server.listenerCount('close')).toBe(1);
});

test('requests without a server are forwarded', async () => {
  const { url } = await namedTarget();
  const middleware = createProxyMiddleware({ target: url, ws: true });
  const { port } = await httpServer((req, res) => {
    const unconnected = new Proxy(req, {
      get: (it, name) => (name === 'socket' || name === 'connection' ? undefined : Reflect.get(it, name, it)),
    });
    return middleware(unconnected, res);
  });
  expect(await rawExchange(port, GET)).toMatch(/target$/);
});
