'use strict';

/**
 * Every scenario with the versions of http-proxy-middleware that have it, and with ours: what the target receives, what the client gets,
 * which events there are with which arguments, what is said and what is handed on must be the same, except for what `differences.js` lists.
 */

const { isDeepStrictEqual } = require('node:util');
const DIFFERENCES = require('./differences.js');
const { runAgainWhatDiffers } = require('../harness/again.js');
const { Table, differencesOf } = require('../harness/compare.js');
const {
  allScenarios,
  counterpart,
  isComparableUnrecorded,
  runEverything,
} = require('./harness/everything.js');

const scenarios = allScenarios();
const table = new Table(DIFFERENCES);
let results;

beforeAll(async () => {
  results = await runAgainWhatDiffers(scenarios, runEverything, differs);
}, 360_000);

/** Whether any of its tests would fail. */
function differs(scenario, facts) {
  if (Object.values(facts).some((one) => one instanceof Error)) return true;
  const fresh = new Table(DIFFERENCES);
  const { name, originals } = scenario;
  const isExplained = (original) =>
    fresh.unexplained(name, original, differencesOf(facts[original], facts[counterpart(original)])).length ===
    0;
  const isSame = !isComparableUnrecorded(scenario) || isDeepStrictEqual(...unrecorded(facts));
  return !originals.every(isExplained) || !isSame;
}

/** Without plugin and logger, and what is expected of it. */
function unrecorded({ ours, unrecorded: facts }) {
  const { events, log } = ours;
  return [{ ...facts, events, log }, ours];
}

/** What came of a run; a harness that failed fails the test. */
function factsOf(scenario, version) {
  const facts = results.get(scenario)[version];
  if (facts instanceof Error) throw facts;
  return facts;
}

test('there are scenarios enough, and no name stands twice', () => {
  expect(scenarios.length).toBeGreaterThanOrEqual(200);
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
});

const compared = scenarios.flatMap(({ name, originals }) => originals.map((original) => [name, original]));

test.each(compared)('%s, as %s', (name, original) => {
  const differences = differencesOf(factsOf(name, original), factsOf(name, counterpart(original)));
  expect(table.unexplained(name, original, differences)).toEqual([]);
});

test.each(scenarios.filter(isComparableUnrecorded).map(({ name }) => name))(
  '%s, the same when nobody listens',
  (name) => {
    const [facts, expected] = unrecorded({
      ours: factsOf(name, 'ours'),
      unrecorded: factsOf(name, 'unrecorded'),
    });
    expect(facts).toEqual(expected);
  },
);

test('every row of the table of differences explains one', () => {
  expect(table.unused()).toEqual([]);
});
