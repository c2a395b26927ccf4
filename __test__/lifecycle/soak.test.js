'use strict';

/** Many requests, one in ten of them aborted, leave nothing behind. */

const { closeAll } = require('../support/peers.js');
const { startChild } = require('../support/child.js');
const { levelsOff } = require('../support/memory.js');
const { loadTarget, mixedLoad } = require('../support/load.js');

afterEach(closeAll);

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
    const { descriptors, resources, listeners } = before;
    let { exchangesStarted } = before.stats;
    const round = async () => {
      const tally = await mixedLoad(port, { requests, clients: CLIENTS });
      const after = await settled(ask);
      expect(tally).toEqual({ served: requests * 0.9, failed: 0, aborted: requests * 0.1 });
      expect(after.counts.errors).toBe(0);
      expect(after.stats).toMatchObject({ exchanges: 0, connections: 0, idleConnections: 0, panics: 0 });
      expect(after.stats.exchangesStarted - exchangesStarted).toBeGreaterThan(requests * 0.9);
      exchangesStarted = after.stats.exchangesStarted;
      expect(after).toMatchObject({ descriptors, resources, listeners });
      return after.memory;
    };
    await levelsOff(round, before.memory, { heapUsed: 1, external: 1, rss: 8 });
  },
  process.env.NIGHTLY ? 1_800_000 : 300_000,
);
