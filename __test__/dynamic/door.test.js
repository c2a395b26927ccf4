'use strict';

/** Routes that are registered at the native door: `listen` of `rs-proxy-middleware/dynamic`, and `rs-proxy dynamic`. */

const path = require('node:path');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { WebSocket, WebSocketServer } = require('ws');
const { createProxyServer } = require('../../index.js');
const dynamic = require('../../lib/dynamic');
const { watched } = require('../support/child.js');
const { NOBODY, ask, heard, register, target, told } = require('../support/dynamic.js');
const { closeAll, eventually, httpServer, onCleanUp, rawExchange } = require('../support/peers.js');

afterEach(closeAll);

const PROGRAM = path.join(__dirname, '..', '..', 'bin', 'rs-proxy.js');

async function open(options) {
  const proxy = dynamic(options);
  const events = heard(proxy);
  const door = proxy.listen(0, { host: '127.0.0.1', grace: 0 });
  onCleanUp(() => new Promise((resolve) => door.close(resolve)));
  await once(door, 'listening');
  return { proxy, door, events, port: door.address().port };
}

/** Whether two answers are about the same. */
const body = async (port, line) => (await ask(port, line)).body;

test('what is registered is served by the engine, from the next request on', async () => {
  const [one, two] = [
    await httpServer((req, res) => res.end(`one ${req.url}`)),
    await httpServer((req, res) => res.end(`two ${req.url}`)),
  ];
  const { port, door, proxy } = await open();
  expect(await register(port, { prefix: '/Test', port: one.port })).toMatchObject({ status: 200 });
  expect(await body(port, 'GET /testing?x')).toBe('one /testing?x');
  await register(port, { prefix: '/', port: two.port });
  await register(port, { prefix: '/test', port: two.port });
  expect(await body(port, 'GET /TES%74/a')).toBe('two /TES%74/a');
  expect(proxy.removeRoute('/test')).toBe(true);
  proxy.addRoutes([{ prefix: '/', port: one.port, reqHostNames: ['localhost'] }]);
  expect(await body(port, 'GET /test')).toBe('one /test');
  expect(door.stats()).toMatchObject({ forwarded: 3, unrouted: 0 });
});

test('registering comes first, however a route is called, and only its own path is meant', async () => {
  const { port: targetPort } = await target();
  const { port } = await open();
  for (const prefix of ['/', '/register', '/registered'])
    expect(await register(port, { prefix, port: targetPort })).toMatchObject({ status: 200 });
  expect(await ask(port, 'GET /register')).toMatchObject({ status: 405 });
  expect(await ask(port, 'GET /REGISTER/x')).toMatchObject({ status: 405 });
  expect(await ask(port, 'GET /registered-users')).toMatchObject({ status: 200 });
});

test('failures have the events and answers of the original', async () => {
  const { port, events } = await open();
  await register(port, { prefix: '/dead', port: NOBODY });
  expect(await ask(port, 'GET /dead/x')).toMatchObject({ status: 500, body: '' });
  expect(await ask(port, 'GET /')).toMatchObject({ status: 501, body: '' });
  expect(await register(port, { prefix: '/a' })).toMatchObject({ status: 400, body: '' });
  expect(told(events)).toEqual([
    ['routeRegistered', { prefix: '/dead', port: NOBODY, host: 'localhost' }],
    ['proxyError', 'ECONNREFUSED', [], '/dead', 4],
    ['proxyError', 'NOT_FOUND', null, null, 4],
    ['registerError', 'INCOMPLETE_REQUEST', 3],
  ]);
});

test.each(['/%', '/%E0%A4%A'])('%s is answered with 400', async (url) => {
  const { port, events } = await open();
  expect(await ask(port, `GET ${url}`)).toMatchObject({ status: 400 });
  expect(events).toEqual([]);
});

test('a web page may not register, whatever it calls the server', async () => {
  const { port, proxy } = await open();
  expect(await register(port, { prefix: '/', port: 1 }, ['Origin: http://evil.example'])).toMatchObject({
    status: 403,
  });
  const text = JSON.stringify({ prefix: '/', port: 1 });
  const head = `POST /register HTTP/1.1\r\nHost: evil.example\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n`;
  expect(await rawExchange(port, head + text)).toMatch(/^HTTP\/1\.1 403 /);
  expect(proxy.getRoutes()).toEqual([]);
});

test('WebSockets', async () => {
  const { server, port: targetPort } = await httpServer(() => {});
  const sockets = new WebSocketServer({ server });
  onCleanUp(() => sockets.clients.forEach((client) => client.terminate()));
  sockets.on('connection', (socket, req) =>
    socket.on('message', (text) => socket.send(`${req.url} ${text}`)),
  );
  const { port } = await open();
  await register(port, { prefix: '/live', port: targetPort });
  const client = new WebSocket(`ws://127.0.0.1:${port}/live/x`);
  onCleanUp(() => client.terminate());
  await once(client, 'open');
  client.send('hello');
  const [message] = await once(client, 'message');
  expect(String(message)).toBe('/live/x hello');
});

test('a proxy of several routes tells its error listener of their failures', async () => {
  const proxy = createProxyServer({});
  const codes = [];
  proxy.on('error', (error, req, res) => {
    codes.push(error.code);
    res.writeHead(503).end('mine');
  });
  proxy.listen(0, {
    host: '127.0.0.1',
    grace: 0,
    routes: [{ path: '/', target: `http://127.0.0.1:${NOBODY}` }],
  });
  onCleanUp(() => new Promise((resolve) => proxy.close(resolve)));
  await once(proxy._server, 'listening');
  expect(await ask(proxy.address().port, 'GET /')).toMatchObject({ status: 503, body: 'mine' });
  expect(codes).toEqual(['ECONNREFUSED']);
});

describe('rs-proxy dynamic', () => {
  function run(args, env) {
    const child = spawn(process.execPath, [PROGRAM, 'dynamic', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    return { child, ...watched(child) };
  }

  test.each([
    ['--port', ['--port', '0'], { PORT: 'unused' }],
    ['PORT', [], { PORT: '0' }],
    ['port', [], { port: '0', PORT: '' }],
  ])('listens where %s says, registers, proxies, and ends with a signal', async (_how, args, env) => {
    const { port: targetPort } = await target();
    const { child, ended, output } = run([...args, '--log', 'off'], env);
    await eventually(
      () => output.stdout.includes('Ctrl-C'),
      () => JSON.stringify(output),
      20_000,
    );
    const [, port] = /proxy +http:\/\/127\.0\.0\.1:(\d+)/.exec(output.stdout);
    expect(await register(port, { prefix: '/a', port: targetPort })).toMatchObject({ status: 200 });
    expect(await body(port, 'GET /a/b')).toMatch(/^GET \/a\/b /);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0 });
  });

  test.each([
    ['a variable that is no port', [], { PORT: 'x' }, 'PORT'],
    ['a way to match that there is none of', ['--match', 'regex'], {}, '--match'],
  ])('%s is refused', async (_case, args, env, word) => {
    const { ended, output } = run(args, env);
    expect(await ended).toMatchObject({ code: 2 });
    expect(output.stderr).toContain(word);
  });
});
