'use strict';

/** A body of any size, to a reader that is slow, goes through without staying. */

const net = require('node:net');
const { once } = require('node:events');
const { closeAll, onCleanUp } = require('../support/peers.js');
const { startChild } = require('../support/child.js');
const { pour, sip } = require('../support/flow.js');
const { watchMemory } = require('../support/memory.js');

afterEach(closeAll);

const MIB = 1 << 20;
const SIZE = process.env.NIGHTLY ? 4096 * MIB : 256 * MIB;
/** What the proxy's memory may move by, beyond what Node's own server needs for as much, while a body passes. */
const MOST = 4 * MIB;
/** A target that speaks to one connection at a time, in the way of its request. */
async function target() {
  const seen = { uploaded: 0 };
  const server = net.createServer((socket) => {
    onCleanUp(() => socket.destroy());
    socket.on('error', () => {});
    socket.once('data', (first) => {
      const head = first.latin1Slice();
      const body = first.length - head.indexOf('\r\n\r\n') - 4;
      const size = Number(/^x-size: (\d+)\r$/m.exec(head)[1]);
      if (head.startsWith('GET')) {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\nConnection: close\r\n\r\n`);
        pour(socket, size);
        return;
      }
      seen.uploaded = body;
      sip(socket, (bytes) => {
        seen.uploaded += bytes;
        if (seen.uploaded === size)
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngood');
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onCleanUp(() => server.close());
  return { seen, url: `http://127.0.0.1:${server.address().port}` };
}

async function connected(port) {
  const socket = net.connect({ port, host: '127.0.0.1' });
  onCleanUp(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

const DIRECTIONS = {
  /** Gives how many bytes of the body the client has got. */
  async download(port, size) {
    const socket = await connected(port);
    socket.write(`GET / HTTP/1.1\r\nHost: me\r\nX-Size: ${size}\r\nConnection: close\r\n\r\n`);
    const [first] = await once(socket, 'data');
    let received = first.length - first.indexOf('\r\n\r\n') - 4;
    sip(socket, (bytes) => (received += bytes));
    await once(socket, 'close');
    return received;
  },
  /** Gives how many bytes of the body the target has got. */
  async upload(port, size, seen) {
    const socket = await connected(port);
    socket.write(
      `POST / HTTP/1.1\r\nHost: me\r\nX-Size: ${size}\r\nContent-Length: ${size}\r\nConnection: close\r\n\r\n`,
    );
    pour(socket, size);
    const [answer] = await once(socket, 'data');
    expect(answer.latin1Slice()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    return seen.uploaded;
  },
};

/**
 * How far the memory of a server in a child moves while a body passes.
 *
 * @param {{ ask: Function, pid: number }} child
 * @param {(port: number, size: number) => Promise<void>} pass
 */
async function movedBy({ ask, pid }, pass) {
  const port = await ask('port');
  // What is there once buffers have been used is what is compared with.
  const warmUp = watchMemory(pid);
  await pass(port, 64 * MIB);
  const { most: before } = warmUp.stop();
  const watch = watchMemory(pid);
  await pass(port, SIZE);
  return watch.stop().most - before;
}

test.each(Object.keys(DIRECTIONS))(
  `${SIZE / MIB} MiB of %s to a slow reader move the memory of the proxy by less than ${MOST / MIB} MiB`,
  async (direction) => {
    const { seen, url } = await target();
    const execArgv = ['--expose-gc', '--max-semi-space-size=1'];
    const passed = DIRECTIONS[direction];
    // Some versions of Node collect the buffers of their sockets late, with a proxy or without.
    const nodes = await movedBy(startChild('no-proxy.js', { execArgv }), (port, size) =>
      passed(port, size, seen),
    );
    const proxy = startChild('proxy.js', { args: [JSON.stringify({ target: url })], execArgv });
    const moved = await movedBy(proxy, async (port, size) => {
      expect(await passed(port, size, seen)).toBe(size);
    });
    if (process.env.VERBOSE) console.log(direction, 'Node', nodes / MIB, 'proxy', moved / MIB);
    expect((moved - Math.max(nodes, 0)) / MIB).toBeLessThan(MOST / MIB);
    expect(await proxy.ask('report')).toMatchObject({ counts: { errors: 0 }, stats: { exchanges: 0 } });
  },
  process.env.NIGHTLY ? 1_200_000 : 120_000,
);
