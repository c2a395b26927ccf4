'use strict';

/** F-76: threads of Node, each with its own proxy; one of them is terminated. */

const { closeAll } = require('../support/peers.js');
const { runChild } = require('../support/child.js');

afterEach(closeAll);

test('F-76 K-20 four worker_threads: one is terminated under load, the others go on, and nothing of it is left', async () => {
  const { code, stdout, stderr } = await runChild('workers.js', { execArgv: ['--expose-gc'] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { before, after, others, beforeTermination } = JSON.parse(stdout);
  expect(beforeTermination).toBeGreaterThan(100);
  for (const { served, failed } of others) {
    expect(served).toBeGreaterThan(100);
    expect(failed).toBe(0);
  }
  // Threads, sockets and event queues are those of before, in the end.
  expect(after.threads).toBeLessThanOrEqual(before.threads);
  expect(after.descriptors).toEqual(before.descriptors);
});

test('F-76 K-20 workers that come and go leave nothing behind', async () => {
  const { code, stdout, stderr } = await runChild('workers.js', { args: ['20'], execArgv: ['--expose-gc'] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { before, after } = JSON.parse(stdout);
  expect(after.threads).toBeLessThanOrEqual(before.threads);
  expect(after.descriptors).toEqual(before.descriptors);
});
