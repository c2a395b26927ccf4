'use strict';

/** Opening and closing, targets without number, and an addon that is not there (reliability rows K-12, K-19 and K-22). */

const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const { createProxyServer } = require('../../index.js');
const { startChild } = require('../support/child.js');
const { residentMemory } = require('../support/memory.js');
const { lastRequest, readResponse } = require('../support/messages.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  keepingAgent,
  onCleanUp,
  rawExchange,
} = require('../support/peers.js');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const ROOT = path.join(__dirname, '..', '..');

afterEach(closeAll);

describe('K-12 a new target with each request', () => {
  /** One server is as many targets as there are addresses in 127.0.0.0/8. */
  async function everywhere() {
    const sockets = new Set();
    const server = http
      .createServer((req, res) => res.end('ok'))
      .on('connection', (socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
      });
    server.keepAliveTimeout = 60_000;
    server.listen(0, '0.0.0.0');
    await once(server, 'listening');
    onCleanUp(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    const { port } = server.address();
    const url = (i) => `http://127.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}:${port}`;
    return { url, sockets };
  }

  test.each([
    ['options of a call', {}],
    ['a router', { middleware: true }],
  ])(
    'K-12 by %s: a bounded number of connections is kept, and no more memory',
    async (_by, face) => {
      const { url, sockets } = await everywhere();
      const args = ['{}', JSON.stringify(face)];
      const { ask, pid } = startChild('proxy.js', { execArgv: ['--expose-gc'], args });
      const port = await ask('port');
      const agent = keepingAgent({ maxSockets: 8 });
      const get = (i) =>
        new Promise((resolve, reject) => {
          const headers = { 'x-target': url(i) };
          http
            .get({ host: '127.0.0.1', port, agent, headers }, (res) =>
              res.resume().on('end', () => resolve(res.statusCode)),
            )
            .on('error', reject);
        });
      const MANY = 3000;
      let next = 1;
      const failures = [];
      const worker = async (last) => {
        while (next <= last) {
          const status = await get(next++);
          if (status !== 200) failures.push(status);
        }
      };
      const run = (last) => Promise.all(Array.from({ length: 8 }, () => worker(last)));
      await run(MANY / 2);
      await ask('report');
      const before = residentMemory(pid);
      await run(MANY);
      expect(failures).toEqual([]);
      const { stats, descriptors } = await ask('report');
      expect(stats.connectionsMade).toBeGreaterThanOrEqual(MANY);
      expect(stats.idleConnections).toBeLessThanOrEqual(1024);
      expect(descriptors.socket).toBeLessThan(1024 + 100);
      expect(sockets.size).toBeLessThanOrEqual(1024 + 100);
      expect((residentMemory(pid) - before) / (1 << 20)).toBeLessThan(24);
    },
    60_000,
  );
});

describe('K-19 listen and close', () => {
  const closed = (proxy) => new Promise((resolve) => proxy.close(resolve));

  /** A proxy that listens, and its port. */
  async function listening(options = {}, ...where) {
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ target: target.url, ...options });
    onCleanUp(() => proxy.close());
    proxy.listen(...(where.length > 0 ? where : [0, '127.0.0.1']));
    await eventually(() => proxy.address() !== null);
    return { proxy, port: proxy.address().port };
  }

  const isOpen = (port) =>
    new Promise((resolve) => {
      const socket = net.connect({ port, host: '127.0.0.1' });
      socket.on('connect', () => socket.destroy(resolve(true))).on('error', () => resolve(false));
    });

  test('K-19 it answers until it is closed, and then calls back', async () => {
    const { proxy, port } = await listening();
    expect(readResponse(await rawExchange(port, lastRequest('GET /')))).toMatchObject({
      status: 200,
      body: 'ok',
    });
    await closed(proxy);
    expect(await isOpen(port)).toBe(false);
  });

  test('K-19 closing twice calls back twice', async () => {
    const { proxy } = await listening();
    await Promise.all([closed(proxy), closed(proxy)]);
    await closed(proxy);
  });

  test('K-19 closing what never listened calls back, too, and without a callback does nothing', async () => {
    const proxy = createProxyServer({ target: 'http://127.0.0.1:1' });
    proxy.close();
    await closed(proxy);
    const target = await answeringTarget(OK);
    const { port } = await httpServer((req, res) => proxy.web(req, res, { target: target.url }));
    expect(readResponse(await rawExchange(port, lastRequest('GET /')))).toMatchObject({ status: 200 });
  });

  test('K-19 a request that runs ends before the callback', async () => {
    const { proxy, port } = await listening();
    const order = [];
    proxy.on('proxyReq', () => closed(proxy).then(() => order.push('closed')));
    const answer = await rawExchange(port, lastRequest('GET /'));
    order.unshift(readResponse(answer).body);
    await eventually(() => order.length === 2);
    expect(order).toEqual(['ok', 'closed']);
  });

  test('K-19 what was closed can listen again', async () => {
    const { proxy, port } = await listening();
    await closed(proxy);
    proxy.listen(port, '127.0.0.1');
    await eventually(() => isOpen(port));
    expect(readResponse(await rawExchange(port, lastRequest('GET /')))).toMatchObject({ status: 200 });
    await closed(proxy);
  });

  test('K-19 listening twice leaves no server behind that cannot be closed', async () => {
    const { proxy, port } = await listening();
    try {
      proxy.listen(0, '127.0.0.1');
    } catch (error) {
      expect(error.code).toBe('ERR_SERVER_ALREADY_LISTEN');
    }
    await eventually(() => proxy.address() !== null);
    const second = proxy.address().port;
    await closed(proxy);
    expect([await isOpen(port), await isOpen(second)]).toEqual([false, false]);
  });

  test.each([
    ['a port that is taken', 'EADDRINUSE', async () => [(await httpServer(() => {})).port, '127.0.0.1']],
    ["an address that is not this machine's", 'EADDRNOTAVAIL', async () => [0, '192.0.2.1']],
  ])('K-19 %s is an error event of its server, as with Node', async (_case, code, where) => {
    const proxy = createProxyServer({ target: 'http://127.0.0.1:1' });
    expect(proxy.listen(...(await where()))).toBe(proxy);
    const [error] = await once(proxy._server, 'error');
    expect(error).toMatchObject({ code, syscall: 'listen' });
    await closed(proxy);
  });

  test.each([[65536], [-1], [NaN], [1.5]])('K-19 the port %p throws, as with Node', async (port) => {
    const proxy = createProxyServer({ target: 'http://127.0.0.1:1' });
    expect(() => proxy.listen(port)).toThrow(expect.objectContaining({ code: 'ERR_SOCKET_BAD_PORT' }));
    await closed(proxy);
  });
});

describe('K-22 an addon that cannot be used', () => {
  const NAME = /rs-proxy-middleware-[a-z0-9]+-[a-z0-9]+(-[a-z]+)?/;

  /** Loads a copy of the package with this in place of its addon, and says what it throws when a proxy is made. */
  function failureWith(addon) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'k-22-'));
    onCleanUp(() => fs.rmSync(folder, { recursive: true }));
    const binary = fs.readdirSync(path.join(ROOT, 'lib', 'native')).find((name) => name.endsWith('.node'));
    for (const name of ['index.js', 'package.json', 'lib']) {
      fs.cpSync(path.join(ROOT, name), path.join(folder, name), {
        recursive: true,
        filter: (source) => !source.endsWith('.node'),
      });
    }
    fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
    if (addon !== undefined) fs.writeFileSync(path.join(folder, 'lib', 'native', binary), addon);
    const program = `
      let thrown;
      try {
        require(${JSON.stringify(folder)}).createProxyServer({ target: 'http://127.0.0.1:1' });
      } catch (error) {
        thrown = error;
      }
      const messages = [];
      for (let error = thrown; error; error = error.cause) messages.push(error.message);
      console.log(JSON.stringify({ isError: thrown instanceof Error, messages }));`;
    return JSON.parse(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }));
  }

  test.each([
    ['that is missing', undefined],
    ['that is empty', ''],
    ['that is no binary', 'no binary'],
    ['that is cut', fs.readFileSync(process.execPath).subarray(0, 4096)],
  ])('K-22 %s: an error that names the package to install', (_case, addon) => {
    const { isError, messages } = failureWith(addon);
    expect(isError).toBe(true);
    expect(messages.join('\n')).toMatch(NAME);
  });
});
