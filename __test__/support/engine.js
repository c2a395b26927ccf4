'use strict';

/** What is open in the engine of the test's own process. */

const { createProxyServer } = require('../../index.js');
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

module.exports = { deserted, released, stats };
