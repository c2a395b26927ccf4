'use strict';

/** The door's `fallback` in time: upgrades that become tunnels, the end of the door, and an event loop that is blocked. */

const { spawnSync } = require('node:child_process');
const http = require('node:http');
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');
const { doorInFront, openMiddlewareDoor } = require('../support/doors.js');
const { lastRequest, readResponse, readResponses, requestText } = require('../support/messages.js');
const { closeAll, eventually, onCleanUp, rawClient, rawExchange } = require('../support/peers.js');

afterEach(closeAll);

describe('upgrades', () => {
  const HANDSHAKE = requestText('GET /chat', ['Connection: Upgrade', 'Upgrade: echo']);
  const SWITCHED =
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Case: a\r\n\r\n';

  /** A server that echoes what comes after the handshake. */
  function echoServer() {
    const sockets = [];
    const server = http.createServer((req, res) => res.end('no upgrade'));
    server.on('upgrade', (req, socket, head) => {
      sockets.push(socket);
      socket.write(SWITCHED);
      socket.write(head);
      socket.pipe(socket);
    });
    onCleanUp(() => sockets.forEach((socket) => socket.destroy()));
    return { server, sockets };
  }

  test('become a tunnel, both ways, to its end', async () => {
    const { server, sockets } = echoServer();
    const { port, door } = await doorInFront(server);
    const client = await rawClient(port, `${HANDSHAKE}early`);
    await client.received('early');
    expect(client.text).toBe(`${SWITCHED}early`);
    const text = 'x'.repeat(1024 * 1024);
    client.socket.write(text);
    await client.until(({ bytes }) => bytes.length === SWITCHED.length + 5 + text.length);
    expect(sockets[0].remotePort).toBe(client.socket.localPort);
    client.socket.end();
    await client.closed();
    expect(client.ending).toBe('fin');
    await eventually(() => door.stats().connections === 0);
  });

  test('end with either side', async () => {
    const { server, sockets } = echoServer();
    const { port } = await doorInFront(server);
    const [one, two] = [await rawClient(port, HANDSHAKE), await rawClient(port, HANDSHAKE)];
    await one.received('X-Case');
    await two.received('X-Case');
    const mine = sockets.find(({ remotePort }) => remotePort === one.socket.localPort);
    mine.destroy();
    await one.closed();
    const closed = once(
      sockets.find((socket) => socket !== mine),
      'close',
    );
    two.socket.destroy();
    await closed;
  });

  test('that the server refuses are answers', async () => {
    const server = http.createServer();
    server.on('upgrade', (req, socket) =>
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno'),
    );
    const { port } = await doorInFront(server);
    const read = readResponse(await rawExchange(port, HANDSHAKE));
    expect(read).toMatchObject({ status: 403, body: 'no', rest: '' });
  });

  test('that nobody listens to are requests', async () => {
    const { port } = await doorInFront((req, res) => res.end(req.headers.upgrade));
    const text = await rawExchange(port, HANDSHAKE + lastRequest('GET /api'));
    const [first, second] = readResponses(text);
    expect([first.body, second.body]).toEqual(['echo', 'target']);
  });
});

describe('closing', () => {
  test('waits for what the application has begun, and closes what is idle', async () => {
    const waiting = [];
    const { port, door } = await doorInFront(
      (req, res) => (req.url === '/now' ? res.end('now') : waiting.push(res)),
      { grace: 10_000 },
    );
    const idle = await rawClient(port, requestText('GET /now'));
    await idle.received('now');
    const busy = await rawClient(port, requestText('GET /later'));
    await eventually(() => waiting.length === 1);
    const closed = once(door, 'close');
    door.close();
    await idle.closed();
    expect(busy.ending).toBeNull();
    waiting[0].end('later');
    await busy.closed();
    const read = readResponse(busy.text);
    expect(read).toMatchObject({ body: 'later', isComplete: true });
    await closed;
  });

  test('… for as long as grace says; then both sides are cut', async () => {
    const closes = [];
    const { port, door } = await doorInFront((req, res) => res.on('close', () => closes.push(req.url)), {
      grace: 50,
    });
    const client = await rawClient(port, requestText('GET /never'));
    await eventually(() => door.stats().handedOver === 1);
    await new Promise((resolve) => door.close(resolve));
    await client.closed();
    expect(client.text).toBe('');
    expect(closes).toEqual(['/never']);
  });

  test('ends tunnels', async () => {
    const server = http.createServer();
    let ended = 0;
    server.on('upgrade', (req, socket) => {
      socket.on('close', () => (ended += 1));
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    });
    const { port, door } = await doorInFront(server, { grace: 50 });
    const client = await rawClient(port, requestText('GET /', ['Connection: Upgrade', 'Upgrade: echo']));
    await client.received('101');
    await new Promise((resolve) => door.close(resolve));
    await client.closed();
    expect(ended).toBe(1);
  });
});

describe('a blocked event loop', () => {
  /** A target on a thread of its own. */
  async function threadTarget() {
    const script = `
      const server = require('node:http').createServer((req, res) => res.end('target'));
      server.listen(0, '127.0.0.1', () => require('node:worker_threads').parentPort.postMessage(server.address().port));
    `;
    const worker = new Worker(script, { eval: true });
    onCleanUp(() => worker.terminate());
    const [port] = await once(worker, 'message');
    return `http://127.0.0.1:${port}`;
  }

  test('delays only what goes to Node', async () => {
    const asked = [];
    const door = await openMiddlewareDoor(
      { target: await threadTarget(), pathFilter: '/api' },
      { fallback: (req, res) => res.end(`${asked.push(req.url)}`) },
    );
    const script = `
      const { spawnSync } = require('node:child_process');
const http = require('node:http');
      const ask = (path) => new Promise((resolve, reject) => {
        const settings = { host: '127.0.0.1', port: ${door.port}, path };
        http.get(settings, (res) => res.resume().on('end', () => resolve(res.statusCode))).on('error', reject);
      });
      (async () => {
        let isAnswered = false;
        ask('/app').then(() => (isAnswered = true), () => {});
        const statuses = [];
        for (let i = 0; i < 50; i++) statuses.push(await ask('/api/' + i));
        console.log(JSON.stringify({ statuses, isAnswered }));
        process.exit();
      })();
    `;
    // This thread waits, and does nothing else.
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
      timeout: 15_000,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ statuses: Array(50).fill(200), isAnswered: false });
    expect(asked).toEqual([]);
    await eventually(() => asked.length === 1);
    expect(asked).toEqual(['/app']);
  });
});
