'use strict';

/** F-32 and F-33: a target that resets some of its connections, and one that is restarted, under load. */

const http = require('node:http');
const { setTimeout: pause } = require('node:timers/promises');
const { closeAll, httpServer, keepingAgent, onCleanUp } = require('../support/peers.js');
const { checkAfterwards, faultBench, request: requestAnyhow, takeBaseline } = require('../support/faults.js');
const { stats } = require('../support/engine.js');

beforeAll(takeBaseline);
afterEach(closeAll);

describe('F-32 latency and resets', () => {
  const [many, latency] = process.env.NIGHTLY ? [10_000, 100] : [3000, 3];

  test(
    `F-32 ${many} requests, one in ten reset: only what is idempotent is sent again`,
    async () => {
      const seen = new Map();
      let resets = 0;
      const target = await httpServer(async (req, res) => {
        const id = req.headers['x-id'];
        seen.set(id, (seen.get(id) ?? 0) + 1);
        await pause(latency);
        if (Math.random() < 0.1) {
          resets += 1;
          req.socket.resetAndDestroy();
        } else {
          res.end('done');
        }
      });
      target.server.keepAliveTimeout = 60_000;
      const bench = await faultBench('event', { target: target.url });
      const agent = keepingAgent({ maxSockets: 50 });
      const failed = { GET: 0, POST: 0, PUT: 0 };
      const one = async (i) => {
        const method = ['GET', 'POST', 'PUT'][i % 3];
        const body = method === 'GET' ? undefined : 'work';
        const { status } = await requestAnyhow(agent, bench.port, {
          method,
          headers: { 'x-id': `${method} ${i}` },
          body,
        });
        if (status !== 200) failed[method] += 1;
        expect([200, 502]).toContain(status);
      };
      let next = 0;
      const lane = async () => {
        while (next < many) await one((next += 1));
      };
      const before = stats().retries;
      await Promise.all(Array.from({ length: 50 }, lane));

      const repeated = [...seen].filter(([, count]) => count > 1);
      expect(repeated.filter(([id]) => id.startsWith('POST'))).toEqual([]);
      expect(Math.max(...repeated.map(([, count]) => count))).toBeLessThanOrEqual(2);
      // Every reset was either made good by one retry, or told once.
      const failures = failed.GET + failed.POST + failed.PUT;
      expect(failures).toBeLessThanOrEqual(resets);
      expect(failures + stats().retries - before).toBe(resets);
      expect(failed.POST).toBeGreaterThan(failed.GET);
      agent.destroy();
      await checkAfterwards(bench, { failures });
    },
    process.env.NIGHTLY ? 120_000 : 20_000,
  );
});

describe('F-33 the target is restarted', () => {
  const DOWN = process.env.NIGHTLY ? 2000 : 700;

  test('F-33 errors only while it is down, and no storm of connections afterwards', async () => {
    const listener = (req, res) => res.end('served');
    const first = await httpServer(listener);
    const bench = await faultBench('event', { target: first.url });
    const agent = keepingAgent({ maxSockets: 20 });
    const outcomes = [];
    let isOver = false;
    const lane = async () => {
      while (!isOver) {
        const began = Date.now();
        const { status } = await requestAnyhow(agent, bench.port);
        outcomes.push({ began, ended: Date.now(), status });
        await pause(2);
      }
    };
    const lanes = Array.from({ length: 20 }, lane);
    await pause(500);
    const down = Date.now();
    first.server.close();
    first.server.closeAllConnections();
    await pause(DOWN);
    const again = http.createServer(listener);
    await new Promise((resolve) => again.listen(first.port, '127.0.0.1', resolve));
    const up = Date.now();
    const connectionsBefore = stats().connectionsMade;
    await pause(700);
    isOver = true;
    await Promise.all(lanes);
    onCleanUp(() => {
      again.closeAllConnections();
      return new Promise((resolve) => again.close(resolve));
    });

    const failed = outcomes.filter(({ status }) => status !== 200);
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.filter(({ began, ended }) => ended < down || began > up)).toEqual([]);
    expect(outcomes.filter(({ began, status }) => began > up && status === 200).length).toBeGreaterThan(100);
    // One for each of the twenty clients; a few more where they overlap.
    expect(stats().connectionsMade - connectionsBefore).toBeLessThanOrEqual(40);
    agent.destroy();
    await checkAfterwards(bench, { failures: failed.length });
  });
});
