'use strict';

/**
 * Faults that take their time, by the numbers that the catalogue gives them, over each way to the native door. All of them are begun at once.
 */

const { setTimeout: pause } = require('node:timers/promises');
const { OK } = require('../support/doors.js');
const { DOOR_WAYS, overEachWay } = require('../support/door-ways.js');
const { givesUpIdle } = require('../support/engine.js');
const { all } = require('../support/http2.js');
const { closeAll, httpServer, rawTarget } = require('../support/peers.js');

afterAll(closeAll);

const ok = { status: 200, text: 'ok', end: 'whole' };
/** Five seconds each. */
const ROUNDS = process.env.NIGHTLY ? 120 : 1;

const FAULTS = {
  'F-44 a Node server that keeps connections for five seconds, asked every five seconds: no error':
    overEachWay(async ({ open }) => {
      const target = await httpServer((req, res) => res.end('ok'));
      target.server.keepAliveTimeout = 5000;
      const { client, proxy } = await open({ target: target.url }, { keepAliveTimeout: 60_000 });
      await all(5, async (lane) => {
        // Around the moment at which the target closes.
        await pause(lane);
        for (let i = 0; i <= ROUNDS; i += 1) {
          const [method, body] = lane % 2 ? ['POST', 'work'] : ['GET', ''];
          expect(await client.ask({ method, body }).over()).toEqual(ok);
          if (i < ROUNDS) await pause(5000);
        }
      });
      expect(proxy.stats().door.failed).toBe(0);
    }),

  async 'F-46 a thousand origins, asked once each: their connections are given up, and none is left'() {
    const routes = [];
    for (let i = 0; i < 1000; i += 1) {
      const target = await rawTarget((connection) => connection.onRequest(() => connection.socket.write(OK)));
      routes.push({ path: `/${i}`, target: target.url });
    }
    const settings = { routes, maxRequestsPerSocket: 1e6, keepAliveTimeout: 60_000 };
    const clients = [];
    for (const { open } of DOOR_WAYS) clients.push((await open({}, settings)).client);
    await givesUpIdle(
      async (i) => {
        // The pool is one for all doors.
        const client = clients[Math.floor(i / 20) % clients.length];
        expect(await client.ask({ path: `/${i}` }).over()).toEqual(ok);
      },
      ROUNDS * 5000 + 15_000,
    );
  },
};

const running = new Map();

beforeAll(() => {
  for (const [title, run] of Object.entries(FAULTS)) {
    const outcome = run();
    // Its test says so, when its turn comes.
    outcome.catch(() => {});
    running.set(title, outcome);
  }
});

test.each(Object.keys(FAULTS))('%s', (title) => running.get(title), ROUNDS * 5000 + 60_000);
