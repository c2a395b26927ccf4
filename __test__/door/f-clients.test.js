'use strict';

/**
 * Faults of clients and of listeners, and the ends of a door, by the numbers that the catalogue gives them, over each way to it at the same time.
 * More kinds of each: `__test__/reliability/f-client.test.js` and `f-hooks.test.js`, `faults.test.js`.
 */

const { once } = require('node:events');
const { setTimeout: pause } = require('node:timers/promises');
const { OK } = require('../support/doors.js');
const { overEachWay } = require('../support/door-ways.js');
const { deserted } = require('../support/engine.js');
const { all } = require('../support/http2.js');
const { answeringTarget, closeAll, eventually, rawTarget, steady } = require('../support/peers.js');

afterEach(async () => {
  await closeAll();
  await deserted();
});

const ok = { status: 200, text: 'ok', end: 'whole' };
const EARLY = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\n\r\ntoo big';
/** An orderly end is one of the connection, in HTTP/1.1; in HTTP/2 there is none for a request alone. */
const LEAVES = { closes: ({ sending }) => sending.destroy(), resets: ({ reset }) => reset() };

/** Whether a door, with or without a listener that has it hand requests over, has nothing left of what it was asked. */
async function isLetGo({ proxy }, connections) {
  for (const connection of connections) await connection.closed();
  await eventually(() => proxy.stats().door.inFlight === 0);
}

describe.each([
  ['by the engine', () => {}],
  ['by Node', (proxy) => proxy.on('start', () => {})],
])('%s', (_by, listen) => {
  test.each(Object.keys(LEAVES))(
    'F-50 a client that %s in the middle of its upload: nothing passes for all of it',
    (how) =>
      overEachWay(async ({ open }) => {
        const { url, connections } = await rawTarget(() => {});
        const door = await open({ target: url });
        listen(door.proxy);
        for (const [i, headers] of [{}, { 'content-length': '100' }].entries()) {
          const asked = door.client.ask({ method: 'POST', headers, body: null });
          asked.sending.write('some of it');
          await eventually(() => connections[i]?.text.includes('some of it'));
          LEAVES[how](asked);
          await connections[i].closed();
        }
        await isLetGo(door, connections);
        expect(connections).toHaveLength(2);
        for (const { text } of connections) expect(text).not.toMatch(/\r\n0\r\n/);
      })(),
  );

  test.each(Object.keys(LEAVES))(
    'F-51 a client that %s in the middle of its download: the target is read no further',
    (how) =>
      overEachWay(async ({ open }) => {
        const { url, connections } = await answeringTarget(
          'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun',
        );
        const door = await open({ target: url });
        listen(door.proxy);
        const asked = door.client.ask();
        await asked.until(() => asked.text === 'begun');
        LEAVES[how](asked);
        await isLetGo(door, connections);
      })(),
  );

  test(
    'F-53 a client that reads nothing: the target is not read, either; all of it arrives when it reads on',
    overEachWay(async ({ open }) => {
      const SIZE = 32 << 20;
      const piece = Buffer.alloc(0x10000, 'x');
      let poured = 0;
      const { url } = await rawTarget((connection) =>
        connection.onRequest(() => {
          const { socket } = connection;
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`);
          const go = () => {
            while (poured < SIZE) {
              poured += piece.length;
              if (!socket.write(piece)) return;
            }
          };
          socket.on('drain', go);
          go();
        }),
      );
      const { client, proxy } = await open({ target: url });
      listen(proxy);
      const asked = client.ask();
      await asked.begun();
      const { receiving } = asked;
      receiving.removeAllListeners('data');
      receiving.pause();
      await steady(() => poured);
      expect(poured).toBeLessThan(SIZE);
      let received = asked.text.length;
      receiving.on('data', (chunk) => (received += chunk.length)).resume();
      expect((await asked.over()).end).toBe('whole');
      expect(received).toBe(SIZE);
    }),
    60_000,
  );

  test(
    'F-54 requests one after the other, and then the client leaves: all of them are given up',
    overEachWay(async ({ open }) => {
      const { url, connections } = await answeringTarget('');
      const door = await open({ target: url });
      listen(door.proxy);
      const asked = Array.from({ length: 5 }, () => door.client.ask());
      await eventually(() => connections.length === 5);
      for (const one of asked) LEAVES.resets(one);
      await isLetGo(door, connections);
    }),
  );

  test(
    'F-55 many clients leave in the same moment: all of their requests are given up',
    overEachWay(async ({ client, isMultiplexed, open }) => {
      const { url, connections } = await answeringTarget('');
      const door = await open({ target: url });
      listen(door.proxy);
      const clients = isMultiplexed ? await all(100, () => client(door.port)) : [door.client];
      const asked = Array.from({ length: 100 }, (_, i) => clients[i % clients.length].ask());
      await eventually(() => connections.length === 100, undefined, 20_000);
      for (const [i, one] of asked.entries()) {
        if (isMultiplexed) clients[i].session.destroy();
        else LEAVES.resets(one);
      }
      await isLetGo(door, connections);
      await eventually(() => door.proxy.stats().door.connections <= 1);
    }),
    60_000,
  );

  test(
    'F-57 an answer before the upload is there: it arrives, the rest goes nowhere, and the next request is served',
    overEachWay(async ({ open }) => {
      const { url, connections } = await rawTarget((connection, index) => {
        if (index > 0) connection.onRequest(() => connection.socket.write(OK));
        else connection.socket.once('data', () => connection.socket.write(EARLY));
      });
      const { client, proxy } = await open({ target: url });
      listen(proxy);
      const asked = client.ask({ method: 'POST', headers: { 'content-length': '1000000' }, body: null });
      asked.sending.write('GET /smuggled HTTP/1.1\r\nHost: me\r\n\r\n');
      await asked.until(() => asked.text === 'too big');
      expect(asked.status).toBe(413);
      const { sending } = asked;
      const rest = setInterval(() => sending.writable && sending.write('GET /smuggled HTTP/1.1\r\n\r\n'), 10);
      try {
        expect(await client.ask().over()).toEqual(ok);
      } finally {
        clearInterval(rest);
      }
      sending.destroy();
      expect(
        connections
          .slice(1)
          .map(({ text }) => text)
          .join(),
      ).not.toContain('smuggled');
    }),
  );
});

test(
  'F-52 a client that sends no more, but waits, is let go of by HTTP/1.1 and answered by HTTP/2',
  overEachWay(async ({ open, isMultiplexed }) => {
    const target = await rawTarget((connection) =>
      connection.onRequest(() =>
        setTimeout(() => connection.socket.writable && connection.socket.write(OK), 200),
      ),
    );
    const { client } = await open({ target: target.url });
    const asked = client.ask({ method: 'POST', body: 'all of it' });
    await target.connected();
    // Behind a stream that has ended another one may come.
    if (!isMultiplexed) asked.sending.socket.end();
    const { end } = await asked.over();
    expect(end).toBe(isMultiplexed ? 'whole' : 'cut');
    if (!isMultiplexed) await target.connections[0].closed();
  }),
);

test(
  'F-53 with writeTimeout a client that reads nothing is let go of',
  overEachWay(async ({ open }) => {
    const piece = Buffer.alloc(0x10000, 'x');
    const target = await rawTarget((connection) =>
      connection.onRequest(() => {
        const { socket } = connection;
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n');
        const go = () => {
          while (!socket.destroyed && socket.write(piece));
        };
        socket.on('drain', go);
        go();
      }),
    );
    const door = await open({ target: target.url }, { writeTimeout: 500 });
    const asked = door.client.ask();
    await asked.begun();
    asked.receiving.removeAllListeners('data');
    asked.receiving.pause();
    await isLetGo(door, target.connections);
    expect(door.proxy.stats().door).toMatchObject({ abandoned: 1, cut: 0 });
  }),
  30_000,
);

test(
  'F-56 an idle connection is closed just as its client sends: a request is served, or nothing of it is done',
  overEachWay(async ({ client: clientOf, open }) => {
    const IDLE = 60;
    const target = await answeringTarget(OK);
    const { port } = await open({ target: target.url }, { keepAliveTimeout: IDLE });
    let served = 0;
    await all(40, async (i) => {
      const client = await clientOf(port);
      expect(await client.ask({ path: '/first' }).over()).toEqual(ok);
      await pause(IDLE - 3 + Math.random() * 6);
      // A session that knows that it is over takes no request.
      if (client.session?.closed || client.session?.destroyed) return;
      const { status } = await client.ask({ path: `/second-${i}`, method: 'POST' }).over();
      const seen = target.connections.flatMap(({ text }) => text.match(RegExp(`/second-${i} `, 'g')) ?? []);
      expect(seen).toHaveLength(status === 200 ? 1 : 0);
      served += 1;
    });
    expect(served).toBeLessThanOrEqual(40);
  }),
);

describe('listeners', () => {
  const BROKEN = {
    'F-60 throws': () => {
      throw new Error('ours');
    },
    'F-61 rejects': () => Promise.reject(new Error('ours')),
    'F-61 rejects with nothing': () => Promise.reject(undefined),
    'F-62 never settles': () => new Promise(() => {}),
  };
  const rows = ['proxyReq', 'proxyRes'].flatMap((event) => Object.keys(BROKEN).map((how) => [how, event]));

  test.each(rows)('%s, for %s: its request alone fails, and is told once', (how, event) =>
    overEachWay(async ({ open }) => {
      const target = await answeringTarget(OK);
      const { client, proxy } = await open({ target: target.url, hookTimeout: 300 });
      const told = [];
      proxy.on('error', (error, req, res) => {
        told.push([error.message, req.url]);
        res.writeHead(error.status ?? 500).end('failed');
      });
      proxy.on(event, (_, req) => (req.url === '/broken' ? BROKEN[how]() : undefined));
      const [broken, ...others] = await Promise.all(
        ['/broken', '/a', '/b'].map((path) => client.ask({ path }).over()),
      );
      expect(broken).toEqual({ status: how.startsWith('F-62') ? 504 : 500, text: 'failed', end: 'whole' });
      expect(others).toEqual([ok, ok]);
      expect(told).toEqual([[expect.any(String), '/broken']]);
    })(),
  );

  test(
    'F-63 one that settles after its client has left: ignored',
    overEachWay(async ({ open }) => {
      const target = await answeringTarget(OK);
      const { client, proxy } = await open({ target: target.url, hookTimeout: 10_000 });
      const errors = jest.fn();
      proxy.on('error', errors);
      const waiting = [];
      proxy.on('proxyReq', (_, req) =>
        req.url === '/held' ? new Promise((resolve) => waiting.push(resolve)) : undefined,
      );
      const asked = client.ask({ path: '/held' });
      await eventually(() => waiting.length === 1);
      const left = once(proxy, 'econnreset');
      LEAVES.resets(asked);
      await left;
      waiting[0]();
      expect(await client.ask({ path: '/next' }).over()).toEqual(ok);
      expect(errors).not.toHaveBeenCalled();
      expect(target.connections.map(({ text }) => text).join()).not.toContain('/held');
    }),
  );
});

describe('closing', () => {
  const close = ({ proxy }) => new Promise((resolve) => proxy.close(resolve));

  test(
    'F-70 with idle connections: at once, whatever the time of grace',
    overEachWay(async ({ open }) => {
      const target = await answeringTarget(OK);
      const door = await open({ target: target.url }, { grace: 60_000, keepAliveTimeout: 60_000 });
      expect(await door.client.ask().over()).toEqual(ok);
      await close(door);
      expect(door.door.stats()).toMatchObject({ connections: 0, abandoned: 0, cut: 0 });
    }),
  );

  test(
    'F-71 with fifty downloads in flight: all of them come to their end',
    overEachWay(async ({ open, isMultiplexed }) => {
      const held = [];
      const target = await rawTarget((connection) =>
        connection.onRequest(() => {
          connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun');
          held.push(connection.socket);
        }),
      );
      const door = await open({ target: target.url }, { grace: 60_000 });
      const asked = Array.from({ length: 50 }, () => door.client.ask());
      await Promise.all(asked.map((one) => one.until(() => one.text === 'begun')));
      const closed = close(door);
      if (isMultiplexed) await eventually(() => door.client.session.closed);
      for (const socket of held) socket.write('ended');
      for (const one of asked)
        expect(await one.over()).toEqual({ status: 200, text: 'begunended', end: 'whole' });
      await closed;
    }),
    60_000,
  );

  test(
    'F-72 beyond the time of grace: what is left is cut',
    overEachWay(async ({ open }) => {
      const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nbegun');
      const door = await open({ target: target.url }, { grace: 200 });
      const asked = Array.from({ length: 10 }, () => door.client.ask());
      await Promise.all(asked.map((one) => one.until(() => one.text === 'begun')));
      await close(door);
      for (const one of asked) expect(await one.over()).toEqual({ status: 200, text: 'begun', end: 'cut' });
      for (const connection of target.connections) await connection.closed();
    }),
  );

  test(
    'F-78 while connections to targets are pending, by a listener, or twice',
    overEachWay(async ({ open }) => {
      const silent = await answeringTarget('');
      const pending = await open({ target: silent.url });
      pending.client.ask();
      await silent.connected();
      const before = close(pending);
      await close(pending);
      await before;
      const target = await answeringTarget(OK);
      const door = await open({ target: target.url }, { grace: 30_000 });
      let closed;
      door.proxy.on('proxyReq', () => (closed = close(door)));
      expect(await door.client.ask().over()).toEqual(ok);
      await closed;
    }),
  );
});
