'use strict';

/**
 * `node scripts/kosoku.js`: installs kosoku, which runs Autobahn's WebSocket cases, into a virtual environment of Python's under target/.
 * Does nothing, and says nothing, when it is there.
 */

const fs = require('node:fs');
const path = require('node:path');
const { ROOT, StepError, ask, main, run } = require('./steps.js');

const VERSION = '0.1.0';
const FOLDER = path.join(ROOT, 'target', 'kosoku');
const PYTHON = path.join(FOLDER, 'bin', 'python');

const MISSING =
  'Python 3 with its venv module is needed for the WebSocket cases. ' +
  'Debian and Ubuntu: sudo apt-get install python3 python3-venv · macOS: brew install python';

function installKosoku() {
  if (installedVersion() === VERSION) return;
  // Debian's python3 lacks ensurepip without python3-venv, and would leave half an environment.
  if (ask('python3', ['-c', 'import venv, ensurepip']) === null) throw new StepError(MISSING);
  run('Making a virtual environment for kosoku', 'python3', ['-m', 'venv', '--clear', FOLDER]);
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
  const source = ['--no-deps', '--only-binary', ':all:', `kosoku==${VERSION}`];
  run(`Installing kosoku ${VERSION} from PyPI, which must be reachable`, PYTHON, [...args, ...source]);
}

function installedVersion() {
  if (!fs.existsSync(PYTHON)) return null;
  return ask(PYTHON, ['-c', 'from importlib.metadata import version; print(version("kosoku"))']);
}

if (require.main === module) main(installKosoku);

module.exports.installKosoku = installKosoku;
