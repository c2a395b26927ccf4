'use strict';

/** How often a scenario that differs is run once more. */
const TURNS = 2;

/**
 * Runs every scenario, and those that differ once more, alone: among many others, on a busy machine, what a peer waits for may come too late.
 * A difference that is there is there again.
 *
 * @template {{ name: string }} S
 * @param {S[]} scenarios
 * @param {(scenarios: S[]) => Promise<Map<string, Record<string, Record<string, string> | Error>>>} runEverything
 * @param {(scenario: S, facts: Record<string, Record<string, string> | Error>) => boolean} differs
 */
async function runAgainWhatDiffers(scenarios, runEverything, differs) {
  const results = await runEverything(scenarios);
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const scenario of scenarios) {
      const { name } = scenario;
      if (differs(scenario, results.get(name)))
        results.set(name, (await runEverything([scenario])).get(name));
    }
  }
  return results;
}

module.exports = { runAgainWhatDiffers };
