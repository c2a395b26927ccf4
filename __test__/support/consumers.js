'use strict';

/** Packages from npm that proxy: with what they bring along, with ours in its place by an alias, and by the register hook. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { startChild } = require('./child.js');
const { onCleanUp } = require('./peers.js');

const ROOT = path.join(__dirname, '..', '..');

/** By consumer: the packages that ours is put in the place of. */
const ALIASES = {
  'http-server': ['http-proxy'],
  'webpack-dev-server': ['webpack-dev-server/node_modules/http-proxy-middleware'],
  'http-proxy-middleware': ['httpxy'],
};

/** How a consumer gets its proxy. */
const WAYS = {
  original: () => ({ folder: ROOT, execArgv: [] }),
  alias: (consumer) => ({ folder: aliased(consumer), execArgv: [] }),
  import: () => ({ folder: ROOT, execArgv: ['--import', 'rs-proxy-middleware/register'] }),
  require: () => ({ folder: ROOT, execArgv: ['--require', 'rs-proxy-middleware/register'] }),
};

/**
 * A folder in which this consumer was installed, with an alias for what it depends on: the consumer itself is a copy, for a link would lead
 * it back to its own dependencies.
 *
 * @param {keyof typeof ALIASES} consumer
 */
function aliased(consumer) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'aliased-'));
  onCleanUp(() => fs.rmSync(folder, { recursive: true, force: true }));
  const [there, modules] = [ROOT, folder].map((root) => path.join(root, 'node_modules'));
  fs.mkdirSync(modules);
  for (const name of fs.readdirSync(there)) {
    const isReplaced = name === consumer || ALIASES[consumer].includes(name);
    if (!isReplaced) fs.symlinkSync(path.join(there, name), path.join(modules, name), 'junction');
  }
  fs.cpSync(path.join(there, consumer), path.join(modules, consumer), { recursive: true });
  for (const name of ALIASES[consumer]) {
    fs.rmSync(path.join(modules, name), { recursive: true, force: true });
    fs.symlinkSync(ROOT, path.join(modules, name), 'junction');
  }
  return folder;
}

/**
 * @param {keyof typeof ALIASES} consumer
 * @param {keyof typeof WAYS} way
 * @param {{ root: string, targets: { target: string, down: string } }} settings
 */
async function startConsumer(consumer, way, { root, targets }) {
  const { folder, execArgv } = WAYS[way](consumer);
  const args = [consumer, folder, root, targets.target, targets.down];
  const { ask } = startChild('consumers.js', { args, execArgv });
  return { ask, port: await ask('start') };
}

module.exports = { startConsumer };
