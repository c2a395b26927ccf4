'use strict';

/**
 * Autobahn's cases through the native door, whose tunnels are the engine's from end to end. Directly every one passes
 * (websockets/autobahn.test.js); so it must here.
 */

const { CASES, LEAST_CASES, MOST_MILLISECONDS, caseTarget, runCases } = require('../support/kosoku.js');
const { openDoor } = require('../support/doors.js');
const { endTunnels } = require('../support/upgrades.js');

afterEach(endTunnels);

const FEW = process.env.NIGHTLY ? CASES : ['1.*', '5.*'];

/** Listeners, for which a handshake is handed over to Node, and which cases are enough to see that nothing else differs. */
const HOW = {
  'by the engine alone': { on: {}, cases: CASES },
  'handed over to a listener': { on: { proxyReqWs() {}, error() {} }, cases: FEW },
  'with a hook that passes each message': { on: { wsMessage() {}, error() {} }, cases: FEW },
};

test.each(Object.keys(HOW))(
  'every case passes, %s',
  async (how) => {
    const { on, cases: chosen } = HOW[how];
    const { port: targetPort } = await caseTarget();
    const { port, proxy } = await openDoor({ target: `http://127.0.0.1:${targetPort}`, ws: true });
    for (const [event, listener] of Object.entries(on)) proxy.on(event, listener);
    const { cases, failed } = await runCases(`ws://127.0.0.1:${port}`, chosen);
    expect(failed).toEqual({});
    expect(cases.length).toBeGreaterThanOrEqual(chosen === FEW ? 1 : LEAST_CASES);
    const { forwarded, handedOver } = proxy.stats().door;
    expect(forwarded > 0).toBe(on.error === undefined);
    expect(handedOver > 0).toBe(on.error !== undefined);
  },
  MOST_MILLISECONDS,
);
