'use strict';

/**
 * The scenario `websockets`: WebSockets through this package and the originals, in turn. Memory of an idle connection, connections per second,
 * the proxy's processor time for a message of 100 bytes there and back, and the throughput of messages of 64 KiB.
 */

const path = require('node:path');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const { WebSocket } = require('ws');
const contestants = require('../contestants/index.js');
const { NAMES } = require('./contestant.js');

/** Idle ones, whose memory is measured. */
const CONNECTIONS = 4000;
const AT_A_TIME = 50;
const ECHOES = 40_000;
const LARGE = 2000;

async function child(script, args, flags) {
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

async function connect(port) {
  const client = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false, maxPayload: 2 ** 28 });
  await once(client, 'open');
  return client;
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Opens so many connections; gives them, and how many there were in a second. */
async function open(port, count) {
  const clients = [];
  const began = process.hrtime.bigint();
  const work = async () => {
    while (clients.length + pending < count) {
      pending += 1;
      clients.push(await connect(port));
      pending -= 1;
    }
  };
  let pending = 0;
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return { clients, perSecond: count / (Number(process.hrtime.bigint() - began) / 1e9) };
}

/** Each client has one message on its way at any time, until so many are back. */
async function echo(clients, payload, count) {
  let left = count;
  const began = process.hrtime.bigint();
  await Promise.all(
    clients.map(async (client) => {
      while (left > 0) {
        left -= 1;
        client.send(payload);
        await once(client, 'message');
      }
    }),
  );
  return Number(process.hrtime.bigint() - began) / 1e9;
}

/** What an idle connection holds. V8 sizes its young generation by what it has seen; a fixed one leaves what is the connections'. */
async function measureMemory(name) {
  const { proxy, end } = await start(name, ['--max-semi-space-size=2']);
  const before = await proxy.usage();
  const { clients, perSecond } = await open(proxy.port, CONNECTIONS);
  await pause(500);
  const held = await proxy.usage();
  for (const client of clients) client.terminate();
  end();
  const each = (kind) => (held[kind] - before[kind]) / CONNECTIONS / 1024;
  return { memory: each('memory'), heap: each('heap'), perSecond };
}

async function measureMessages(name) {
  const { proxy, end } = await start(name, []);
  const { clients } = await open(proxy.port, AT_A_TIME);
  const before = await proxy.usage();
  await echo(clients, Buffer.alloc(100), ECHOES);
  const after = await proxy.usage();
  const seconds = await echo(clients.slice(0, 8), Buffer.alloc(64 * 1024), LARGE);
  for (const client of clients) client.terminate();
  end();
  return { cpu: (after.cpu - before.cpu) / ECHOES, throughput: (2 * LARGE * 64) / 1024 / seconds };
}

/** A proxy that has seen some connections already, and its target. */
async function start(name, flags) {
  const target = await child('target.js', [], []);
  const proxy = await child('contestant.js', [name, `ws://127.0.0.1:${target.port}`], flags);
  const { clients } = await open(proxy.port, 500);
  await echo(clients.slice(0, AT_A_TIME), Buffer.alloc(100), 5000);
  for (const client of clients) client.terminate();
  await pause(500);
  const end = () => {
    proxy.end();
    target.end();
  };
  return { proxy, end };
}

/**
 * Whoever takes part, one after the other; every other round in reverse order.
 *
 * @returns {Promise<import('../measure.js').Result[]>} whose rounds are `{ memory, heap, perSecond, cpu, throughput }`
 */
async function measureSockets(_, { contestants: chosen, rounds: count }, __, progress) {
  const isChosen = (name) => chosen.some((one) => one.name === name.replace('-messages', '-server'));
  const results = NAMES.filter(isChosen).map((name) => ({
    contestant: describe(name),
    rounds: [],
    failure: null,
  }));
  for (let round = 0; round < count; round += 1) {
    for (const result of round % 2 === 0 ? results : results.toReversed()) {
      const { name } = result.contestant;
      progress(`websockets: round ${round + 1} of ${count}, ${name}`);
      result.rounds.push({ ...(await measureMemory(name)), ...(await measureMessages(name)) });
    }
  }
  return results;
}

function describe(name) {
  const known = contestants.find((one) => one.name === name);
  if (known === undefined) return { name, label: 'ours: with a wsMessage listener', kind: 'ours' };
  return { ...known, label: known.label.replace(/\.web$/, '.ws').replace(', default', '') };
}

module.exports = { CONNECTIONS, measureSockets };
