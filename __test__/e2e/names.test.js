'use strict';

/** How the names of targets become addresses: the option `lookup`, in the ways that Node's own client calls it, and `dnsCache`. */

const dns = require('node:dns');
const http = require('node:http');
const { WebSocket, WebSocketServer } = require('ws');
const { once } = require('node:events');
const { createProxyServer } = require('../../index.js');
const { proxyServer } = require('../support/faces.js');
const { nodeError, request } = require('../support/faults.js');
const { all, http2Target } = require('../support/http2.js');
const { closeAll, eventually, httpServer, onCleanUp, rawClient } = require('../support/peers.js');
const { stats } = require('../support/engine.js');

afterEach(closeAll);

const fresh = { agent: false };
const ask = (port, options) => request(new http.Agent(), port, options);
const target = () => httpServer((req, res) => res.end(`at ${req.headers.host}`));
const named = ({ port }) => `http://no.such.name.test:${port}`;

const FORMS = {
  'one address': (host, options, callback) => callback(null, '127.0.0.1', 4),
  'all addresses': (host, options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
  'an address that refuses, and another': (host, options, callback) =>
    callback(null, [
      { address: '127.0.0.9', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]),
  later: (host, options, callback) => setTimeout(callback, 20, null, '127.0.0.1', 4),
  twice: (host, options, callback) => {
    callback(null, '127.0.0.1', 4);
    callback(new Error('not any more'));
  },
};

test.each(Object.entries(FORMS))('lookup gives %s', async (_name, lookup) => {
  const calls = [];
  const there = await target();
  const spy = (...args) => {
    calls.push(args.slice(0, 2));
    lookup(...args);
  };
  const { port } = await proxyServer({ target: named(there), changeOrigin: true, lookup: spy, ...fresh });
  expect(await ask(port)).toMatchObject({ status: 200, text: `at no.such.name.test:${there.port}` });
  expect(calls).toEqual([['no.such.name.test', expect.objectContaining({ all: true })]]);
});

test('it is called as Node’s own client calls it', async () => {
  const there = await target();
  const calls = { ours: [], nodes: [] };
  const spy = (whose) => (host, options, callback) => {
    calls[whose].push([host, options.all, options.hints]);
    callback(null, [{ address: '127.0.0.1', family: 4 }]);
  };
  const { port } = await proxyServer({ target: named(there), lookup: spy('ours'), ...fresh });
  await ask(port);
  await once(http.get(named(there), { lookup: spy('nodes'), agent: false }), 'response');
  expect(calls.ours).toEqual(calls.nodes);
});

const FAILURES = {
  'an error': (host, options, callback) => callback(Object.assign(new Error('no way'), { code: 'ENOWAY' })),
  'what is no address': (host, options, callback) => callback(null, 'nonsense', 4),
  'an error of dns': (host, options, callback) => dns.lookup('no.such.name.invalid', options, callback),
};

test.each(Object.entries(FAILURES))('%s fails the request as with Node', async (_name, lookup) => {
  const there = await target();
  const url = new URL(named(there));
  const theirs = await nodeError(http, { host: url.hostname, port: url.port, lookup });
  const { port, events } = await proxyServer({ target: url.href, lookup, ...fresh });
  expect(await ask(port)).toMatchObject({ status: 502, headers: { 'x-error': theirs.code } });
  if (_name !== 'what is no address') expect(events[0].error.message).toBe(theirs.message);
});

test('what it throws fails the request, and no other', async () => {
  const there = await target();
  let isBroken = true;
  const lookup = (host, options, callback) => {
    if (isBroken) throw new Error('broken');
    callback(null, '127.0.0.1', 4);
  };
  const { port, events } = await proxyServer({ target: named(there), lookup, ...fresh });
  expect((await ask(port)).status).toBe(502);
  expect(events[0].error.message).toBe('broken');
  isBroken = false;
  expect((await ask(port)).status).toBe(200);
});

test('it is not called for addresses, nor for connections that are kept', async () => {
  const there = await target();
  let calls = 0;
  const lookup = (host, options, callback) => {
    calls++;
    callback(null, '127.0.0.1', 4);
  };
  const { port: direct } = await proxyServer({ target: there.url, lookup, ...fresh });
  expect((await ask(direct)).status).toBe(200);
  expect(calls).toBe(0);
  const { port } = await proxyServer({ target: named(there), lookup });
  const agent = new http.Agent({ keepAlive: true });
  for (let i = 0; i < 3; i++) expect((await request(agent, port)).status).toBe(200);
  agent.destroy();
  expect(calls).toBe(1);
});

test('one that never answers is waited for as long as connecting may take, and a late answer is for nobody', async () => {
  const there = await target();
  const callbacks = [];
  const lookup = (host, options, callback) => callbacks.push(callback);
  const { port } = await proxyServer({ target: named(there), lookup, timeouts: { connect: 100 }, ...fresh });
  expect(await ask(port)).toMatchObject({ status: 504, headers: { 'x-error': 'ERR_PROXY_CONNECT_TIMEOUT' } });
  const next = ask(port);
  await eventually(() => callbacks.length === 2);
  // The number of the exchange is another one's by now.
  callbacks[0](null, '127.0.0.9', 4);
  callbacks[1](null, '127.0.0.1', 4);
  expect((await next).status).toBe(200);
});

test('a client that leaves meanwhile ends the attempt', async () => {
  let callback;
  const lookup = (host, options, found) => (callback = found);
  const { port } = await proxyServer({ target: 'http://no.such.name.test:1', lookup });
  const client = await rawClient(port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  await eventually(() => callback !== undefined);
  client.socket.destroy();
  await eventually(() => stats().exchanges === 0);
  callback(null, '127.0.0.1', 4);
});

test('an agent’s lookup counts more', async () => {
  const there = await target();
  const agent = new http.Agent({ lookup: FORMS['one address'] });
  const lookup = (host, options, callback) => callback(new Error('not this one'));
  const { port } = await proxyServer({ target: named(there), agent, lookup });
  expect((await ask(port)).status).toBe(200);
});

test('requests that share a session ask once', async () => {
  let calls = 0;
  const { port: targetPort, sessions } = await http2Target((stream) => {
    stream.respond({ ':status': 200 });
    stream.end('ok');
  });
  const lookup = (host, options, callback) => {
    calls++;
    setTimeout(callback, 20, null, '127.0.0.1', 4);
  };
  const { port } = await proxyServer({
    target: `http://no.such.name.test:${targetPort}`,
    changeOrigin: true,
    http2: true,
    lookup,
  });
  const answers = await all(20, () => ask(port));
  expect(answers.every(({ text }) => text === 'ok')).toBe(true);
  expect([calls, sessions.length]).toEqual([1, 1]);
});

test('upgrades and mirrors ask it, too', async () => {
  const seen = [];
  const there = await httpServer((req, res) => {
    seen.push(req.method);
    res.end('ok');
  });
  new WebSocketServer({ server: there.server }).on('connection', (socket) => socket.send('hello'));
  const lookup = FORMS['one address'];
  const proxy = createProxyServer({ target: named(there), forward: named(there), lookup, ...fresh });
  const front = await httpServer((req, res) => void proxy.web(req, res));
  front.server.on('upgrade', (req, socket, head) => void proxy.ws(req, socket, head));
  expect((await ask(front.port)).status).toBe(200);
  await eventually(() => seen.length === 2);
  const client = new WebSocket(`ws://127.0.0.1:${front.port}/`);
  onCleanUp(() => client.terminate());
  expect(`${(await once(client, 'message'))[0]}`).toBe('hello');
});
