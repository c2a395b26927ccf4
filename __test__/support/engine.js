'use strict';

/** What is open in the engine of the test's own process. */

const { createProxyServer } = require('../../index.js');
const { all } = require('./http2.js');
const { eventually } = require('./peers.js');

const stats = () => createProxyServer().stats();

/** Waits until nothing of what went on is left in the engine. */
const released = () =>
  eventually(
    () => stats().exchanges === 0,
    () => `still there: ${JSON.stringify(stats())}`,
  );

/** Waits until no connection is left either, of clients or to targets. */
const deserted = () =>
  eventually(
    () => stats().exchanges === 0 && stats().connections === 0,
    () => `left over: ${JSON.stringify(stats())}`,
  );

/**
 * Asks a thousand targets, twenty at the same time: only so many of their connections are kept, and none for ever.
 *
 * @param {(i: number) => Promise<void>} ask one of them
 * @param {number} milliseconds until nothing may be left
 */
async function givesUpIdle(ask, milliseconds) {
  let most = 0;
  for (let i = 0; i < 1000; i += 20) {
    await all(20, (j) => ask(i + j));
    most = Math.max(most, stats().idleConnections);
  }
  expect(most).toBeGreaterThan(500);
  expect(most).toBeLessThanOrEqual(1024);
  // The targets keep them for ever; we do not.
  await eventually(
    () => stats().connections === 0,
    () => JSON.stringify(stats()),
    milliseconds,
  );
}

module.exports = { deserted, givesUpIdle, released, stats };
