'use strict';

/** `npm run lint`: set-up, then every gate that is not a test. All of them run, whatever fails. */

const fs = require('node:fs');
const path = require('node:path');
const { ROOT, StepError, ask, heading, main, packageProgram, run } = require('./steps.js');
const { checkRust, setup } = require('./setup.js');

/** What the build and `napi create-npm-dirs` write, and git keeps. */
const GENERATED = ['lib/native/binding.js', 'lib/native/binding.d.ts', 'npm'];

const GATES = [
  ['rustfmt', formatting],
  ['clippy, every feature', clippy('--all-targets', '--all-features')],
  // Its tests are among those above.
  ['clippy, the engine alone', clippy('--lib', '--no-default-features')],
  ['rustdoc', documentation()],
  ['rustdoc, private items', documentation('--document-private-items')],
  ['generated files', generated],
  ['ESLint', installed('eslint', 'eslint', '--max-warnings', '0', '.')],
  ['Prettier', installed('prettier', 'prettier', '--check', '--log-level', 'warn', '.')],
  ['types, nodenext', types('nodenext')],
  ['types, bundler', types('bundler')],
  ['types, commonjs', types('commonjs')],
  ['types, in place of the originals', types('drop-in')],
  ['types, the originals', types('drop-in-originals')],
  ['types, Vite 5 to 8', types('vite')],
  ['types, in place of http-proxy-middleware', types('middleware')],
  ['types, http-proxy-middleware 2, 3 and 4', types('middleware-originals')],
  ['types, http-proxy-middleware 3', types('middleware-version-3')],
  // What later compilers have given up.
  ['types, TypeScript 5, nodenext', types('nodenext', 'typescript5')],
  ['types, TypeScript 5, bundler', types('bundler', 'typescript5')],
  ['types, TypeScript 5, Vite 5 to 8', types('vite', 'typescript5')],
  ['types, TypeScript 5, node10', types('node10', 'typescript5')],
  ['types, TypeScript 5, node10 without interop', types('node10-without-interop', 'typescript5')],
];

function lint() {
  setup();
  checkRust();
  const failed = GATES.filter(([title, gate]) => !passes(title, gate)).map(([title]) => title);
  heading('Gates');
  console.log(`${GATES.length - failed.length} of ${GATES.length} hold`);
  if (failed.length > 0) throw new StepError(failed.join(' · '));
}

function passes(title, gate) {
  try {
    gate(title);
    return true;
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    console.error(`✗ ${error.message}`);
    return false;
  }
}

function formatting(title) {
  const packages = ['Cargo.toml', 'fuzz/Cargo.toml'].filter((name) => fs.existsSync(path.join(ROOT, name)));
  for (const name of packages) run(title, 'cargo', ['fmt', '--check', '--manifest-path', name]);
}

function clippy(...what) {
  const args = ['clippy', '--locked', ...what, '--', '-D', 'warnings'];
  return (title) => run(title, 'cargo', args);
}

function documentation(...args) {
  const env = { RUSTDOCFLAGS: '-D warnings' };
  return (title) => run(title, 'cargo', ['doc', '--locked', '--no-deps', ...args], { env });
}

/** Set-up has built the addon, and with it the loader; the platform folders are made again here. */
function generated(title) {
  installed('@napi-rs/cli', 'napi', 'create-npm-dirs')(title);
  run(title, 'git', ['diff', '--exit-code', '--', ...GENERATED]);
  const unknown = ask('git', ['ls-files', '--others', '--exclude-standard', '--', ...GENERATED]);
  if (unknown) throw new StepError(`${title}: not in git: ${unknown.split('\n').join(', ')}`);
}

function types(resolution, compiler = 'typescript') {
  return installed(compiler, 'tsc', '-p', `__test__/types/tsconfig.${resolution}.json`);
}

/** A program of an installed package. */
function installed(packageName, program, ...args) {
  return (title) => run(title, process.execPath, [packageProgram(packageName, program), ...args]);
}

main(lint);
