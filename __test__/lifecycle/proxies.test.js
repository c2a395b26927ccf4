'use strict';

/** Proxies that come and go, and the package loaded more than once. */

const { closeAll } = require('../support/peers.js');
const { runChild } = require('../support/child.js');

afterEach(closeAll);

const MIB = 1 << 20;

test.each([
  ['createProxyServer', 10_000],
  ['createProxyMiddleware', 3000],
])(
  'K-18 %s: %i, each used once and dropped, leave nothing behind',
  async (maker, many) => {
    const { code, stdout, stderr } = await runChild('proxies.js', {
      args: [maker, `${many}`],
      execArgv: ['--expose-gc', '--max-semi-space-size=1'],
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { served, before, after, kept } = JSON.parse(stdout);
    expect(served).toBe(many);
    expect(kept).toBe(0);
    expect(after.threads).toBe(before.threads);
    expect(after.descriptors).toBeLessThanOrEqual(before.descriptors);
    expect((after.heapUsed - before.heapUsed) / MIB).toBeLessThan(2);
    expect((after.rss - before.rss) / MIB).toBeLessThan(32);
    expect(after.stats).toMatchObject({ exchanges: 0 });
  },
  180_000,
);

test('requests that listeners end before they are sent leave nothing behind', async () => {
  const { code, stdout, stderr } = await runChild('ended-by-listeners.js', { execArgv: ['--expose-gc'] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { asked, answers, kept, stats } = JSON.parse(stdout);
  expect({ asked, answers }).toEqual({ asked: 100, answers: ['answered', 'failed'] });
  // The last one may still be in a register of the machine's.
  expect(kept).toBeLessThanOrEqual(1);
  expect(stats).toMatchObject({ exchanges: 0 });
});

test('K-21 the package required through two paths works twice in one process', async () => {
  const { code, stdout, stderr } = await runChild('required-twice.js', {
    execArgv: ['--preserve-symlinks', '--preserve-symlinks-main'],
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({ areDifferent: true, statuses: [200, 200, 200, 200], started: [2, 2] });
});
