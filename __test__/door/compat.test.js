'use strict';

/** Applications behind the native door: every scenario of the middleware has the same facts there as without the door. */

const { Table, differencesOf } = require('../compat/harness/compare.js');
const { severalAtATime } = require('../compat/harness/everything.js');
const { closedPort } = require('../compat/harness/upstream.js');
const { HPM_2 } = require('../compat/harness/originals.js');
const { allScenarios } = require('../compat/middleware/harness/everything.js');
const { run } = require('../compat/middleware/harness/run.js');
const { OURS } = require('../compat/middleware/harness/versions.js');

/** Where the door has answered before the application could be asked (docs/decisions/0005-native-door.md), or frames what it did not. */
const DIFFERENCES = [
  {
    id: 'refused',
    scenarios: [
      'errors: nobody listens, markup in the *',
      'filters: a backslash',
      'filters: a glob of an extension without a slash',
      'filters: a path',
      'filters: what a function is given',
      'logs: nobody listens, markup',
    ],
    where: ['*'],
  },
  { id: 'OPTIONS *', scenarios: ['filters: OPTIONS of everything*'], where: ['*'] },
  {
    id: 'a raw answer without a length',
    scenarios: ['upgrades: nobody listens, a listener'],
    where: ['upgrade fields', 'upgrade tunnel'],
  },
].map((entry) => ({ ...entry, originals: ['ours'] }));

const scenarios = allScenarios().filter(({ originals }) => originals.some((original) => original !== HPM_2));
const table = new Table(DIFFERENCES);
const results = new Map();

beforeAll(async () => {
  const closed = await closedPort();
  const runs = scenarios.flatMap((scenario) => {
    const facts = {};
    results.set(scenario.name, facts);
    return [false, true].map((isBehindDoor) => async () => {
      const settings = { closed: closed.port, isBehindDoor };
      facts[isBehindDoor] = await run(scenario, OURS[0], settings).catch((error) => error);
    });
  });
  await severalAtATime(runs);
  await closed.close();
}, 120_000);

test.each(scenarios.map(({ name }) => name))('%s', (name) => {
  const { false: alone, true: behind } = results.get(name);
  for (const facts of [alone, behind]) if (facts instanceof Error) throw facts;
  expect(table.unexplained(name, 'ours', differencesOf(alone, behind))).toEqual([]);
});

test('every row of the table of differences explains one', () => {
  expect(table.unused()).toEqual([]);
});
