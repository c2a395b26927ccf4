'use strict';

/** F-08…F-10: Unix sockets that are not there, and a process that is out of descriptors or ports. */

const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { once } = require('node:events');
const { answeringTarget, closeAll, rawClient, rawExchange, rawTarget } = require('../support/peers.js');
const { startChild, twoPortNetwork } = require('../support/child.js');
const {
  EARS,
  GOOD,
  NEXT,
  checkAfterwards,
  faultBench,
  hears,
  nodeError,
  parts,
  statusOf,
  takeBaseline,
} = require('../support/faults.js');

let folder;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockets-'));
  return takeBaseline();
});
afterEach(closeAll);
afterAll(() => fs.rmSync(folder, { recursive: true }));

const get = 'GET / HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n';
const answerAll = (connection) => connection.onRequest(() => connection.socket.write(GOOD));
const overSocket = (socketPath) => ({ target: { protocol: 'http:', host: 'localhost', socketPath } });

describe('F-08 Unix sockets', () => {
  test.each(EARS)('F-08 missing, told by %s', async (ear) => {
    const socketPath = path.join(folder, 'missing');
    const bench = await faultBench(ear, overSocket(socketPath));
    // http-proxy-middleware knows no status for ENOENT.
    expect(statusOf(await rawExchange(bench.port, get))).toBe(ear === 'middleware' ? 500 : 502);
    if (hears(ear)) {
      expect(parts(bench.failures[0].error)).toEqual(parts(await nodeError(http, { socketPath })));
    }
    await checkAfterwards(bench, { failures: 1 });
  });

  test('F-08 without permission', async () => {
    const socketPath = path.join(folder, 'locked');
    await rawTarget(answerAll, socketPath);
    const options = { ...overSocket(socketPath), agent: false };
    const { ask } = startChild('proxy.js', { args: [JSON.stringify(options)] });
    const port = await ask('port');
    expect(statusOf(await rawExchange(port, get))).toBe(200);
    fs.chmodSync(socketPath, 0o000);
    fs.chmodSync(folder, 0o755);
    // Nothing is forbidden to root.
    if (process.getuid() === 0) await ask('becomeNobody');
    const answer = await rawExchange(port, get);
    expect(statusOf(answer)).toBe(502);
    expect(answer).toContain('x-error: EACCES');
    expect(answer).toContain(`connect EACCES ${socketPath}`);
    fs.chmodSync(socketPath, 0o777);
    expect(statusOf(await rawExchange(port, get))).toBe(200);
  });

  test('F-08 deleted while a connection to it is kept', async () => {
    const socketPath = path.join(folder, 'deleted');
    const first = await rawTarget(answerAll, socketPath);
    const bench = await faultBench('event', overSocket(socketPath));
    expect(statusOf(await rawExchange(bench.port, get))).toBe(200);
    for (const { socket } of first.connections) socket.destroy();
    // Node deletes the file.
    first.server.close();
    await once(first.server, 'close');
    expect(statusOf(await rawExchange(bench.port, get))).toBe(502);
    expect(bench.failures[0].error).toMatchObject({
      code: 'ENOENT',
      syscall: 'connect',
      address: socketPath,
    });
    await rawTarget(answerAll, socketPath);
    expect(statusOf(await rawExchange(bench.port, NEXT))).toBe(200);
    await checkAfterwards(bench, { failures: 1 });
  });
});

describe('F-09 no descriptor left', () => {
  test('F-09 503, and served again as soon as there is one', async () => {
    const target = await answeringTarget(GOOD);
    const { ask } = startChild('proxy.js', {
      args: [JSON.stringify({ target: target.url, agent: false })],
      shell: 'ulimit -n 64',
    });
    const port = await ask('port');
    const keepAlive = 'GET / HTTP/1.1\r\nHost: me\r\n\r\n';
    const client = await rawClient(port, keepAlive);
    await client.received('good');
    expect(await ask('exhaust')).toBe('EMFILE');
    for (let i = 1; i <= 3; i += 1) {
      client.socket.write(keepAlive);
      await client.until(({ text }) => text.match(/EMFILE 127/g)?.length === i);
    }
    expect(client.text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', ...Array(3).fill('HTTP/1.1 503')]);
    // No busy loop while there is none.
    const before = await ask('cpu');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await ask('cpu')) - before).toBeLessThan(100);
    await ask('release');
    client.socket.write(keepAlive);
    await client.until(({ text }) => text.match(/good/g).length === 2);
    expect(await ask('report')).toMatchObject({
      counts: { errors: 3 },
      stats: { exchanges: 0, connections: 0 },
    });
  });
});

describe('F-10 no port left', () => {
  const network = twoPortNetwork();

  (network ? test : test.skip)('F-10 503, and served again as soon as there is one', async () => {
    const { ask } = startChild('no-port-left.js', network);
    const { full, after, errors, stats } = await ask('run');
    expect(full).toEqual([
      { status: 503, code: 'EADDRNOTAVAIL' },
      { status: 503, code: 'EADDRNOTAVAIL' },
    ]);
    expect(after).toEqual({ status: 200 });
    expect(errors).toBe(2);
    expect(stats).toMatchObject({ exchanges: 0 });
  });
});
