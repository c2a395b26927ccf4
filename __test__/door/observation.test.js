'use strict';

/** Those who look on at the native door: its access log, `/metrics`, `/healthz`, `stats()`. */

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');
const { createProxyServer } = require('../../index.js');
const {
  answeringTarget,
  closeAll,
  closedPort,
  eventually,
  listening,
  onCleanUp,
  rawClient,
  rawExchange,
} = require('../support/peers.js');
const { OK, doorTo, openDoor, startDoor } = require('../support/doors.js');
const { lastRequest, readResponse } = require('../support/messages.js');

afterEach(closeAll);

const TARGET = 'http://127.0.0.1:1';

/** The path of a file that there is not, in a folder of its own. */
function logPath() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rs-proxy-log-'));
  onCleanUp(() => fs.rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'access.log');
}

/** How a door with these settings fails to open. */
async function failure(settings) {
  const proxy = createProxyServer({ target: TARGET }).listen(0, { host: '127.0.0.1', ...settings });
  const [error] = await once(proxy._server, 'error');
  return error;
}

describe('the access log', () => {
  test('has a line for each request, whatever became of it', async () => {
    const file = logPath();
    const { port, proxy } = await doorTo(OK, { settings: { accessLog: { format: 'json', path: file } } });
    const down = await openDoor(
      { target: `http://127.0.0.1:${await closedPort()}` },
      { accessLog: { format: 'json', path: file } },
    );
    await rawExchange(port, lastRequest('GET /a?b=c', ['User-Agent: me', 'Referer: http://x/"']));
    await rawExchange(port, 'nonsense\r\n\r\n');
    await rawExchange(down.port, lastRequest('POST /down', ['Content-Length: 0']));
    await Promise.all([proxy, down.proxy].map((one) => new Promise((resolve) => one.close(resolve))));
    const lines = fs.readFileSync(file, 'utf8').trimEnd().split('\n').map(JSON.parse);
    lines.sort((a, b) => a.status - b.status);
    const common = {
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      client: '127.0.0.1',
      ms: expect.any(Number),
    };
    const request = { ...common, protocol: 'HTTP/1.1', host: expect.any(String) };
    expect(lines).toEqual([
      {
        ...request,
        method: 'GET',
        target: '/a?b=c',
        userAgent: 'me',
        referer: 'http://x/"',
        status: 200,
        bytes: 2,
      },
      { ...common, status: 400, bytes: expect.any(Number), error: 'The request line is malformed' },
      {
        ...request,
        method: 'POST',
        target: '/down',
        status: 502,
        bytes: expect.any(Number),
        error: expect.stringMatching(/^connect ECONNREFUSED 127/),
      },
    ]);
  });

  test('calls it 499 when the client left before it was answered', async () => {
    const file = logPath();
    const { port, proxy, target } = await doorTo('', {
      settings: { accessLog: { format: 'common', path: file } },
    });
    const client = await rawClient(port, lastRequest('GET /'));
    await target.connected();
    client.socket.destroy();
    await eventually(() => proxy.stats().door.abandoned === 1);
    await new Promise((resolve) => proxy.close(resolve));
    expect(fs.readFileSync(file, 'utf8')).toMatch(
      /^127\.0\.0\.1 - - \[[^\]]+\] "GET \/ HTTP\/1\.1" 499 0\n$/,
    );
  });

  test('that cannot be opened is an error of listen', async () => {
    const missing = path.join(os.tmpdir(), 'rs-proxy-there-is-no-such-folder', 'access.log');
    expect(await failure({ accessLog: { path: missing } })).toMatchObject({
      code: 'ENOENT',
      syscall: 'open',
      path: missing,
      message: `ENOENT: no such file or directory, open '${missing}'`,
    });
  });

  test('F-82 whose reader is gone, or that does not fit on the disk, holds up nothing', async () => {
    const target = await answeringTarget(OK);
    const { ask, child } = startDoor({ target: target.url }, { accessLog: true });
    const { port } = await ask('open');
    child.stdout.destroy();
    for (let i = 0; i < 20; i += 1) {
      expect(readResponse(await rawExchange(port, lastRequest('GET /'))).status).toBe(200);
      // Beyond the moment at which the first lines are written.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await eventually(async () => (await ask('stats')).door.lostLogLines > 0);
    expect(await ask('stats')).toMatchObject({ door: { forwarded: 20 } });
  });
});

describe('the listener for those who look on', () => {
  const ask = async (door, where) =>
    readResponse(await rawExchange(door.metricsAddress().port, lastRequest(`GET ${where}`)));

  test('tells figures that Prometheus reads', async () => {
    const { door, port } = await doorTo(OK, { settings: { metrics: { port: 0 } } });
    expect(door.metricsAddress()).toEqual({ address: '127.0.0.1', family: 'IPv4', port: expect.any(Number) });
    for (let i = 0; i < 3; i += 1) await rawExchange(port, lastRequest('GET /'));
    const { status, body, values } = await ask(door, '/metrics');
    expect([status, ...values('content-type')]).toEqual([
      200,
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    ]);
    expect(body).toContain('\nrs_proxy_requests_forwarded_total 3\n');
    expect(body).toContain('\nrs_proxy_answers_total{status="2xx"} 3\n');
    expect(body).toContain('\nrs_proxy_request_duration_seconds_count 3\n');
    expect(body.endsWith('# EOF\n')).toBe(true);
  });

  test('says that the door closes, to the end', async () => {
    const { door, port, proxy, target } = await doorTo('', {
      settings: { metrics: { port: 0 }, grace: 20_000 },
    });
    expect(await ask(door, '/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
    const client = await rawClient(port, lastRequest('GET /'));
    const connection = await target.connected();
    const closed = new Promise((resolve) => proxy.close(resolve));
    expect(await ask(door, '/healthz')).toMatchObject({ status: 503, body: 'draining\n' });
    connection.socket.write(OK);
    await client.closed();
    await closed;
    await expect(rawClient(door.metricsAddress().port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('answers while JavaScript is busy', async () => {
    const { ask: askChild } = startDoor({ target: TARGET }, { metrics: { port: 0 } });
    const { metricsPort } = await askChild('open');
    const isFree = askChild('block', 1500).then(() => true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const health = rawExchange(metricsPort, lastRequest('GET /healthz'));
    expect(await Promise.race([isFree, health])).toContain('\r\n\r\nok\n');
    expect(await isFree).toBe(true);
  });

  test('whose port is taken is an error of listen', async () => {
    const server = await listening(net.createServer());
    onCleanUp(() => server.close());
    const { port } = server.address();
    expect(await failure({ metrics: { port } })).toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'listen',
      address: '127.0.0.1',
      port,
    });
  });
});
