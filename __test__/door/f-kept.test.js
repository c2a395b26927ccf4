'use strict';

/**
 * Faults of kept connections and unreliable targets, by the numbers that the catalogue gives them, over each way to the native door at the same
 * time. Without listeners nobody but the counters is told.
 */

const http = require('node:http');
const http2 = require('node:http2');
const { setTimeout: pause } = require('node:timers/promises');
const { OK } = require('../support/doors.js');
const { overEachWay } = require('../support/door-ways.js');
const { deserted } = require('../support/engine.js');
const { all, http2Target } = require('../support/http2.js');
const {
  closeAll,
  eventually,
  httpServer,
  listening,
  onCleanUp,
  onceFree,
  rawTarget,
} = require('../support/peers.js');

const isNightly = Boolean(process.env.NIGHTLY);

afterEach(async () => {
  await closeAll();
  await deserted();
});

const ok = { status: 200, text: 'ok', end: 'whole' };

/** How often each request has been seen, by what its field says. */
class Tally {
  #seen = new Map();

  add(id) {
    this.#seen.set(id, this.of(id) + 1);
  }

  of(id) {
    return this.#seen.get(id) ?? 0;
  }

  /** Those that were seen more than `most` times. */
  beyond(most, method) {
    return [...this.#seen].filter(([id, count]) => count > most && id.startsWith(method));
  }
}

const idOf = (head) => /^x-id: (.*)$/m.exec(head)[1].trim();

test(
  'F-32 latency, and one in ten is reset: only what is idempotent is sent again, and only once',
  overEachWay(async ({ open }) => {
    const [many, latency] = isNightly ? [10_000, 100] : [240, 3];
    const seen = new Tally();
    let resets = 0;
    const target = await httpServer(async (req, res) => {
      seen.add(req.headers['x-id']);
      await pause(latency);
      if (Math.random() < 0.1) {
        resets += 1;
        req.socket.resetAndDestroy();
      } else {
        res.end('ok');
      }
    });
    target.server.keepAliveTimeout = 60_000;
    const { client, proxy } = await open({ target: target.url }, { maxRequestsPerSocket: 1e6 });
    const failed = { GET: 0, POST: 0, PUT: 0 };
    let next = 0;
    await all(20, async () => {
      while (next < many) {
        const i = (next += 1);
        const method = ['GET', 'POST', 'PUT'][i % 3];
        const body = method === 'GET' ? '' : 'work';
        const { status } = await client.ask({ method, body, headers: { 'x-id': `${method} ${i}` } }).over();
        expect([200, 502]).toContain(status);
        if (status !== 200) failed[method] += 1;
      }
    });
    expect(seen.beyond(1, 'POST')).toEqual([]);
    expect(seen.beyond(2, '')).toEqual([]);
    const failures = failed.GET + failed.POST + failed.PUT;
    expect(failures).toBeLessThanOrEqual(resets);
    expect(resets).toBeGreaterThan(0);
    expect(proxy.stats().door).toMatchObject({ forwarded: many, failed: failures, cut: 0 });
  }),
  180_000,
);

test(
  'F-33 the target is restarted: errors only while it is down, and no storm of connections afterwards',
  overEachWay(async ({ open }) => {
    const listener = (req, res) => res.end('ok');
    const first = await httpServer(listener);
    const { client, proxy } = await open({ target: first.url }, { maxRequestsPerSocket: 1e6 });
    const found = [];
    let isOver = false;
    const lanes = all(10, async () => {
      while (!isOver) {
        const began = Date.now();
        const { status } = await client.ask().over();
        found.push({ status, began, ended: Date.now() });
        await pause(5);
      }
    });
    await eventually(() => found.length > 50);
    const down = Date.now();
    first.server.close();
    first.server.closeAllConnections();
    await eventually(() => found.some(({ status }) => status === 502));
    await pause(isNightly ? 2000 : 200);
    const again = http.createServer(listener);
    let connections = 0;
    again.on('connection', () => (connections += 1));
    onCleanUp(() => {
      again.closeAllConnections();
      return new Promise((resolve) => again.close(resolve));
    });
    await onceFree(() => listening(again, first.port, '127.0.0.1'));
    const up = Date.now();
    await eventually(() => found.filter(({ began }) => began > up).length > 50);
    isOver = true;
    await lanes;
    const failed = found.filter(({ status }) => status !== 200);
    expect(failed.filter(({ began, ended }) => ended < down || began > up)).toEqual([]);
    expect(proxy.stats().door.failed).toBe(failed.length);
    // One for each lane; a few more where they overlap.
    expect(connections).toBeLessThanOrEqual(20);
  }),
  30_000,
);

describe('F-40 the target closes a kept connection just as it is used again', () => {
  const LANES = 5;
  const many = isNightly ? 2500 : 150;
  /** How long a target keeps a connection. */
  const IDLE = 8;

  function hastyTarget(seen) {
    return rawTarget((connection) => {
      const { socket } = connection;
      let timer;
      connection.onRequest((head) => {
        clearTimeout(timer);
        seen.add(idOf(head));
        socket.write(OK);
        timer = setTimeout(() => socket.destroy(), IDLE);
      });
      socket.on('close', () => clearTimeout(timer));
    });
  }

  test(
    `F-40 ${many} times, up to two milliseconds before or after: no GET fails, no POST is done twice`,
    overEachWay(async ({ open }) => {
      const seen = new Tally();
      let failed = 0;
      await all(LANES, async (lane) => {
        const { client, proxy } = await open({ target: (await hastyTarget(seen)).url });
        for (let i = 0; i < many / LANES; i += 1) {
          const method = i % 2 ? 'POST' : 'GET';
          const id = `${method} ${lane} ${i}`;
          const body = method === 'POST' ? 'work' : '';
          const { status } = await client.ask({ method, body, headers: { 'x-id': id } }).over();
          if (status === 200) {
            expect(seen.of(id)).toBe(1);
          } else {
            failed += 1;
            expect([status, method]).toEqual([502, 'POST']);
            expect(seen.of(id)).toBeLessThanOrEqual(1);
          }
          await pause(IDLE - 2 + Math.random() * 4);
        }
        expect(proxy.stats().door.forwarded).toBe(many / LANES);
      });
      expect(failed).toBeLessThan(many / 2);
    }),
    180_000,
  );
});

test(
  'F-41 the kept connection is closed when a request has been sent over it: again if it may be, else 502',
  overEachWay(async ({ open }) => {
    const BODY = 'x'.repeat(1000);
    const LARGE = 'x'.repeat(200_000);
    for (const [method, body, status] of [
      ['GET', '', 200],
      ['DELETE', '', 200],
      ['PUT', BODY, 200],
      ['PUT', LARGE, 502],
      ['POST', BODY, 502],
      ['POST', LARGE, 502],
      ['PATCH', BODY, 502],
    ]) {
      // Answers the first request, and closes at the second's head.
      const { url, connections } = await rawTarget((connection, index) => {
        if (index > 0) return connection.onRequest(() => connection.socket.write(OK));
        connection.socket.once('data', () => {
          connection.socket.write(OK);
          connection.socket.once('data', () => connection.socket.destroy());
        });
        return undefined;
      });
      const { client } = await open({ target: url });
      expect(await client.ask().over()).toEqual(ok);
      // A length lets all of a small body be there when it is sent.
      const headers = body === '' ? {} : { 'content-length': body.length };
      const again = client.ask({ method, path: '/again', headers, body });
      const { status: found } = await again.over();
      const sent = connections.flatMap(({ text }) => text.match(/^[A-Z]+ \/again /gm) ?? []);
      // Over HTTP/2 a body comes behind its head, and is not kept.
      const expected = status === 200 && body !== '' && found === 502 ? 502 : status;
      expect([method, body.length, found, sent.length]).toEqual([
        method,
        body.length,
        expected,
        expected === 200 ? 2 : 1,
      ]);
    }
  }),
);

test(
  'F-42 the target resets the connection after its answer: the next requests are not disturbed',
  overEachWay(async ({ open }) => {
    await all(3, async (i) => {
      const target = await rawTarget((connection) => {
        const { socket } = connection;
        connection.onRequest(() => socket.write(OK, () => setTimeout(() => socket.resetAndDestroy(), i * 3)));
      });
      const { client, proxy } = await open({ target: target.url });
      for (let j = 0; j < 30; j += 1) {
        expect(await client.ask().over()).toEqual(ok);
        await pause((j % 4) * i);
      }
      expect(proxy.stats().door).toMatchObject({ forwarded: 30, failed: 0 });
    });
  }),
);

test(
  'F-43 a target of HTTP/2 goes away while it has requests: it ends what it has taken, the rest goes to another connection',
  overEachWay(async ({ open }) => {
    const held = [];
    let isLeaving = false;
    const target = await http2Target((stream) => {
      if (isLeaving) (stream.respond({ ':status': 200 }), stream.end('ok'));
      else held.push(stream);
    });
    const { client, proxy } = await open({ ...target.options });
    const first = Array.from({ length: 50 }, () => client.ask());
    await eventually(() => held.length === 50);
    isLeaving = true;
    const [{ session }] = held;
    session.goaway(0, held.at(-1).id);
    const second = Array.from({ length: 50 }, () => client.ask());
    for (const asked of second) expect(await asked.over()).toEqual(ok);
    for (const stream of held) {
      stream.respond({ ':status': 200 });
      stream.end('ok');
    }
    for (const asked of first) expect(await asked.over()).toEqual(ok);
    expect(target.sessions.length).toBeGreaterThan(1);
    expect(proxy.stats().door).toMatchObject({ forwarded: 100, failed: 0, cut: 0 });
  }),
);

test(
  'F-43 what it says it has not taken is sent once more, whatever its method',
  overEachWay(async ({ open }) => {
    const seen = new Tally();
    const target = await http2Target((stream, { ':path': path, ':method': method }) => {
      seen.add(`${method} ${path}`);
      if (path === '/never' || seen.of(`${method} ${path}`) === 1) {
        stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
      } else {
        stream.respond({ ':status': 200 });
        stream.end('ok');
      }
    });
    const { client } = await open({ ...target.options });
    for (const method of ['GET', 'POST']) {
      expect(await client.ask({ method, path: '/' }).over()).toEqual(ok);
      expect(seen.of(`${method} /`)).toBe(2);
      // Nobody takes it in the end: that is a failure, and not a loop.
      expect(await client.ask({ method, path: '/never' }).over()).toMatchObject({ status: 502 });
      expect(seen.of(`${method} /never`)).toBe(2);
    }
  }),
);

test(
  'F-45 bytes that nobody asked for, on a kept connection: nobody gets them',
  overEachWay(async ({ open }) => {
    const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
    const MOMENTS = [
      (socket) => socket.write(OK + POISON),
      (socket) => socket.write(OK, () => socket.write(POISON)),
      (socket) => socket.write(OK) && setTimeout(() => socket.write('H'), 30),
    ];
    await all(MOMENTS.length, async (i) => {
      const target = await rawTarget((connection) =>
        connection.onRequest(() => MOMENTS[i](connection.socket)),
      );
      const { client } = await open({ target: target.url });
      for (let j = 0; j < 4; j += 1) {
        expect(await client.ask().over()).toEqual(ok);
        await target.connections.at(-1).closed();
      }
      expect(target.connections).toHaveLength(4);
    });
  }),
);
