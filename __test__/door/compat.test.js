'use strict';

/** Applications behind the native door: every scenario of the middleware has the same facts there as without the door. */

const { runAgainWhatDiffers } = require('../compat/harness/again.js');
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
let results;

beforeAll(async () => {
  results = await runAgainWhatDiffers(scenarios, runBothWays, differs);
}, 360_000);

/** The facts of each scenario without the door, and behind it. */
async function runBothWays(some) {
  const closed = await closedPort();
  const both = new Map(some.map(({ name }) => [name, {}]));
  const one = (scenario, isBehindDoor) => async () => {
    const settings = { closed: closed.port, isBehindDoor };
    const facts = await run(scenario, OURS[0], settings).catch((error) => error);
    both.get(scenario.name)[isBehindDoor ? 'behind' : 'alone'] = facts;
  };
  await severalAtATime(some.flatMap((scenario) => [one(scenario, false), one(scenario, true)]));
  await closed.close();
  return both;
}

function differs({ name }, { alone, behind }) {
  if (alone instanceof Error || behind instanceof Error) return true;
  return new Table(DIFFERENCES).unexplained(name, 'ours', differencesOf(alone, behind)).length > 0;
}

test.each(scenarios.map(({ name }) => name))('%s', (name) => {
  const { alone, behind } = results.get(name);
  for (const facts of [alone, behind]) if (facts instanceof Error) throw facts;
  expect(table.unexplained(name, 'ours', differencesOf(alone, behind))).toEqual([]);
});

test('every row of the table of differences explains one', () => {
  expect(table.unused()).toEqual([]);
});
