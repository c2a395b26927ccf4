'use strict';

/**
 * The scenarios with WebSockets: through this package and others, in turn. Memory of an idle connection, connections per second,
 * the proxy's processor time for a message of 100 bytes there and back, and the throughput of messages of 64 KiB.
 */

const contestants = require('../contestants/index.js');
const { AT_A_TIME, check, echo, open } = require('./clients.js');
const { startProxy, startTarget } = require('./processes.js');

/** Idle ones, whose memory is measured. */
const CONNECTIONS = 4000;
const ECHOES = 20_000;
const LARGE = 1000;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What an idle connection holds. V8 sizes its young generation by what it has seen; a fixed one leaves what is the connections'. */
async function measureMemory(contestant) {
  const { proxy, end } = await start(contestant, ['--max-semi-space-size=2']);
  try {
    const before = await proxy.usage();
    const { clients, perSecond } = await open(proxy.port, CONNECTIONS);
    await pause(500);
    const held = await proxy.usage();
    for (const client of clients) client.terminate();
    const each = (kind) => (held[kind] === null ? null : (held[kind] - before[kind]) / CONNECTIONS / 1024);
    return { memory: each('memory'), heap: each('heap'), perSecond };
  } finally {
    end();
  }
}

async function measureMessages(contestant) {
  const { proxy, end } = await start(contestant, []);
  try {
    const { clients } = await open(proxy.port, AT_A_TIME);
    const before = await proxy.usage();
    await echo(clients, Buffer.alloc(100), ECHOES);
    const after = await proxy.usage();
    const seconds = await echo(clients.slice(0, 8), Buffer.alloc(64 * 1024), LARGE);
    for (const client of clients) client.terminate();
    const cpu = after.cpu === null ? null : (after.cpu - before.cpu) / ECHOES;
    return { cpu, throughput: (2 * LARGE * 64) / 1024 / seconds };
  } finally {
    end();
  }
}

/** A proxy that has been found to work and has seen some connections already, and its target. */
async function start(contestant, flags) {
  const target = await startTarget();
  const proxy = await startProxy(contestant, target, flags).catch((error) => {
    target.end();
    throw error;
  });
  const end = () => {
    proxy.end();
    target.end();
  };
  try {
    await check(proxy.port);
    const { clients } = await open(proxy.port, 500);
    await echo(clients.slice(0, AT_A_TIME), Buffer.alloc(100), 5000);
    for (const client of clients) client.terminate();
    await pause(500);
    return { proxy, end };
  } catch (error) {
    end();
    throw error;
  }
}

/**
 * Whoever takes part, one after the other; every other round in reverse order.
 *
 * @returns {Promise<import('../measure.js').Result[]>} whose rounds are `{ memory, heap, perSecond, cpu, throughput }`
 */
async function measureSockets(scenario, { contestants: chosen, rounds: count }, _, progress) {
  const isChosen = (name) => chosen.some((one) => one.name === name.replace('-messages', '-server'));
  const results = scenario.among.filter(isChosen).map((name) => ({
    contestant: describe(name),
    rounds: [],
    failure: null,
  }));
  for (let round = 0; round < count; round += 1) {
    for (const result of round % 2 === 0 ? results : results.toReversed()) {
      const { contestant } = result;
      if (result.failure !== null) continue;
      progress(`${scenario.name}: round ${round + 1} of ${count}, ${contestant.name}`);
      try {
        result.rounds.push({ ...(await measureMemory(contestant)), ...(await measureMessages(contestant)) });
      } catch (error) {
        result.failure = error.message.split('\n')[0];
      }
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
