'use strict';

/** Runs the programs a script is made of, one after the other, each under a heading. Built-in modules only. */

const path = require('node:path');
const { spawn, spawnSync } = require('node:child_process');

const ROOT = path.join(__dirname, '..');

/** What a person can mend: its message is shown without a stack. */
class StepError extends Error {}

/** Runs to the end with the terminal's own input and output; throws when it fails. */
function run(title, command, args, { env = {} } = {}) {
  heading(title);
  const result = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } });
  const failure = describeFailure(command, result);
  if (failure) throw new StepError(`${title}: ${failure}`);
}

/** Runs to the end, shows the output as it comes, and gives `{ output, failure }`; never throws. */
function runAndRead(title, command, args, { env = {} } = {}) {
  heading(title);
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      stdio: ['inherit', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      process.stdout.write(text);
    });
    child.on('error', (error) => resolve({ output, failure: describeFailure(command, { error }) }));
    child.on('close', (status, signal) =>
      resolve({ output, failure: describeFailure(command, { status, signal }) }),
    );
  });
}

/** The output of a program that says something about itself, or null when it cannot be run. */
function ask(command, args) {
  const result = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' });
  return result.status === 0 ? result.stdout.trim() : null;
}

/** Arguments for Node that start a program of an installed package, whatever the platform's shell. */
function packageProgram(packageName, program) {
  const manifest = require.resolve(`${packageName}/package.json`, { paths: [ROOT] });
  const { bin } = require(manifest);
  return path.join(path.dirname(manifest), typeof bin === 'string' ? bin : bin[program]);
}

function heading(title) {
  const bold = process.stdout.isTTY && !process.env.NO_COLOR;
  process.stdout.write(bold ? `\n\x1b[1m▸ ${title}\x1b[0m\n` : `\n▸ ${title}\n`);
}

function describeFailure(command, { error, status, signal }) {
  if (error) return `${command} could not be started (${error.code ?? error.message})`;
  if (signal) return `${command} was ended by ${signal}`;
  return status === 0 ? null : `${command} ended with status ${status}`;
}

/** Starts a script: what a person can mend becomes one line, everything else keeps its stack. */
async function main(body) {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    process.stderr.write(`\n✗ ${error.message}\n`);
    process.exitCode = 1;
  }
}

module.exports.ROOT = ROOT;
module.exports.StepError = StepError;
module.exports.run = run;
module.exports.runAndRead = runAndRead;
module.exports.ask = ask;
module.exports.packageProgram = packageProgram;
module.exports.heading = heading;
module.exports.main = main;
