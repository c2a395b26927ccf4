'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

/** What the figures were taken on. */
function describeMachine() {
  const cpus = os.cpus();
  const [load] = os.loadavg();
  return `${cpus.length} × ${cpus[0].model}, ${os.type()} ${os.release()}, Node ${process.versions.node}, load ${load.toFixed(2)}`;
}

/** A contestant's label with the version that is installed. */
function labelOf({ label, pkg, command }) {
  const version = command ? programVersion(label) : pkg && packageVersion(pkg);
  return version ? `${label} ${version}` : label;
}

/** Read from the file: a package's `exports` may hide its package.json. */
function packageVersion(name) {
  for (const directory of require.resolve.paths(name)) {
    const file = path.join(directory, name, 'package.json');
    if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8')).version;
  }
  return null;
}

function programVersion(name) {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  const { stdout, stderr } = spawnSync(name, ['-v'], { encoding: 'utf8', env });
  return /\d+\.\d+(\.\d+)?/.exec(`${stdout}${stderr}`)?.[0] ?? null;
}

/**
 * Command prefixes for the load side (wrk and the upstream) and for the contestant; empty without `--pin`.
 *
 * @throws {Error} where pinning is impossible
 */
function pinning(wanted) {
  if (!wanted) return { load: [], contestant: [] };
  const cores = os.availableParallelism();
  if (cores < 2 || spawnSync('taskset', ['-V']).error) throw new Error('--pin: needs taskset and two cores');
  return { load: ['taskset', '-c', String(cores - 1)], contestant: ['taskset', '-c', `0-${cores - 2}`] };
}

module.exports = { describeMachine, labelOf, pinning };
