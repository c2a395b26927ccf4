'use strict';

/**
 * Autobahn's cases, directly and through the proxy: what passes, and what does not, is the same. What they send is for a WebSocket server
 * to judge; the proxy must not.
 */

const { runCases } = require('../support/kosoku.js');
const { FACES, echoServer, endTunnels, tunnelBench } = require('../support/upgrades.js');

afterEach(endTunnels);

/** Frames, pings, fragments, UTF-8, closes. Those left out, of sizes and compression, take many minutes. */
const GROUPS = [1, 2, 3, 4, 5, 6, 7, 10];
const CASES = process.env.NIGHTLY ? ['*'] : GROUPS.map((group) => `${group}.*`);
const MOST_MILLISECONDS = process.env.NIGHTLY ? 1_800_000 : 120_000;

/** The largest message of all cases, and the one in the most pieces. */
const LIMITS = { maxPayload: 16 * 2 ** 20, maxFragments: 2 ** 17 };

async function target() {
  const echo = await echoServer({ ...LIMITS, perMessageDeflate: true });
  // Of what is sent to it on purpose.
  echo.server.on('connection', (socket) => socket.on('error', () => {}));
  return echo;
}

let direct;

beforeAll(async () => {
  direct = await runCases((await target()).url, CASES);
  await endTunnels();
}, MOST_MILLISECONDS);

test('directly, every case passes', () => {
  expect(direct.passed).toEqual(direct.cases);
  expect(direct.cases.length).toBeGreaterThanOrEqual(247);
});

/** kosoku speaks no TLS; how a tunnel is bridged does not depend on what for. */
const HOW = {
  adopted: { way: 'adopted' },
  bridged: { way: 'bridged for a listener' },
  'with a hook that passes each message': { way: 'adopted', on: { wsMessage() {} } },
};

describe.each(Object.keys(FACES))('%s', (face) => {
  test.each(Object.keys(HOW))(
    '%s: what passes directly passes through it',
    async (how) => {
      const { way, on } = HOW[how];
      const { url } = await target();
      const { port } = await tunnelBench({ target: url, on: { error() {}, ...on } }, { face, way });
      expect(await runCases(`ws://127.0.0.1:${port}`, CASES)).toEqual(direct);
    },
    MOST_MILLISECONDS,
  );
});
