'use strict';

/** `npm run bench`: this package beside the originals in one run. How and why: README.md. */

const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { HELP, readOptions } = require('./options.js');
const { describeMachine, labelOf, pinning } = require('./machine.js');
const { measureScenario } = require('./measure.js');
const { scenarioTable, goalTable } = require('./report.js');

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    console.log(HELP);
    return;
  }
  if (
    spawnSync('sh', [path.join(__dirname, 'setup.sh')], { stdio: ['ignore', 'ignore', 'inherit'] }).status !==
    0
  ) {
    throw new Error('a program the benchmark needs is missing');
  }
  const pins = pinning(options.pin);
  const format = options.markdown ? 'markdown' : 'terminal';
  const machine = describeMachine();
  const settings = `median of ${options.rounds} rounds of ${options.seconds} s, ${options.pin ? 'pinned' : 'not pinned'}`;
  console.log(`${machine}; ${settings}\n`);

  const measured = new Map();
  for (const scenario of options.scenarios) {
    const { measure = measureScenario } = scenario;
    const results = await measure(scenario, options, pins, showProgress);
    showProgress('');
    measured.set(scenario.name, { scenario, results });
    console.log(scenarioTable(scenario, results, labelOf, format));
  }
  console.log(goalTable(measured, format));
  if (options.json) writeJson(options.json, { machine, settings, scenarios: [...measured.values()] });
  const failed = [...measured.values()].some(({ results }) =>
    results.some(({ failure }) => failure !== null),
  );
  if (failed) process.exitCode = 1;
}

/** Only where somebody watches: a file should hold the tables alone. */
function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function writeJson(file, { machine, settings, scenarios }) {
  const slim = scenarios.map(({ scenario, results }) => ({
    scenario: scenario.name,
    results: results.map(({ contestant, rounds, failure }) => ({ name: contestant.name, rounds, failure })),
  }));
  fs.writeFileSync(file, `${JSON.stringify({ machine, settings, scenarios: slim }, null, 2)}\n`);
}

// Ending through `exit` takes the contestants along.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
