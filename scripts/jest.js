'use strict';

/** Runs jest, and nothing before it: `npm run test:js -- [jest's own arguments]`. */

const { spawnSync } = require('node:child_process');
const { ROOT, packageProgram } = require('./steps.js');

/** Arguments for Node. Some packages that tests compare with are ES modules, which jest loads only with this flag. */
function jest(args) {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  return [...flags, packageProgram('jest', 'jest'), ...args];
}

if (require.main === module) {
  process.exitCode =
    spawnSync(process.execPath, jest(process.argv.slice(2)), { cwd: ROOT, stdio: 'inherit' }).status ?? 1;
}

module.exports.jest = jest;
