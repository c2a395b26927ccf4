'use strict';

/** F-74, F-75: a process with a proxy ends when it should, by itself or at once. */

const { closeAll, rawTarget } = require('../support/peers.js');
const { runChild } = require('../support/child.js');
const { GOOD } = require('../support/faults.js');

afterEach(closeAll);

/** Answers requests to /answered only, and keeps every connection for long. */
const target = () =>
  rawTarget((connection) =>
    connection.onRequest((head) => {
      if (head.includes(' /answered '))
        connection.socket.write(GOOD.replace('\r\n', '\r\nKeep-Alive: timeout=60\r\n'));
    }),
  );

/** Runs one of the ways of fixtures/lives.js; says how long it took after it had loaded. */
async function live(way) {
  const { url } = await target();
  const began = Date.now();
  const end = await runChild('lives.js', { args: [way, url] });
  return { ...end, took: Date.now() - began };
}

describe('the process ends by itself', () => {
  test('F-75 when a proxy was only created', async () => {
    const { code, stderr, took } = await live('created');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(took).toBeLessThan(10_000);
  });

  test('F-75 when only idle connections are left, without waiting for them', async () => {
    const { code, stdout, stderr, took } = await live('pooled');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { statuses, stats } = JSON.parse(stdout);
    expect(statuses).toEqual(Array(5).fill(200));
    expect(stats.idleConnections).toBeGreaterThan(0);
    // They would be kept for a minute.
    expect(took).toBeLessThan(10_000);
  });

  test('F-75 after failures', async () => {
    const { code, stdout, took } = await live('failed');
    expect(code).toBe(0);
    expect(JSON.parse(stdout).statuses).toEqual([502, 502, 502]);
    expect(took).toBeLessThan(10_000);
  });

  test('F-75 when the server was closed with requests that their target never answers', async () => {
    const { code, stderr, took } = await live('abandoned');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(took).toBeLessThan(10_000);
  });
});

describe('process.exit(0)', () => {
  test.each([
    'exit',
    'exit in a listener',
    'exit in a router',
    'exit in an interceptor',
    'exit while connecting',
  ])('F-74 K-23 %s: at once, with code 0', async (way) => {
    for (let i = 0; i < 3; i += 1) {
      const { code, signal, stderr, took } = await live(way);
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
      expect(took).toBeLessThan(10_000);
    }
  });
});
