'use strict';

/**
 * `npm test`: set-up, the engine's Rust tests, jest, and one total as the last line. `npm test -- <jest arguments>` leaves the Rust tests out;
 * `--nightly` runs them with the binding, which has none of its own, and jest's long tests too.
 */

const fs = require('node:fs');
const path = require('node:path');
const { ROOT, StepError, heading, main, runAndRead } = require('./steps.js');
const { checkRust, npm, setup } = require('./setup.js');
const { jest } = require('./jest.js');
const { installKosoku } = require('./kosoku.js');

const RESULTS = path.join(ROOT, 'target', 'jest.json');

async function test(args) {
  setup();
  const jestArgs = args.filter((arg) => arg !== '--nightly');
  const isNightly = args.includes('--nightly');
  const env = isNightly ? { NIGHTLY: '1' } : {};
  checkRust();
  const phases = [];
  if (isNightly) phases.push(await rustPhase('Rust: the engine with the Node.js binding'));
  else if (args.length === 0) phases.push(await rustPhase('Rust: the engine alone', '--no-default-features'));
  phases.push(kosokuPhase(), await faultsPhase(), await jestPhase(jestArgs, env));
  report(phases);
}

async function rustPhase(title, ...args) {
  const { output, failure } = await runAndRead(title, 'cargo', [
    'test',
    '--locked',
    '--no-fail-fast',
    ...args,
  ]);
  return { title, failure, ...countCargo(output) };
}

/** The addon with faults on purpose, in target/faults, for the tests of what happens then. */
async function faultsPhase() {
  const title = 'Building the addon with faults';
  const { failure } = await runAndRead(title, process.execPath, [
    ...npm(),
    'run',
    '--silent',
    'build:faults',
  ]);
  return { title, failure, passed: 0, failed: 0, skipped: 0 };
}

/** What runs the WebSocket cases of Autobahn. Without it only their test fails. */
function kosokuPhase() {
  const phase = { title: 'Installing kosoku', failure: null, passed: 0, failed: 0, skipped: 0 };
  try {
    installKosoku();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    phase.failure = error.message;
  }
  return phase;
}

async function jestPhase(args, env) {
  const title = 'JavaScript';
  fs.mkdirSync(path.dirname(RESULTS), { recursive: true });
  fs.rmSync(RESULTS, { force: true });
  const command = jest(['--json', `--outputFile=${RESULTS}`, ...args]);
  const { failure } = await runAndRead(title, process.execPath, command, { env });
  return { title, failure, ...countJest() };
}

function countCargo(output) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [, passed, failed, ignored] of output.matchAll(
    /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm,
  )) {
    counts.passed += Number(passed);
    counts.failed += Number(failed);
    counts.skipped += Number(ignored);
  }
  return counts;
}

function countJest() {
  if (!fs.existsSync(RESULTS)) return { passed: 0, failed: 0, skipped: 0 };
  const results = JSON.parse(fs.readFileSync(RESULTS, 'utf8'));
  return {
    passed: results.numPassedTests,
    // A file that could not be loaded has no tests to count.
    failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

function report(phases) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  heading('Total');
  for (const { title, failure, passed, failed, skipped } of phases) {
    // What did not compile, or died, ran no test that could fail.
    const failures = failure && failed === 0 ? 1 : failed;
    console.log(`${failure ? '✗' : '✓'} ${title}${failure ? `: ${failure}` : ''}`);
    total.passed += passed;
    total.failed += failures;
    total.skipped += skipped;
  }
  if (total.failed > 0 || total.passed === 0) process.exitCode = 1;
  const skips = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  console.log(`${total.passed} passed, ${total.failed} failed${skips}`);
}

main(() => test(process.argv.slice(2)));
