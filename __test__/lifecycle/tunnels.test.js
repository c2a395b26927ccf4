'use strict';

/** Many tunnels, ended in every way, leave nothing behind; and idle ones cost next to nothing. */

const { closeAll, eventually, rawClient } = require('../support/peers.js');
const { startChild } = require('../support/child.js');
const { levelsOff } = require('../support/memory.js');
const { handshake, switchingTarget, tunnelled } = require('../support/upgrades.js');

afterEach(closeAll);

const CYCLES = process.env.NIGHTLY ? 100_000 : 5_000;
const CLIENTS = 250;
const IDLE = 1000;

/** A masked text frame that says hello. */
const FRAME = Buffer.from([0x81, 0x85, 0, 0, 0, 0, ...Buffer.from('hello')]);

async function proxyOf(way) {
  const target = await switchingTarget(({ socket }) => {
    socket.on('data', () => socket.writable && socket.write(Buffer.from([0x81, 0x02, 0x6f, 0x6b])));
    socket.on('end', () => socket.end());
  });
  const { ask } = startChild('tunnels.js', {
    args: [target.url, way],
    // V8 sizes its young generation by what it has seen; a fixed one leaves what would be ours.
    execArgv: ['--expose-gc', '--max-semi-space-size=2'],
  });
  return { ask, port: await ask('port') };
}

async function settled(ask) {
  for (let i = 0; ; i += 1) {
    const report = await ask('report');
    if (i > 100 || Object.values(report.open).every((count) => count === 0)) return report;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const ENDS = [
  ({ socket }) => socket.end(),
  ({ socket }) => socket.destroy(),
  ({ socket }) => socket.resetAndDestroy(),
];

/** One client: a handshake, a word each way, and an end. Every fourth leaves before it has its answer. */
async function cycle(port, n) {
  const client = await rawClient(port, handshake());
  if (n % 4 === 3) {
    ENDS[n % 3](client);
  } else {
    await client.received('\r\n\r\n');
    client.socket.write(FRAME);
    await client.until((it) => tunnelled(it).length > 0);
    ENDS[n % 3](client);
  }
  client.socket.destroy();
}

async function cycles(port, count) {
  let next = 0;
  const work = async () => {
    while (next < count) await cycle(port, next++);
  };
  await Promise.all(Array.from({ length: CLIENTS }, work));
}

test.each(['adopted', 'bridged', 'messages'])(
  `${CYCLES} tunnels, ${CLIENTS} at a time, %s: sockets, descriptors, handles and memory are those of before`,
  async (way) => {
    const { ask, port } = await proxyOf(way);
    // What grows once, grows here: buffers of as many tunnels as are ever open at once.
    await cycles(port, way === 'messages' ? 10_000 : 2000);
    const before = await settled(ask);
    const round = async () => {
      await cycles(port, CYCLES);
      const after = await settled(ask);
      expect(after).toMatchObject({
        open: { sockets: 0, exchanges: 0, connections: 0 },
        errors: 0,
        panics: 0,
      });
      expect(after.descriptors).toBe(before.descriptors);
      expect(after.resources).toEqual(before.resources);
      return after.memory;
    };
    await levelsOff(round, before.memory, { heapUsed: 1, external: 1, rss: 8 });
  },
  process.env.NIGHTLY ? 900_000 : 120_000,
);

/** Opens many tunnels that stay idle; gives the memory that each takes, and closes them. */
async function memoryOfIdle({ ask, port }) {
  const before = await settled(ask);
  const clients = [];
  for (let i = 0; i < IDLE; i += 100) {
    const some = await Promise.all(Array.from({ length: 100 }, () => rawClient(port, handshake())));
    await Promise.all(some.map((client) => client.received('\r\n\r\n')));
    clients.push(...some);
  }
  // The last ones are still on their way from one hand to the other.
  let held;
  const areOpen = async () => {
    held = await ask('report');
    return held.open.sockets === 2 * IDLE && held.open.connections === IDLE;
  };
  await eventually(areOpen, () => JSON.stringify(held.open));
  for (const { socket } of clients) socket.destroy();
  const after = await settled(ask);
  expect(after.descriptors).toBe(before.descriptors);
  return (held.memory.rss - before.memory.rss) / IDLE;
}

test(`${IDLE} idle tunnels: less than 16 KiB of memory each`, async () => {
  const proxy = await proxyOf('adopted');
  await cycles(proxy.port, 2000);
  // What the allocator keeps of the time before is in the first reading, too.
  const readings = [];
  while (readings.length < 3 && !(readings.at(-1) < 16 * 1024)) readings.push(await memoryOfIdle(proxy));
  expect(readings.at(-1)).toBeLessThan(16 * 1024);
}, 60_000);
