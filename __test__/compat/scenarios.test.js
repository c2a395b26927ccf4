'use strict';

/**
 * Every scenario with the packages that we stand in for, and with ours: what the target receives, what the client gets and which events
 * there are must be the same, except for what `differences.js` lists.
 */

const { isDeepStrictEqual } = require('node:util');
const DIFFERENCES = require('./differences.js');
const { runAgainWhatDiffers } = require('./harness/again.js');
const { Table, differencesOf } = require('./harness/compare.js');
const { allScenarios, runEverything } = require('./harness/everything.js');

const scenarios = allScenarios();
const table = new Table(DIFFERENCES);
let results;

beforeAll(async () => {
  results = await runAgainWhatDiffers(scenarios, runEverything, differs);
}, 360_000);

/** Whether any of its tests would fail. */
function differs({ name, originals }, facts) {
  if (Object.values(facts).some((one) => one instanceof Error)) return true;
  const fresh = new Table(DIFFERENCES);
  const isExplained = (original) =>
    fresh.unexplained(name, original, differencesOf(facts[original], facts.ours)).length === 0;
  return !originals.every(isExplained) || !isDeepStrictEqual(...unlistened(facts));
}

/** With no listener but for `error`, and what is expected of it. */
function unlistened({ ours, unlistened: facts }) {
  return [{ ...facts, events: ours.events }, ours];
}

/** What came of a run; a harness that failed fails the test. */
function factsOf(scenario, implementation) {
  const facts = results.get(scenario)[implementation];
  if (facts instanceof Error) throw facts;
  return facts;
}

test('there are scenarios enough, and no name stands twice', () => {
  expect(scenarios.length).toBeGreaterThanOrEqual(150);
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
});

const compared = scenarios.flatMap(({ name, originals }) => originals.map((original) => [name, original]));

test.each(compared)('%s, as %s', (name, original) => {
  const differences = differencesOf(factsOf(name, original), factsOf(name, 'ours'));
  expect(table.unexplained(name, original, differences)).toEqual([]);
});

test.each(scenarios.map(({ name }) => name))('%s, the same when nobody listens', (name) => {
  const [facts, expected] = unlistened({
    ours: factsOf(name, 'ours'),
    unlistened: factsOf(name, 'unlistened'),
  });
  expect(facts).toEqual(expected);
});

test('every row of the table of differences explains one', () => {
  expect(table.unused()).toEqual([]);
});
