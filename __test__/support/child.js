'use strict';

/** Child processes of tests: started, asked, and ended by `closeAll`. */

const fs = require('node:fs');
const path = require('node:path');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const { onCleanUp } = require('./peers.js');

const FIXTURES = path.join(__dirname, '..', 'fixtures');

/**
 * Starts a fixture in a process of its own.
 *
 * @param {string} fixture file name in `__test__/fixtures`
 * @param {{ args?: string[], execArgv?: string[], env?: object, shell?: string }} [settings] `shell` is run first, in the same process:
 *   a limit, for instance
 */
function startChild(fixture, { args = [], execArgv = [], env = {}, shell = 'true', wrap = [] } = {}) {
  const node = [process.execPath, ...execArgv, path.join(FIXTURES, fixture), ...args];
  const [command, ...rest] = [...wrap, 'sh', '-c', `${shell} && exec "$@"`, 'sh', ...node];
  const child = spawn(command, rest, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const { ended, output } = watched(child);
  return { child, pid: child.pid, ended, output, ask: asker(child, ended) };
}

/** Collects what a process writes, and sees to its end. */
function watched(child) {
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (chunk) => (output[name] += chunk));
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }));
  onCleanUp(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  return { ended, output };
}

/** `ask(question, argument)` gives the child's answer; see fixtures/answer.js. */
function asker(child, ended) {
  let last = 0;
  const open = new Map();
  child.on('message', ({ id, answer, failure }) => {
    const { resolve, reject } = open.get(id);
    open.delete(id);
    if (failure === undefined) resolve(answer);
    else reject(new Error(`The child says: ${failure}`));
  });
  ended.then((end) => {
    for (const { reject } of open.values()) reject(new Error(`The child has ended: ${JSON.stringify(end)}`));
    open.clear();
  });
  return (question, argument) =>
    new Promise((resolve, reject) => {
      last += 1;
      open.set(last, { resolve, reject });
      child.send({ id: last, question, argument }, (error) => error && reject(error));
    });
}

/** Runs a fixture to its end. */
function runChild(fixture, settings) {
  return startChild(fixture, settings).ended;
}

/** The addon whose engine panics on demand; `npm test` builds it. */
function faultyAddon() {
  const folder = path.join(__dirname, '..', '..', 'target', 'faults');
  const name = fs.existsSync(folder) && fs.readdirSync(folder).find((file) => file.endsWith('.node'));
  if (!name) throw new Error('The addon with faults is not built: npm run build:faults');
  return path.join(folder, name);
}

/**
 * A listening socket whose backlog is full: further connections are not refused, they get no answer.
 *
 * @param {string} host
 */
async function fullListener(host) {
  const net = require('node:net');
  const { ask, child } = startChild('full-listener.js', { args: [host] });
  const port = await ask('port');
  // It never takes a connection from now on.
  child.send({ id: 0, question: 'stop' });
  for (;;) {
    const socket = net.connect({ port, host });
    onCleanUp(() => socket.destroy());
    const isConnected = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise((resolve) => setTimeout(resolve, 300, false)),
    ]);
    if (!isConnected) {
      socket.destroy();
      return { port };
    }
  }
}

/**
 * How to start a child in a network of its own, with two ports to connect from; undefined where that takes user namespaces that there are not.
 *
 * @returns {{ wrap: string[], shell: string } | undefined} settings of `startChild`
 */
function twoPortNetwork() {
  const wrap = ['unshare', '-rn'];
  const shell = 'ip link set lo up && echo "40000 40001" > /proc/sys/net/ipv4/ip_local_port_range';
  const { status } = spawnSync(wrap[0], [...wrap.slice(1), 'sh', '-c', shell]);
  return status === 0 ? { wrap, shell } : undefined;
}

module.exports = { faultyAddon, fullListener, runChild, startChild, twoPortNetwork, watched };
