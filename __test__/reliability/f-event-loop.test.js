'use strict';

/** F-65…F-67, F-69: an event loop that stands still, a heap that is small or full, and a process that swallows what is uncaught. */

const { setTimeout: pause } = require('node:timers/promises');
const { closeAll, eventually, rawClient, rawExchange, rawTarget } = require('../support/peers.js');
const { runChild, startChild } = require('../support/child.js');
const { residentMemory } = require('../support/memory.js');

afterEach(closeAll);

const MIB = 1 << 20;

describe('F-65 the event loop is blocked for two seconds', () => {
  test('F-65 what a target sends meanwhile stays with the target, and arrives whole afterwards', async () => {
    const TOTAL = 64 * MIB;
    const piece = Buffer.alloc(0x10000, 'x');
    const target = await rawTarget((connection) => {
      connection.onRequest(() => {
        const { socket } = connection;
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${TOTAL}\r\n\r\n`);
        let left = TOTAL;
        const go = () => {
          while (left > 0) {
            left -= piece.length;
            if (!socket.write(piece)) return;
          }
        };
        connection.left = () => left;
        socket.on('drain', go);
        go();
      });
    });
    const { ask, pid } = startChild('proxy.js', {
      args: [JSON.stringify({ target: target.url })],
      execArgv: ['--expose-gc'],
    });
    const port = await ask('port');
    const memory = () => residentMemory(pid);
    const client = await rawClient(port, 'GET / HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n');
    // Only counted: the whole of it would be copied with each piece.
    let received = 0;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk) => (received += chunk.length));
    await eventually(() => received > MIB);
    const blocked = ask('block', 2000);
    await pause(300);
    const before = { memory: memory(), left: target.connections[0].left() };
    await pause(1500);
    const after = { memory: memory(), left: target.connections[0].left() };
    // The system's buffers are full by now, and ours.
    expect(after.left).toBe(before.left);
    expect(after.left).toBeGreaterThan(0);
    expect(after.memory - before.memory).toBeLessThan(2 * MIB);
    await blocked;
    await eventually(() => client.ending !== null, undefined, 10_000);
    expect(received).toBeGreaterThan(TOTAL);
    expect((await ask('report')).stats).toMatchObject({ exchanges: 0 });
  });

  test('F-65 requests that came meanwhile are served, none is lost, and no time-out strikes for it', async () => {
    const target = await rawTarget((connection) => {
      connection.onRequest(() => connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood'));
    });
    const { ask } = startChild('proxy.js', {
      args: [JSON.stringify({ target: target.url, proxyTimeout: 500 })],
    });
    const port = await ask('port');
    const get = 'GET / HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n';
    const started = Array.from({ length: 50 }, () => rawExchange(port, get));
    const blocked = ask('block', 2000);
    await pause(100);
    const meanwhile = Array.from({ length: 50 }, () => rawExchange(port, get));
    for (const answer of await Promise.all([...started, ...meanwhile])) expect(answer).toMatch(/good$/);
    await blocked;
    expect(await ask('report')).toMatchObject({ counts: { errors: 0 }, stats: { exchanges: 0 } });
  });
});

describe('F-66 a small heap that is collected all the time', () => {
  test('F-66 bodies are what they were, both ways', async () => {
    const { code, stdout, stderr } = await runChild('collected.js', {
      execArgv: ['--expose-gc', '--max-old-space-size=64'],
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { checked, external } = JSON.parse(stdout);
    expect(checked).toBe(600);
    expect(external).toBeLessThan(32 * MIB);
    // Its hundreds of collections take a few seconds, and many on a busy machine.
  }, 60_000);
});

describe('F-67 the heap is full', () => {
  test('F-67 the process dies as Node does, requests in flight or not', async () => {
    const target = await rawTarget(() => {});
    const began = Date.now();
    const { code, signal, stderr } = await runChild('lives.js', {
      args: ['heap', target.url],
      execArgv: ['--max-old-space-size=32'],
      shell: 'ulimit -c 0',
    });
    expect(stderr).toContain('JavaScript heap out of memory');
    expect(code === 134 || signal === 'SIGABRT').toBe(true);
    expect(Date.now() - began).toBeLessThan(15_000);
    await eventually(() => target.connections.every(({ ending }) => ending !== null));
  });
});

describe('F-69 the process swallows what is uncaught', () => {
  test('F-69 requests beside and afterwards are served', async () => {
    const { code, stdout, stderr } = await runChild('swallows.js');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { swallowed, beside, later, stats } = JSON.parse(stdout);
    expect(swallowed).toBeGreaterThan(0);
    expect(beside).toEqual(Array(40).fill(200));
    expect(later).toEqual(Array(20).fill(200));
    expect(stats).toMatchObject({ exchanges: 0 });
  });
});
