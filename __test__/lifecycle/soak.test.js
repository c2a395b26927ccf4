'use strict';

/** Many requests, one in ten of them aborted, leave nothing behind. */

const { closeAll } = require('../support/peers.js');
const { startChild } = require('../support/child.js');
const { loadTarget, mixedLoad } = require('../support/load.js');

afterEach(closeAll);

const MIB = 1 << 20;
const REQUESTS = process.env.NIGHTLY ? 1_000_000 : 100_000;
const CLIENTS = 64;

/** What is open, once idle connections have expired. */
async function settled(ask) {
  for (let i = 0; ; i += 1) {
    const report = await ask('report');
    if (i > 100 || (report.stats.connections === 0 && report.stats.exchanges === 0)) return report;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test.each([
  ['no listeners on the way', {}],
  ['listeners that see every request', { hooks: true }],
])(
  `${REQUESTS} requests, one in ten aborted, with %s: descriptors, handles, listeners, gauges and memory are those of before`,
  async (_what, settings) => {
    const requests = settings.hooks ? REQUESTS / 5 : REQUESTS;
    const { url } = await loadTarget();
    const { ask } = startChild('proxy.js', {
      args: [JSON.stringify({ target: url }), JSON.stringify(settings)],
      // V8 sizes its young generation by what it has seen; a fixed one leaves what would be ours.
      execArgv: ['--expose-gc', '--max-semi-space-size=2'],
    });
    const port = await ask('port');
    // What grows once, grows here.
    await mixedLoad(port, { requests: Math.max(requests / 5, 10_000), clients: CLIENTS });
    const before = await settled(ask);
    const tally = await mixedLoad(port, { requests, clients: CLIENTS });
    const after = await settled(ask);

    expect(tally).toEqual({ served: requests * 0.9, failed: 0, aborted: requests * 0.1 });
    expect(after.counts.errors).toBe(0);
    expect(after.stats).toMatchObject({ exchanges: 0, connections: 0, idleConnections: 0, panics: 0 });
    expect(after.stats.exchangesStarted - before.stats.exchangesStarted).toBeGreaterThan(requests * 0.9);
    const { descriptors, resources, listeners } = before;
    expect(after).toMatchObject({ descriptors, resources, listeners });
    const growth = Object.fromEntries(
      Object.entries(after.memory).map(([kind, bytes]) => [kind, (bytes - before.memory[kind]) / MIB]),
    );
    if (process.env.VERBOSE) console.log(growth);
    expect(growth.heapUsed).toBeLessThan(1);
    expect(growth.external).toBeLessThan(1);
    expect(growth.rss).toBeLessThan(8);
  },
  process.env.NIGHTLY ? 900_000 : 120_000,
);
