'use strict';

/** Runs every scenario with every implementation that has it, several at a time. */

const fs = require('node:fs');
const path = require('node:path');
const { loadOriginals, loadOurs } = require('./implementations.js');
const { factsOf } = require('./normalise.js');
const { ORIGINALS } = require('./originals.js');
const { run } = require('./run.js');
const { runUpgrade } = require('./run-upgrade.js');
const { closedPort } = require('./upstream.js');

const SCENARIOS = path.join(__dirname, '..', 'scenarios');

/** Most runs wait for a moment, so that more of them than there are processors go well together. */
const AT_A_TIME = 24;

/** Every scenario, with its full name and the originals that have it. */
function allScenarios() {
  return fs
    .readdirSync(SCENARIOS)
    .sort()
    .flatMap((file) => {
      const theme = path.basename(file, '.js');
      return require(path.join(SCENARIOS, file)).map((scenario) => ({
        ...scenario,
        name: `${theme}: ${scenario.name}`,
        originals: scenario.originals ?? ORIGINALS,
      }));
    });
}

/**
 * What came of each run: facts by implementation (`unlistened` is ours with no listener but for `error`), or the harness's own error.
 *
 * @param {import('./run.js').Scenario[]} scenarios
 * @param {{ withOurs?: boolean }} [settings]
 * @returns {Promise<Map<string, Record<string, Record<string, string> | Error>>>}
 */
async function runEverything(scenarios, { withOurs = true } = {}) {
  const originals = await loadOriginals();
  const ours = withOurs ? loadOurs() : undefined;
  const closed = await closedPort();
  const results = new Map(scenarios.map(({ name }) => [name, {}]));
  const runs = scenarios.flatMap((scenario) => {
    const those = originals.filter(({ name }) => scenario.originals.includes(name));
    const one = (key, implementation, settings) => async () => {
      const course = scenario.isUpgrade ? runUpgrade : run;
      const outcome = await course(scenario, implementation, { closed: closed.port, ...settings }).then(
        (observed) => factsOf(observed, scenario),
        (error) => error,
      );
      results.get(scenario.name)[key] = outcome;
    };
    const list = those.map((original) => one(original.name, original));
    if (ours) list.push(one('ours', ours), one('unlistened', ours, { listening: false }));
    return list;
  });
  await severalAtATime(runs);
  await closed.close();
  return results;
}

/** @param {(() => Promise<void>)[]} runs */
async function severalAtATime(runs) {
  const queue = runs[Symbol.iterator]();
  const work = async () => {
    for (const next of queue) await next();
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
}

module.exports = { allScenarios, runEverything, severalAtATime };
