'use strict';

/** When a route was used last: at the native door that counts which counts with configurable-http-proxy, and nothing else. */

const { once } = require('node:events');
const { WebSocket, WebSocketServer } = require('ws');
const dynamic = require('../../lib/dynamic');
const { NOBODY, ask } = require('../support/dynamic.js');
const { http2Client, http2Exchange } = require('../support/http2.js');
const { closeAll, eventually, httpServer, onCleanUp, rawClient } = require('../support/peers.js');

afterEach(closeAll);

/** A door, with a route `/a` to a target that answers with the status that the path ends with, and one to nobody. */
async function open() {
  const target = await httpServer((req, res) => {
    res.statusCode = Number(/\d{3}$/.exec(req.url) ?? 200);
    req.resume().on('end', () => res.end('answer'));
  });
  const proxy = dynamic();
  const door = proxy.listen(0, { host: '127.0.0.1', grace: 0, h2c: true });
  onCleanUp(() => new Promise((resolve) => door.close(resolve)));
  await once(door, 'listening');
  proxy.addRoutes([
    { prefix: '/a', port: target.port },
    { prefix: '/dead', port: NOBODY },
  ]);
  return { proxy, door, target, port: door.address().port };
}

/** Whether a route is said to be used because of what `act` does. */
async function counts({ proxy, door }, act, prefix = '/a') {
  const before = proxy.lastActivity(prefix);
  await eventually(() => Date.now() > before.getTime());
  await act();
  await eventually(() => door.stats().inFlight === 0);
  return proxy.lastActivity(prefix) > before;
}

test('being registered counts, again too, and other routes may come and go meanwhile', async () => {
  const begun = Date.now();
  const { proxy } = await open();
  const first = proxy.lastActivity('/A/');
  expect(first.getTime()).toBeGreaterThanOrEqual(begun);
  await eventually(() => Date.now() > first.getTime());
  proxy.addRoutes([{ prefix: '/a/b', port: NOBODY }]);
  proxy.removeRoute('/a/b');
  expect(proxy.lastActivity('/a')).toEqual(first);
  proxy.registerRoute({ prefix: '/a', port: NOBODY });
  expect(proxy.lastActivity('/a') > first).toBe(true);
  expect(proxy.lastActivity('/other')).toBeUndefined();
  expect(proxy.lastActivity('/a', 'host.example')).toBeUndefined();
});

test('a route of one host has its own', async () => {
  const door = await open();
  door.proxy.addRoutes([{ prefix: '/a', port: door.target.port, reqHostNames: ['host.example'] }]);
  const own = door.proxy.lastActivity('/a', 'HOST.example');
  expect(await counts(door, () => ask(door.port, 'GET /a'))).toBe(true);
  expect(door.proxy.lastActivity('/a', 'host.example')).toEqual(own);
});

test.each([
  ['GET', 200, true],
  ['HEAD', 200, true],
  ['GET', 204, true],
  ['GET', 299, true],
  ['GET', 302, false],
  ['GET', 304, false],
  ['GET', 404, false],
  ['GET', 500, false],
])('%s that is answered with %d: %p', async (method, status, wanted) => {
  const door = await open();
  expect(await counts(door, () => ask(door.port, `${method} /a/${status}`))).toBe(wanted);
});

test('the body of a request counts, whatever the answer is', async () => {
  const door = await open();
  expect(await counts(door, () => ask(door.port, 'POST /a/404', { body: 'x' }))).toBe(true);
  expect(await counts(door, () => ask(door.port, 'POST /dead', { body: 'x' }), '/dead')).toBe(true);
  expect(await counts(door, () => ask(door.port, 'GET /dead'), '/dead')).toBe(false);
});

test('each piece of a body counts when it comes', async () => {
  const { proxy, port } = await open();
  const client = await rawClient(port);
  client.socket.write('POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n');
  for (const piece of ['1', '2']) {
    const before = proxy.lastActivity('/a');
    await eventually(() => Date.now() > before.getTime());
    client.socket.write(piece);
    await eventually(() => proxy.lastActivity('/a') > before);
  }
});

test('what goes to Node for a listener counts in the same way', async () => {
  const door = await open();
  door.proxy.proxy.on('proxyRes', () => {});
  expect(await counts(door, () => ask(door.port, 'GET /a'))).toBe(true);
  expect(await counts(door, () => ask(door.port, 'GET /a/404'))).toBe(false);
  expect(await counts(door, () => ask(door.port, 'POST /a/404', { body: 'x' }))).toBe(true);
  expect(door.door.stats()).toMatchObject({ forwarded: 0, handedOver: 3 });
});

test('what is asked over HTTP/2 counts in the same way', async () => {
  const door = await open();
  const session = await http2Client(door.port);
  const get = (path, method = 'GET', body = undefined) =>
    http2Exchange(session, { ':path': path, ':method': method }, body);
  expect(await counts(door, () => get('/a'))).toBe(true);
  expect(await counts(door, () => get('/a/404'))).toBe(false);
  expect(await counts(door, () => get('/a/404', 'POST', 'x'))).toBe(true);
});

test('what the client of a WebSocket says counts, not the tunnel itself nor what the target says', async () => {
  const { proxy, port, target } = await open();
  const sockets = new WebSocketServer({ server: target.server });
  onCleanUp(() => sockets.close());
  const registered = proxy.lastActivity('/a');
  await eventually(() => Date.now() > registered.getTime());
  const accepted = once(sockets, 'connection');
  const client = new WebSocket(`ws://127.0.0.1:${port}/a`);
  onCleanUp(() => client.terminate());
  await once(client, 'open');
  const [peer] = await accepted;
  peer.send('from the target');
  await once(client, 'message');
  expect(proxy.lastActivity('/a')).toEqual(registered);
  // The route that has taken the place of the one which the tunnel was made by goes on.
  proxy.registerRoute({ prefix: '/a', port: NOBODY });
  const replaced = proxy.lastActivity('/a');
  await eventually(() => Date.now() > replaced.getTime());
  client.send('from the client');
  await eventually(() => proxy.lastActivity('/a') > replaced);
});

test('a WebSocket that the target refuses does not count', async () => {
  const door = await open();
  const lines = [
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: x',
  ];
  expect(await counts(door, () => ask(door.port, 'GET /a', { lines }))).toBe(false);
});
