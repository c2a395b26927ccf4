'use strict';

/**
 * Makes a fresh clone ready: npm dependencies, then a release build of the addon. Does nothing, and says nothing,
 * when both are up to date. Runs before anything is installed: built-in modules only.
 *
 * `node scripts/setup.js [--dependencies-only]`
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const crypto = require('node:crypto');
const { ROOT, StepError, ask, main, run } = require('./steps.js');

const SOURCES = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src'];
/** Holds the hash of the lock file that node_modules was installed from. */
const STAMP = path.join(ROOT, 'node_modules', '.setup-stamp');

function setup({ dependenciesOnly = false } = {}) {
  checkNode();
  installDependencies();
  if (dependenciesOnly) return;
  const reason = whyBuild();
  if (!reason) return;
  checkRust();
  checkCCompiler();
  run(`Building the addon (release): ${reason}`, process.execPath, [...npm(), 'run', '--silent', 'build']);
}

function checkNode() {
  const wanted = JSON.parse(read('package.json')).engines.node.replace('>=', '');
  if (isOlder(process.versions.node, wanted)) {
    throw new StepError(
      `Node.js ${wanted} or newer is needed; this is ${process.versions.node}. See https://nodejs.org/download`,
    );
  }
}

function installDependencies() {
  const hash = crypto.createHash('sha256').update(read('package-lock.json')).digest('hex');
  if (fs.existsSync(STAMP) && fs.readFileSync(STAMP, 'utf8') === hash) return;
  // Nothing that is installed may run code of its own on the way.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  run('Installing npm dependencies', process.execPath, [...npm(), ...args]);
  fs.writeFileSync(STAMP, hash);
}

function checkRust() {
  const wanted = /^rust-version = "(.+)"$/m.exec(read('Cargo.toml'))[1];
  if (!ask('cargo', ['--version'])) {
    // A shell that was open before rustup ran does not look there.
    const bin = path.join(process.env.CARGO_HOME ?? path.join(os.homedir(), '.cargo'), 'bin');
    process.env.PATH = `${process.env.PATH}${path.delimiter}${bin}`;
  }
  const rustc = ask('rustc', ['--version']);
  if (!rustc || !ask('cargo', ['--version'])) {
    throw new StepError(
      `Rust ${wanted} or newer is needed (cargo, rustc). Install it from https://rustup.rs`,
    );
  }
  const found = rustc.split(' ')[1];
  if (isOlder(found, wanted)) {
    throw new StepError(`Rust ${wanted} or newer is needed; this is ${found}. Run: rustup update stable`);
  }
}

function checkCCompiler() {
  // On Windows cargo itself explains what to install: the linker comes with the C compiler.
  if (process.platform === 'win32') return;
  if ([process.env.CC, 'cc', 'gcc', 'clang'].some((compiler) => compiler && ask(compiler, ['--version'])))
    return;
  throw new StepError(
    'A C compiler is needed. Debian and Ubuntu: sudo apt-get install build-essential · ' +
      'Fedora: sudo dnf install gcc · Alpine: apk add build-base · macOS: xcode-select --install',
  );
}

/** The reason for a build, or null when the addon is newer than everything it is made of. */
function whyBuild() {
  const addon = path.join(ROOT, 'lib', 'native', `rs-proxy-middleware.${platform()}.node`);
  if (!fs.existsSync(addon)) return 'there is none yet';
  const built = fs.statSync(addon).mtimeMs;
  const changed = SOURCES.flatMap(filesUnder).find(
    (file) => fs.statSync(path.join(ROOT, file)).mtimeMs > built,
  );
  return changed ? `${changed} has changed` : null;
}

/** What `napi build --platform` writes into the file's name. */
function platform() {
  const { platform: name, arch } = process;
  if (name === 'linux') {
    return `linux-${arch}-${process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl'}`;
  }
  return name === 'win32' ? `win32-${arch}-msvc` : `${name}-${arch}`;
}

function filesUnder(name) {
  const place = path.join(ROOT, name);
  if (!fs.statSync(place).isDirectory()) return [name];
  return fs.readdirSync(place).flatMap((entry) => filesUnder(path.join(name, entry)));
}

/** npm's own program, as arguments for Node: `npm` is a script that Windows starts only through a shell. */
function npm() {
  const beside = path.dirname(process.execPath);
  const places = [
    process.env.npm_execpath,
    path.join(beside, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    path.join(beside, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ];
  const found = places.find((place) => place?.endsWith('npm-cli.js') && fs.existsSync(place));
  if (!found) throw new StepError('npm is needed. Start this through it: npm run setup');
  return [found];
}

function isOlder(version, wanted) {
  const [have, need] = [version, wanted].map((text) => text.split('.').map((part) => parseInt(part, 10)));
  const different = need.findIndex((part, index) => part !== (have[index] ?? 0));
  return different !== -1 && (have[different] ?? 0) < need[different];
}

function read(name) {
  return fs.readFileSync(path.join(ROOT, name), 'utf8');
}

if (require.main === module) {
  main(() => {
    setup({ dependenciesOnly: process.argv.includes('--dependencies-only') });
  });
}

module.exports.setup = setup;
module.exports.checkRust = checkRust;
module.exports.npm = npm;
