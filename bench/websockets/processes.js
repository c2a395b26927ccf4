'use strict';

/** The processes of the scenarios with WebSockets: a target, and a proxy in front of it that says what it has used. */

const path = require('node:path');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const { Child } = require('../child.js');

/**
 * @typedef {{ port: number, usage: () => Promise<Usage>, end: () => void }} Running
 * @typedef {{ cpu: number | null, memory: number | null, heap: number | null }} Usage `cpu` in µs, the others in bytes
 */

/** @returns {Promise<Running>} */
function startTarget() {
  return startNode('target.js', [], []);
}

/**
 * @param {import('../contestants/index.js')[0]} contestant
 * @param {string[]} flags for Node, if that is what it runs in
 * @returns {Promise<Running>}
 */
function startProxy({ name, command }, target, flags) {
  if (command !== undefined) return startProgram(command, `http://127.0.0.1:${target.port}`);
  return startNode('contestant.js', [name, `ws://127.0.0.1:${target.port}`], flags);
}

async function startNode(script, args, flags) {
  const made = fork(path.join(__dirname, script), args, {
    execArgv: ['--expose-gc', ...flags],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [{ port }] = await once(made, 'message');
  const usage = async () => {
    made.send('usage');
    return (await once(made, 'message'))[0];
  };
  return { port, usage, end: () => made.kill() };
}

async function startProgram(command, target) {
  const made = await Child.start({ command }, { target, sockets: true, prefix: [] });
  const usage = async () => ({ cpu: await made.cpuTime(), memory: made.memory, heap: null });
  return { port: made.port, usage, end: () => made.end() };
}

module.exports = { startProxy, startTarget };
