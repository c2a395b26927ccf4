'use strict';

/**
 * `npm run test:nodes [-- [VERSION…] [jest arguments…]]`: the JavaScript tests on other versions of Node than the one that is
 * installed. Each is fetched from the npm registry when it is first asked for, and kept in target/nodes; delete the folder to get
 * newer ones.
 */

const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { ROOT, StepError, ask, heading, main, run, runAndRead } = require('./steps.js');
const { npm, setup } = require('./setup.js');
const { jest } = require('./jest.js');

const VERSIONS = ['22', '24', '26'];
const CACHE = path.join(ROOT, 'target', 'nodes');

async function testNodes(args) {
  const asked = args.filter((arg) => /^\d+$/.test(arg));
  const jestArgs = args.filter((arg) => !asked.includes(arg));
  const nodes = (asked.length > 0 ? asked : VERSIONS).map((version) => ({
    version,
    binary: fetched(version),
  }));
  setup();
  run('Building the addon with faults', process.execPath, [...npm(), 'run', '--silent', 'build:faults']);
  const failures = [];
  for (const { version, binary } of nodes) {
    const title = `Node ${ask(binary, ['--version']) ?? version}`;
    const { failure } = await runAndRead(title, binary, jest(jestArgs), { env: environment(binary) });
    if (failure) failures.push(title);
  }
  heading('Nodes');
  console.log(`The tests pass on ${nodes.length - failures.length} of ${nodes.length}`);
  if (failures.length > 0) throw new StepError(`Tests fail on ${failures.join(', ')}`);
}

/** Path of this version's program; npm fetches it unless it is there. */
function fetched(version) {
  const prefix = path.join(CACHE, version);
  const { platform, arch } = process;
  const [system, program] = platform === 'win32' ? ['win', 'node.exe'] : [platform, 'node'];
  const binary = path.join(prefix, 'node_modules', 'node', 'bin', program);
  if (fs.existsSync(binary)) return binary;
  heading(`Fetching Node ${version}`);
  fs.mkdirSync(prefix, { recursive: true });
  const what = `node@npm:node-${system}-${arch}@${version}`;
  const flags = [
    '--ignore-scripts',
    '--no-save',
    '--no-package-lock',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const { status, stderr } = spawnSync(
    process.execPath,
    [...npm(), 'install', '--prefix', prefix, ...flags, what],
    {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'inherit', 'pipe'],
    },
  );
  if (status !== 0 || !fs.existsSync(binary)) {
    throw new StepError(
      `Node ${version} for ${platform} on ${arch} could not be fetched from the npm registry. ` +
        `This needs the network once; afterwards it is kept in ${path.relative(ROOT, prefix)}.\n${stderr.trim()}`,
    );
  }
  return binary;
}

/** Child processes of tests find this Node, and npm although none is beside it. */
function environment(binary) {
  const PATH = `${path.dirname(binary)}${path.delimiter}${process.env.PATH}`;
  return { PATH, npm_execpath: npm()[0] };
}

main(() => testNodes(process.argv.slice(2)));
