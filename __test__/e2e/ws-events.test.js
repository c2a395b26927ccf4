'use strict';

/** The events of upgrades: their order and arguments, beside http-proxy-3's, and what can be done with what they give. */

const net = require('node:net');
const http = require('node:http');
const { types } = require('node:util');
const { createProxyServer, numOpenSockets } = require('../../index.js');
const original = require('http-proxy-3');
const { readRequest } = require('../support/messages.js');
const { answeringTarget, closeAll, eventually } = require('../support/peers.js');
const {
  handshake,
  rawUpgradeClient,
  switchingTarget,
  tunnelBench,
  tunnelled,
  upgradeServer,
} = require('../support/upgrades.js');

afterEach(async () => {
  await closeAll();
  await eventually(() => numOpenSockets() === 0);
});

const EVENTS = ['start', 'proxyReq', 'proxyReqWs', 'proxyRes', 'open', 'close', 'end', 'error', 'econnreset'];

const kindOf = (value) => {
  if (Buffer.isBuffer(value)) return 'Buffer';
  if (types.isNativeError(value)) return 'Error';
  for (const [name, kind] of Object.entries({
    ClientRequest: http.OutgoingMessage,
    IncomingMessage: http.IncomingMessage,
    Socket: net.Socket,
  })) {
    if (value instanceof kind) return name;
  }
  return typeof value;
};

describe('beside http-proxy-3', () => {
  /** What happens when `end` ends a tunnel, or the target's `answer` prevents one. */
  async function course(make, act, { answer } = {}) {
    const target =
      answer === undefined ? await switchingTarget() : await answeringTarget(answer, { end: 'fin' });
    const proxy = make({ target: target.url });
    const events = [];
    for (const event of EVENTS) proxy.on(event, (...args) => events.push([event, ...args.map(kindOf)]));
    const server = await upgradeServer((req, socket, head) => void proxy.ws(req, socket, head));
    const client = await rawUpgradeClient(server, handshake());
    await client.received('\r\n\r\n');
    await act({ client, target: target.connections[0] });
    await Promise.all([client.closed(), target.connections[0].closed()]);
    // The client may hear of the end before the events' listeners do.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await closeAll();
    return events;
  }

  test.each([
    [
      'the client ends',
      ({ client, target }) => {
        client.socket.end();
        return target.closed().then(() => target.socket.end());
      },
    ],
    [
      'the target ends',
      ({ client, target }) => {
        target.socket.end();
        return client.closed().then(() => client.socket.end());
      },
    ],
    ['the target resets', ({ target }) => target.socket.resetAndDestroy()],
  ])('%s', async (_what, act) => {
    const theirs = await course(original.createProxyServer, act);
    expect(theirs.length).toBeGreaterThan(2);
    expect(await course(createProxyServer, act)).toEqual(theirs);
  });

  test('the target does not switch', async () => {
    const answer = 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno';
    const nothing = () => {};
    const theirs = await course(original.createProxyServer, nothing, { answer });
    expect(await course(createProxyServer, nothing, { answer })).toEqual(theirs);
  });
});

test('proxyReqWs is emitted within ws(), and its edits are sent', async () => {
  const target = await switchingTarget();
  const proxy = createProxyServer({ target: `${target.url}/base` });
  let within = false;
  proxy.on('proxyReqWs', (proxyReq, req, socket, options, head) => {
    expect(within).toBe(true);
    expect([
      proxyReq.path,
      proxyReq.method,
      proxyReq.getHeader('upgrade'),
      proxyReq.getHeader('connection'),
    ]).toEqual(['/base/socket', 'GET', 'websocket', 'Upgrade']);
    expect(options.target.href).toBe(`${target.url}/base`);
    expect(head).toBeInstanceOf(Buffer);
    proxyReq.setHeader('Origin', 'http://mine');
    proxyReq.setHeader('Connection', 'close');
    proxyReq.removeHeader('Sec-WebSocket-Version');
    proxyReq.path = '/other';
  });
  const server = await upgradeServer((req, socket, head) => {
    within = true;
    void proxy.ws(req, socket, head);
    within = false;
  });
  const client = await rawUpgradeClient(server, handshake());
  await client.received('\r\n\r\n');
  const request = readRequest(target.connections[0].text);
  expect(request.start).toBe('GET /other HTTP/1.1');
  expect(request.values('origin')).toEqual(['http://mine']);
  expect(request.values('connection')).toEqual(['Upgrade']);
  expect(request.values('sec-websocket-version')).toEqual([]);
});

test('proxyReq closes, so that those who wait for that go on', async () => {
  const target = await switchingTarget();
  const closed = [];
  const on = { proxyReqWs: (proxyReq) => proxyReq.on('close', () => closed.push(proxyReq)) };
  const bench = await tunnelBench({ target: target.url, on });
  const client = await bench.client(handshake());
  await client.received('\r\n\r\n');
  await eventually(() => closed.length === 1);
  const failing = await tunnelBench({ target: 'ws://127.0.0.1:1', on: { ...on, error() {} } });
  await (await failing.client(handshake())).closed();
  expect(closed).toHaveLength(2);
});

test('upgrade and response of proxyReq, for those who listen there', async () => {
  const target = await switchingTarget();
  const other = await answeringTarget('HTTP/1.1 404 Not Found\r\nX-A: 1\r\nContent-Length: 0\r\n\r\n');
  const heard = [];
  const on = {
    proxyReqWs(proxyReq) {
      proxyReq.on('upgrade', (res, socket, head) =>
        heard.push([res.statusCode, kindOf(socket), kindOf(head)]),
      );
      proxyReq.on('response', (res) => heard.push([res.statusCode, res.headers['x-a']]));
    },
  };
  for (const { url } of [target, other]) {
    const bench = await tunnelBench({ target: url, on });
    await (await bench.client(handshake())).received('\r\n\r\n');
  }
  expect(heard).toEqual([
    [101, 'Socket', 'Buffer'],
    [404, '1'],
  ]);
});

test.each([
  [
    'throws',
    () => {
      throw new Error('of the listener');
    },
    'of the listener',
  ],
  ['destroys the request', (proxyReq) => proxyReq.destroy(new Error('not wanted')), 'not wanted'],
  ['aborts it', (proxyReq) => proxyReq.abort(), 'socket hang up'],
])(
  'a proxyReqWs listener that %s: error, a 502 or 500, and nothing is sent',
  async (_how, listener, message) => {
    const target = await switchingTarget();
    const errors = [];
    const on = { proxyReqWs: listener, error: (error) => errors.push(error.message) };
    const bench = await tunnelBench({ target: target.url, on });
    const client = await bench.client(handshake());
    await client.closed();
    expect(errors).toEqual([message]);
    expect(client.text).toMatch(/^HTTP\/1\.1 50[02] /);
    expect(target.connections).toEqual([]);
  },
);

test('an asynchronous proxyReqWs listener is waited for with hookTimeout, and not for ever', async () => {
  const target = await switchingTarget();
  const errors = [];
  let wait = 50;
  const on = {
    error: (error) => errors.push(error.code),
    async proxyReqWs(proxyReq) {
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (!proxyReq.headersSent) proxyReq.setHeader('x-late', '1');
    },
  };
  const bench = await tunnelBench({ target: target.url, hookTimeout: 200, on });
  await (await bench.client(handshake())).received('101 ');
  expect(readRequest(target.connections[0].text).values('x-late')).toEqual(['1']);
  wait = 400;
  const client = await bench.client(handshake());
  await client.closed();
  expect(client.text).toMatch(/^HTTP\/1\.1 504 /);
  expect(errors).toEqual(['ERR_PROXY_HOOK_TIMEOUT']);
});

test('open and proxySocket give the same socket, behind the 101, with the addresses of the target’s connection', async () => {
  const target = await switchingTarget();
  const given = [];
  const on = { open: (socket) => given.push(socket), proxySocket: (socket) => given.push(socket) };
  const bench = await tunnelBench({ target: target.url, on });
  const client = await bench.client(handshake());
  await client.received('\r\n\r\n');
  expect(given[1]).toBe(given[0]);
  const [socket] = given;
  const theirs = target.connections[0].socket;
  expect([socket.remoteAddress, socket.remotePort, socket.remoteFamily]).toEqual([
    '127.0.0.1',
    target.port,
    'IPv4',
  ]);
  expect([socket.localAddress, socket.localPort]).toEqual([theirs.remoteAddress, theirs.remotePort]);
  expect(socket.address()).toEqual({ address: '127.0.0.1', family: 'IPv4', port: theirs.remotePort });
  expect(socket.setNoDelay(true).setKeepAlive(true).setTimeout(0)).toBe(socket);
});

test('proxySocket: written to within open and later, text and bytes; ended by the application', async () => {
  const target = await switchingTarget();
  let proxySocket;
  const on = {
    open(socket) {
      proxySocket = socket;
      socket.write('first ');
      socket.write(Buffer.from('second '));
    },
  };
  const bench = await tunnelBench({ target: target.url, on });
  const client = await bench.client(`${handshake()}client `);
  const connection = await target.connected();
  await connection.until((it) => tunnelled(it).length === 20);
  expect(tunnelled(connection).toString()).toBe('first second client ');
  proxySocket.write('zwölf', 'latin1');
  await connection.until((it) => tunnelled(it).toString('latin1').endsWith('zwölf'));
  client.socket.write(' more');
  await connection.until((it) => tunnelled(it).toString('latin1').endsWith('zwölf more'));
});

test('an error of proxySocket that nobody listens to does not end the process', async () => {
  const target = await switchingTarget();
  const sockets = [];
  const bench = await tunnelBench({
    target: target.url,
    on: { open: (socket) => sockets.push(socket), error() {} },
  });
  const client = await bench.client(handshake());
  await client.received('\r\n\r\n');
  target.connections[0].socket.resetAndDestroy();
  await client.closed();
  await eventually(() => sockets[0].destroyed);
});
