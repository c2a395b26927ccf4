'use strict';

/**
 * Autobahn's cases, directly and through the proxy: what passes, and what does not, is the same. What they send is for a WebSocket server
 * to judge; the proxy must not.
 */

const http = require('node:http');
const { CASES, LEAST_CASES, MOST_MILLISECONDS, caseTarget, runCases } = require('../support/kosoku.js');
const { FACES, endTunnels, tunnelBench } = require('../support/upgrades.js');

afterEach(endTunnels);

let direct;

beforeAll(async () => {
  direct = await runCases((await caseTarget()).url, CASES);
  await endTunnels();
}, MOST_MILLISECONDS);

test('directly, every case passes', () => {
  expect(direct.failed).toEqual({});
  expect(direct.cases.length).toBeGreaterThanOrEqual(LEAST_CASES);
});

/** Connects as any other does, and is no plain one for all that. */
class OwnAgent extends http.Agent {}

/** kosoku speaks no TLS; how a tunnel is bridged does not depend on what for. */
const HOW = {
  adopted: { way: 'adopted' },
  bridged: { way: 'bridged for a listener' },
  'with a hook that passes each message': { way: 'adopted', on: { wsMessage() {} } },
  "with such a hook, over Node's client": { way: 'adopted', on: { wsMessage() {} }, agent: new OwnAgent() },
};

describe.each(Object.keys(FACES))('%s', (face) => {
  test.each(Object.keys(HOW))(
    '%s: what passes directly passes through it',
    async (how) => {
      const { way, on, agent } = HOW[how];
      const { url } = await caseTarget();
      const { port } = await tunnelBench({ target: url, agent, on: { error() {}, ...on } }, { face, way });
      expect(await runCases(`ws://127.0.0.1:${port}`, CASES)).toEqual(direct);
    },
    MOST_MILLISECONDS,
  );
});
