'use strict';

/** Runs every scenario with every version that has it, several at a time. */

const fs = require('node:fs');
const path = require('node:path');
const { severalAtATime } = require('../../harness/everything.js');
const { HPM_2, MIDDLEWARES } = require('../../harness/originals.js');
const { closedPort } = require('../../harness/upstream.js');
const { run } = require('./run.js');
const { OURS, loadVersions } = require('./versions.js');

const SCENARIOS = path.join(__dirname, '..', 'scenarios');

/** Every scenario, with its full name and the versions that have it. */
function allScenarios() {
  return fs
    .readdirSync(SCENARIOS)
    .sort()
    .flatMap((file) => {
      const theme = path.basename(file, '.js');
      return require(path.join(SCENARIOS, file)).map((scenario) => ({
        ...scenario,
        name: `${theme}: ${scenario.name}`,
        originals: scenario.originals ?? MIDDLEWARES,
      }));
    });
}

/** The one of ours that a version is compared with. */
const counterpart = (original) => OURS[original === HPM_2 ? 1 : 0].name;

/**
 * What came of each run: facts by version (`unrecorded` is ours without plugin and logger), or the harness's own error.
 *
 * @param {import('./run.js').Scenario[]} scenarios
 * @returns {Promise<Map<string, Record<string, Record<string, string> | Error>>>}
 */
async function runEverything(scenarios) {
  const versions = [...(await loadVersions()), ...OURS];
  const closed = await closedPort();
  const results = new Map(scenarios.map(({ name }) => [name, {}]));
  const one = (scenario, key, version, recording) => async () => {
    const settings = { closed: closed.port, recording };
    results.get(scenario.name)[key] = await run(scenario, version, settings).catch((error) => error);
  };
  const scenariosOf = (version) =>
    scenarios.filter(({ originals }) =>
      originals.some((original) => [original, counterpart(original)].includes(version.name)),
    );
  const runsOf = (version) =>
    scenariosOf(version).map((scenario) => one(scenario, version.name, version, true));
  const unrecorded = scenarios
    .filter(isComparableUnrecorded)
    .map((scenario) => one(scenario, 'unrecorded', OURS[0], false));
  const old = versions.filter(({ isOld }) => isOld);
  const today = versions.filter(({ isOld }) => !isOld);
  await Promise.all([
    severalAtATime([...today.flatMap(runsOf), ...unrecorded]),
    // Version 2 has one logger for all of a process, and so has ours by its rules.
    ...old.map(async (version) => {
      for (const scenario of scenariosOf(version)) {
        await one(scenario, version.name, version, true)();
        // What is said of requests that were given up is not the next one's.
        if (scenario.patience !== undefined || scenario.leaves || scenario.upgrade) await moment();
      }
    }),
  ]);
  await closed.close();
  return results;
}

const moment = () => new Promise((resolve) => setTimeout(resolve, 100));

/** Where ours by today's rules is called with options, and listeners do not matter. */
function isComparableUnrecorded({ args, originals, unheard }) {
  return args === undefined && !unheard && originals.some((original) => original !== HPM_2);
}

module.exports = { allScenarios, counterpart, isComparableUnrecorded, runEverything };
