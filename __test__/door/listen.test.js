'use strict';

/** The native door's life: `listen(port, { … })`, what it refuses, `address`, `close`, drain. */

const { execFile } = require('node:child_process');
const http = require('node:http');
const net = require('node:net');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');
const { createProxyServer } = require('../../index.js');
const {
  RawConnection,
  answeringTarget,
  closeAll,
  eventually,
  listening,
  onCleanUp,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { OK, doorTo, openDoor } = require('../support/doors.js');
const { lastRequest, readRequest, readResponse, requestText } = require('../support/messages.js');

afterEach(closeAll);

const GET = lastRequest('GET /');
const TARGET = 'http://127.0.0.1:1';

/** A program of a few lines, in a process of its own, up to its end. */
function runScript(script) {
  const settings = { cwd: path.join(__dirname, '..', '..'), timeout: 10_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, ['-e', script], settings, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

/** A target that answers when it is told to. */
async function patientTarget() {
  const waiting = [];
  const target = await rawTarget((connection) => connection.onRequest(() => waiting.push(connection)));
  return { ...target, waiting, answer: () => waiting.splice(0).forEach(({ socket }) => socket.write(OK)) };
}

/** How a door fails to open. */
async function failure(port, options) {
  const proxy = createProxyServer({ target: TARGET }).listen(port, options);
  const [error] = await once(proxy._server, 'error');
  expect(proxy.address()).toBeNull();
  return error;
}

/** A path for a socket, in a folder that goes with the test. */
function socketPath() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rs-proxy-'));
  onCleanUp(() => fs.rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'door.sock');
}

/** The error of Node's server for the same. */
async function nodesFailure(port, host) {
  const [error] = await once(net.createServer().listen(port, host), 'error');
  return error;
}

const shown = ({ code, errno, syscall, address, port, message }) => ({
  code,
  errno,
  syscall,
  address,
  port,
  message,
});

describe('listening', () => {
  test('gives the proxy, says where, and calls back', async () => {
    const proxy = createProxyServer({ target: TARGET });
    const onListening = jest.fn();
    expect(proxy.listen(0, { host: '127.0.0.1' }, onListening)).toBe(proxy);
    onCleanUp(() => new Promise((resolve) => proxy.close(resolve)));
    expect(proxy.address()).toEqual({ address: '127.0.0.1', family: 'IPv4', port: expect.any(Number) });
    expect(onListening).not.toHaveBeenCalled();
    await once(proxy._server, 'listening');
    expect(onListening).toHaveBeenCalledTimes(1);
    expect(proxy._server.listening).toBe(true);
  });

  test('without a host at all addresses, as Node does', async () => {
    const { proxy } = await openDoor({ target: TARGET }, { host: undefined });
    const server = await listening(net.createServer(), 0);
    onCleanUp(() => server.close());
    expect(proxy.address()).toEqual({ ...server.address(), port: expect.any(Number) });
  });

  test('at a name', async () => {
    const { proxy } = await openDoor({ target: TARGET }, { host: 'localhost' });
    expect(['127.0.0.1', '::1']).toContain(proxy.address().address);
  });

  test('at a port that is taken fails as in Node', async () => {
    const server = await listening(net.createServer());
    onCleanUp(() => server.close());
    const { port } = server.address();
    const error = await failure(port, { host: '127.0.0.1' });
    expect(error.code).toBe('EADDRINUSE');
    expect(shown(error)).toEqual(shown(await nodesFailure(port, '127.0.0.1')));
  });

  test('at an address of another machine fails as in Node', async () => {
    const error = await failure(0, { host: '192.0.2.1' });
    expect(error.code).toBe('EADDRNOTAVAIL');
    expect(shown(error)).toEqual(shown(await nodesFailure(0, '192.0.2.1')));
  });

  test('at a name that there is not fails as in Node', async () => {
    const error = await failure(0, { host: 'nowhere.invalid' });
    expect(error).toMatchObject({
      code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
      syscall: 'getaddrinfo',
    });
  });

  test.each([-1, 65_536, 1.5, '', undefined])('at the port %p throws', (port) => {
    const listen = () => createProxyServer({ target: TARGET }).listen(port, {});
    expect(listen).toThrow(expect.objectContaining({ code: 'ERR_SOCKET_BAD_PORT' }));
  });

  describe.each([
    ['as the first argument', (file) => [file, {}]],
    ['as an option', (file) => [undefined, { path: file }]],
  ])('at a path %s', (_, where) => {
    test('serves, and takes its file away', async () => {
      const target = await answeringTarget(OK);
      const file = socketPath();
      const proxy = createProxyServer({ target: target.url, xfwd: true });
      proxy.listen(...where(file));
      const closed = once(proxy._server, 'close');
      await once(proxy._server, 'listening');
      expect(proxy.address()).toBe(file);
      const client = new RawConnection(net.connect(file));
      client.socket.write(GET);
      await client.closed();
      expect(readResponse(client.text)).toMatchObject({ status: 200, body: 'ok' });
      proxy.close();
      await closed;
      expect(fs.existsSync(file)).toBe(false);
      const { values } = readRequest(target.connections[0].text);
      expect(values('x-forwarded-proto')).toEqual(['http']);
    });

    test('that is taken, also by a file of old, or that cannot be fails as in Node', async () => {
      const file = socketPath();
      fs.writeFileSync(file, '');
      for (const wrong of [file, `${file}/x`, `${file}-there-is-none/x`]) {
        const error = await failure(...where(wrong));
        expect(shown(error)).toEqual(shown(await nodesFailure(wrong)));
      }
      expect(fs.existsSync(file)).toBe(true);
    });
  });

  test('at a path that others may use: it has the modes that Node gives, and those that it had', async () => {
    const modes = [];
    for (const [access, added] of [
      [{}, 0],
      [{ readableAll: true }, 0o444],
      [{ writableAll: true }, 0o222],
      [{ readableAll: true, writableAll: true }, 0o666],
    ]) {
      const [own, nodes] = [socketPath(), socketPath()];
      const proxy = createProxyServer({ target: TARGET }).listen(own, access);
      await once(proxy._server, 'listening');
      const server = await listening(net.createServer(), { path: nodes, ...access });
      modes.push([added, ...[own, nodes].map((name) => fs.statSync(name).mode)]);
      await Promise.all([proxy, server].map((one) => new Promise((resolve) => one.close(resolve))));
    }
    const [, first, nodesFirst] = modes[0];
    expect(first).toBe(nodesFirst);
    for (const [added, mode, nodes] of modes) {
      expect(mode).toBe(first | added);
      // From version 22 on, Node takes all others away, its own user's too.
      expect(mode & nodes).toBe(nodes);
    }
  });

  test('keeps the process alive, until it is closed', async () => {
    const script = `
      const proxy = require('./index.js').createProxyServer({ target: '${TARGET}' }).listen(0, { host: '127.0.0.1' });
      setTimeout(() => { console.log(proxy._server.listening); proxy.close(() => console.log('closed')); }, 200).unref();
    `;
    expect(await runScript(script)).toMatchObject({ code: 0, stdout: 'true\nclosed\n' });
  });

  test('does not hold up process.exit, nor the end of a worker', async () => {
    const open = `require('./index.js').createProxyServer({ target: '${TARGET}' }).listen(0, { host: '127.0.0.1' })`;
    expect(await runScript(`${open}; process.exit(3)`)).toMatchObject({ code: 3 });
    const script = `
      const { Worker } = require('node:worker_threads');
      const worker = new Worker(${JSON.stringify(`${open}; require('node:worker_threads').parentPort.postMessage(1)`)}, { eval: true });
      worker.once('message', () => worker.terminate().then((code) => console.log('ended', code)));
    `;
    expect(await runScript(script)).toMatchObject({ code: 0, stdout: 'ended 1\n' });
  });
});

describe('what the door cannot honour', () => {
  const open = (options) => () => createProxyServer(options).listen(0, { host: '127.0.0.1' });

  test('what means nothing to it, or is not known anywhere, is no matter', async () => {
    const options = { hookTimeout: 100, tunnelTimeout: 100, ws: false, followRedirects: false, mine: true };
    await openDoor({ target: TARGET, agent: new http.Agent({ keepAlive: true }), ...options });
  });

  test('no target', () => {
    expect(open({})).toThrow(expect.objectContaining({ option: 'target' }));
  });

  test.each([
    ['fallback', {}],
    ['grace', -1],
    ['headersTimeout', 0],
    ['maxConnections', 0],
    ['maxHeadersCount', 1001],
    ['host', 1],
    ['trustProxy', ['10.0.0.0/33']],
    ['trustProxy', ['localhost']],
    ['trustProxy', '10.0.0.0/8'],
    ['threads', 0],
    ['reusePort', 1],
    ['maxInFlight', 0],
    ['accessLog', 'apache'],
    ['accessLog', { format: 'short', file: 'x' }],
    ['metrics', true],
    ['metrics', { port: 65_536 }],
    ['metrics', { port: 0, host: 'localhost' }],
    ['toString', 1],
    ['hostname', 'x'],
  ])('its own option %s: %p', (option, value) => {
    const listen = () => createProxyServer({ target: TARGET }).listen(0, { [option]: value });
    expect(listen).toThrow(expect.objectContaining({ code: 'ERR_PROXY_INVALID_OPTION', option }));
  });
});

describe('closing', () => {
  test('idle connections are closed at once, and no new ones are taken', async () => {
    const { proxy, port } = await doorTo(OK, { settings: { grace: 60_000, keepAliveTimeout: 60_000 } });
    const client = await rawClient(port, requestText('GET /'));
    await client.received('ok');
    const began = Date.now();
    await new Promise((resolve) => proxy.close(resolve));
    expect(Date.now() - began).toBeLessThan(10_000);
    await client.closed();
    await expect(rawClient(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(proxy._server).toBeNull();
  });

  test('requests in progress are answered, and their connections end with that', async () => {
    const target = await patientTarget();
    const { proxy, port } = await openDoor({ target: target.url }, { grace: 5000 });
    const client = await rawClient(port, requestText('GET /'));
    await eventually(() => target.waiting.length === 1);
    const onClosed = jest.fn();
    proxy.close(onClosed);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(onClosed).not.toHaveBeenCalled();
    target.answer();
    await client.closed();
    const answer = readResponse(client.text);
    expect(answer).toMatchObject({ status: 200, body: 'ok', isComplete: true, rest: '' });
    await eventually(() => onClosed.mock.calls.length === 1);
  });

  test('… for as long as grace says', async () => {
    const target = await patientTarget();
    const { proxy, port } = await openDoor({ target: target.url }, { grace: 100 });
    const client = await rawClient(port, requestText('GET /'));
    await eventually(() => target.waiting.length === 1);
    await new Promise((resolve) => proxy.close(resolve));
    await client.closed();
    expect(client.text).toBe('');
    await target.connections[0].closed();
  });

  test('under load every request that was taken is answered whole', async () => {
    const { door, proxy, port } = await doorTo(OK, { settings: { grace: 5000 } });
    const outcomes = [];
    let closes = false;
    const client = async () => {
      // Once the door is closed, there is nobody to connect to.
      while (!closes) outcomes.push(await rawExchange(port, GET).catch(() => ''));
    };
    const clients = Array.from({ length: 16 }, client);
    await eventually(() => outcomes.length > 100);
    closes = true;
    await new Promise((resolve) => proxy.close(resolve));
    await Promise.all(clients);
    const answers = outcomes.filter((text) => text !== '');
    for (const text of answers)
      expect(readResponse(text)).toMatchObject({ status: 200, body: 'ok', rest: '' });
    expect(door.stats()).toMatchObject({ forwarded: answers.length, abandoned: 0, cut: 0 });
  });

  test('twice says that it is closed', async () => {
    const { door, proxy } = await openDoor({ target: TARGET });
    await new Promise((resolve) => proxy.close(resolve));
    const [error] = await new Promise((resolve) => door.close((...args) => resolve(args)));
    expect(error.code).toBe('ERR_SERVER_NOT_RUNNING');
  });
});

test('more connections than maxConnections wait for their turn', async () => {
  const { port, proxy } = await doorTo(OK, { settings: { maxConnections: 1 } });
  const first = await rawClient(port, requestText('GET /'));
  await first.received('ok');
  const second = await rawClient(port, GET);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect([second.text, proxy.stats().door.connections]).toEqual(['', 1]);
  first.socket.destroy();
  await second.closed();
  expect(readResponse(second.text)).toMatchObject({ status: 200 });
});

test('a connection ends after maxRequestsPerSocket, and when it has been idle', async () => {
  const { port } = await doorTo(OK, { settings: { maxRequestsPerSocket: 2, keepAliveTimeout: 1100 } });
  const client = await rawClient(port, requestText('GET /').repeat(3));
  await client.closed();
  const first = readResponse(client.text);
  expect(first.values('keep-alive')).toEqual(['timeout=1']);
  expect(readResponse(first.rest)).toMatchObject({ rest: '' });
  const idle = await rawClient(port, requestText('GET /'));
  await idle.closed();
  expect(readResponse(idle.text)).toMatchObject({ status: 200, rest: '' });
});
