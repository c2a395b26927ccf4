'use strict';

/**
 * The rows A that the door forwards, once more: what it sends to the target is shown to independent servers. Each of them sees exactly the
 * one request that was meant, or refuses it.
 */

const { closeAll } = require('../support/peers.js');
const { onForwarded } = require('../support/doors.js');
const { judged, missingJudges, startJudges } = require('../support/judges.js');

if (process.env.NIGHTLY) {
  let judges;
  const verdicts = {};

  beforeAll(async () => {
    const missing = missingJudges();
    if (missing.length > 0) throw new Error(`Please install: ${missing.join(', ')}`);
    judges = await startJudges();
    onForwarded(judge);
  }, 60_000);

  async function judge(bytes, request) {
    const [method, target] = request.start.split(' ');
    for (const [name, one] of Object.entries(judges)) {
      const { passesOn = (same) => same } = one;
      const meant = { method, target: passesOn(target), host: request.values('host')[0], body: request.body };
      const { status, seen } = await judged(one, bytes);
      verdicts[name] ??= { seen: 0, refused: 0 };
      if (status >= 400 && seen.length === 0) verdicts[name].refused += 1;
      else {
        verdicts[name].seen += 1;
        expect([name, ...seen.map(normal)]).toEqual([name, normal(meant)]);
      }
    }
  }

  /** Letters' case, the root's dot and the default port make no other host. */
  const normal = ({ host, ...others }) => ({
    ...others,
    host: host.toLowerCase().replace(/:80$/, '').replace(/\.$/, ''),
  });

  // Their tests, with judges behind them.
  require('./a-framing.test.js');
  require('./a-lines.test.js');
  require('./a-targets.test.js');

  test('every judge has seen most of them', () => {
    expect(Object.keys(verdicts)).toHaveLength(6);
    for (const { seen, refused } of Object.values(verdicts)) expect(seen).toBeGreaterThan(refused * 10);
  });

  afterAll(async () => {
    onForwarded(undefined);
    await closeAll();
    await Promise.all(Object.values(judges ?? {}).map(({ end }) => end()));
  });
} else test.skip('independent servers judge what is forwarded (NIGHTLY=1)', () => {});
