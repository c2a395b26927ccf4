'use strict';

/** What listeners find when they are called, and how they come and go. */

const { setTimeout: pause } = require('node:timers/promises');
const { createProxyServer } = require('../../index.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { lastRequest, readResponse } = require('../support/messages.js');

afterEach(closeAll);

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';

/** Ours behind a server, in front of a target that answers `good`. */
async function bench(options) {
  const target = await answeringTarget(OK);
  const proxy = createProxyServer({ target: target.url, ...options });
  const { port } = await httpServer((req, res) => proxy.web(req, res));
  return { target, proxy, port, get: () => rawExchange(port, lastRequest('GET /a')) };
}

describe('what listeners find', () => {
  test('start comes within web(), proxyReq after it', async () => {
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ target: target.url });
    const order = [];
    for (const event of ['start', 'proxyReq']) proxy.on(event, () => order.push(event));
    const { port } = await httpServer((req, res) => {
      proxy.web(req, res);
      order.push('web returned');
    });
    await rawExchange(port, lastRequest('GET /a'));
    expect(order).toEqual(['start', 'web returned', 'proxyReq']);
  });

  test('at proxyReq nothing was sent, at end the target has sent everything', async () => {
    const { target, proxy, get } = await bench();
    const states = [];
    proxy.on('proxyReq', () => states.push(target.connections.map(({ text }) => text).join('')));
    proxy.on('end', (req, res, proxyRes) => states.push(proxyRes.complete));
    expect(await get()).toMatch(/\r\n\r\ngood$/);
    expect(states).toEqual(['', true]);
  });

  test('targets are URLs, and the options are those of the call', async () => {
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ target: 'http://127.0.0.1:1', xfwd: true });
    const seen = [];
    proxy.on('start', (req, res, url) => seen.push(url));
    proxy.on('proxyReq', (proxyReq, req, res, options) => seen.push(options));
    const { port } = await httpServer((req, res) =>
      proxy.web(req, res, { target: target.url, headers: { 'x-call': 'mine' } }),
    );
    await rawExchange(port, lastRequest('GET /a'));
    expect(seen[0]).toBeInstanceOf(URL);
    expect(seen[0].href).toBe(`${target.url}/`);
    expect(seen[1]).toMatchObject({ xfwd: true, headers: { 'x-call': 'mine' } });
    expect(seen[1].target).toBeInstanceOf(URL);
    expect(seen[1].target.href).toBe(`${target.url}/`);
  });

  test('Expect: 100-continue does not keep a request from the proxyReq listeners', async () => {
    const { target, proxy, port } = await bench();
    proxy.on('proxyReq', (proxyReq) => proxyReq.setHeader('x-checked', 'yes'));
    const lines = ['Expect: 100-continue', 'Content-Length: 4'];
    expect(await rawExchange(port, lastRequest('POST /a', lines, 'body'))).toMatch(/\r\n\r\ngood$/);
    expect(target.connections[0].text).toMatch(/^x-checked: yes\r$/m);
    expect(target.connections[0].text).toMatch(/\r\n\r\nbody$/);
  });

  test('a request that a proxyReq listener answers is not sent, and nothing more is told of it', async () => {
    const { target, proxy, get } = await bench();
    const told = [];
    proxy.on('proxyReq', (proxyReq, req, res) => res.writeHead(403).end('no'));
    for (const event of ['proxyRes', 'error', 'econnreset']) proxy.on(event, () => told.push(event));
    expect(await get()).toMatch(/^HTTP\/1\.1 403 .*\r\n\r\n[^]*no/s);
    await pause(40);
    expect(told).toEqual([]);
    expect(target.connections).toHaveLength(0);
  });
});

describe('listeners come and go as with every emitter of Node', () => {
  test.each(['start', 'proxyReq', 'proxyRes', 'end'])('%s: once, off, prependListener', async (event) => {
    const { proxy, get } = await bench();
    const calls = [];
    const removed = () => calls.push('removed');
    proxy.on(event, () => calls.push('on'));
    proxy.on(event, removed);
    proxy.once(event, () => calls.push('once'));
    proxy.prependListener(event, () => calls.push('first'));
    proxy.prependOnceListener(event, () => calls.push('first, once'));
    proxy.off(event, removed);
    await get();
    expect(calls.splice(0)).toEqual(['first, once', 'first', 'on', 'once']);
    await get();
    expect(calls.splice(0)).toEqual(['first', 'on']);
    proxy.removeAllListeners(event);
    expect(await get()).toMatch(/\r\n\r\ngood$/);
    expect(calls).toEqual([]);
  });

  test('a listener is called on the proxy, and one that is removed meanwhile still once', async () => {
    const { proxy, get } = await bench();
    const calls = [];
    const second = () => calls.push('second');
    proxy.on('proxyRes', function first() {
      calls.push(this === proxy);
      proxy.off('proxyRes', second);
    });
    proxy.on('proxyRes', second);
    await get();
    await get();
    expect(calls).toEqual([true, 'second', true]);
  });

  test('listeners of each request for themselves', async () => {
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ target: target.url });
    const { port } = await httpServer((req, res) => {
      proxy.once('proxyReq', (proxyReq) => proxyReq.setHeader('x-for', req.url));
      proxy.web(req, res);
    });
    for (const path of ['/1', '/2']) await rawExchange(port, lastRequest(`GET ${path}`));
    const sent = target.connections.map(({ text }) => text).join('');
    expect(sent.match(/^x-for: .*$/gm).map((line) => line.trim())).toEqual(['x-for: /1', 'x-for: /2']);
    expect(proxy.listenerCount('proxyReq')).toBe(0);
  });

  test.each(['proxyRes', 'end'])(
    '%s: once for two requests at once, and both are answered',
    async (event) => {
      const held = [];
      const target = await rawTarget((connection) =>
        connection.onRequest(() => held.push(connection.socket)),
      );
      const proxy = createProxyServer({ target: target.url });
      const { port } = await httpServer((req, res) => proxy.web(req, res));
      let calls = 0;
      proxy.once(event, () => (calls += 1));
      const answers = ['/1', '/2'].map((path) => rawExchange(port, lastRequest(`GET ${path}`)));
      await eventually(() => held.length === 2);
      const head = 'HTTP/1.1 200 OK\r\nConnection: x-hop\r\nX-Hop: 1\r\nTransfer-Encoding: chunked\r\n\r\n';
      for (const socket of held) {
        socket.write(`${head}4\r\ngood\r\n0\r\n\r\n`);
        await pause(30);
      }
      for (const answer of await Promise.all(answers)) {
        const response = readResponse(answer);
        expect(response).toMatchObject({ status: 200, body: 'good', isComplete: true, rest: '' });
        expect(response.values('x-hop')).toEqual([]);
        expect(response.values('connection')).toEqual(['close']);
      }
      expect(calls).toBe(1);
    },
  );
});
