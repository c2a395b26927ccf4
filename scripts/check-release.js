'use strict';

/** Before anything is published: every platform folder has its binary, and every version is the same. */

const fs = require('node:fs');
const path = require('node:path');
const { ROOT, StepError, main } = require('./steps.js');

function checkRelease() {
  const root = manifest('.');
  const folders = fs.readdirSync(path.join(ROOT, 'npm')).map((name) => path.join('npm', name));
  const problems = folders.flatMap((folder) => problemsOf(folder, root));
  if (folders.length !== root.napi.targets.length) {
    problems.push(`${root.napi.targets.length} targets, but ${folders.length} folders in npm`);
  }
  if (problems.length > 0) throw new StepError(`not ready to be published:\n  ${problems.join('\n  ')}`);
  console.log(`${folders.length} platforms, version ${root.version}`);
}

function problemsOf(folder, root) {
  const { main: binary, version } = manifest(folder);
  const problems = [];
  if (!fs.existsSync(path.join(ROOT, folder, binary))) problems.push(`${folder}: ${binary} is missing`);
  if (version !== root.version) problems.push(`${folder}: version ${version}, not ${root.version}`);
  return problems;
}

function manifest(folder) {
  return JSON.parse(fs.readFileSync(path.join(ROOT, folder, 'package.json'), 'utf8'));
}

main(checkRelease);
