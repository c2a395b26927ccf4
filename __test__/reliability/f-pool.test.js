'use strict';

/** F-40…F-42, F-44…F-46: connections that are kept, and what may have happened to them meanwhile. */

const { setTimeout: pause } = require('node:timers/promises');
const {
  closeAll,
  eventually,
  httpServer,
  keepingAgent,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const {
  GOOD,
  checkAfterwards,
  faultBench,
  faultyTarget,
  request,
  statusOf,
  takeBaseline,
} = require('../support/faults.js');
const { givesUpIdle, stats } = require('../support/engine.js');

beforeAll(takeBaseline);
afterEach(closeAll);

const get = 'GET /a HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n';

describe('F-40 the target closes a kept connection just as it is used again', () => {
  const many = process.env.NIGHTLY ? 10_000 : 1000;
  const LANES = 10;
  /** How long a target keeps a connection. */
  const IDLE = 8;

  /** Closes each connection some milliseconds after its last answer, whatever may be on its way; counts what it has executed. */
  function hastyTarget(executed) {
    return rawTarget((connection) => {
      const { socket } = connection;
      let timer;
      connection.onRequest((head) => {
        clearTimeout(timer);
        const id = /^x-id: (.*)$/m.exec(head)[1];
        executed.set(id, (executed.get(id) ?? 0) + 1);
        socket.write(GOOD);
        timer = setTimeout(() => socket.destroy(), IDLE);
      });
      socket.on('close', () => clearTimeout(timer));
    });
  }

  test.each(['GET', 'POST'])(
    `F-40 ${many} times %s, up to two milliseconds before or after`,
    async (method) => {
      const executed = new Map();
      const benches = [];
      for (let i = 0; i < LANES; i += 1) {
        benches.push(await faultBench('event', { target: (await hastyTarget(executed)).url }));
      }
      const before = stats();
      const statuses = new Map();
      const lane = async ({ port }, which) => {
        const agent = keepingAgent();
        for (let i = 0; i < many / LANES; i += 1) {
          const id = `${method} ${which} ${i}`;
          const body = method === 'POST' ? 'work' : undefined;
          const { status } = await request(agent, port, { method, headers: { 'x-id': id }, body });
          statuses.set(id, status);
          // Some at once: a busy machine has lost every connection by then.
          await pause(i % 10 === 0 ? 0 : IDLE - 2 + Math.random() * 4);
        }
        agent.destroy();
      };
      await Promise.all(benches.map(lane));

      const failed = [...statuses].filter(([, status]) => status !== 200);
      if (method === 'GET') expect(failed).toEqual([]);
      for (const [id, status] of statuses) {
        const times = executed.get(id) ?? 0;
        if (status === 200) expect(times).toBe(1);
        else expect(times).toBeLessThanOrEqual(1);
      }
      for (const { failures } of benches) {
        for (const { error } of failures) expect(['ECONNRESET', 'EPIPE']).toContain(error.code);
      }
      // Connections were indeed both kept and lost.
      expect(stats().connectionsMade - before.connectionsMade).toBeGreaterThan(LANES);
      expect(stats().connectionsMade - before.connectionsMade).toBeLessThan(many);
      const told = benches.flatMap(({ failures }) => failures);
      expect(told).toHaveLength(failed.length);
      const all = { ...benches[0], failures: told, failed: () => told.length };
      await checkAfterwards(all, { failures: failed.length });
    },
    process.env.NIGHTLY ? 120_000 : 30_000,
  );
});

describe('F-41 the kept connection is closed when the request has been sent over it', () => {
  /**
   * Answers the first request of each of its first `many` connections, when all of them are there, and closes when it has so many bytes of
   * the second: its head at least.
   */
  function closesAtSecond(many = 1, bytes = 1) {
    const asking = [];
    return rawTarget((connection, index) => {
      const { socket } = connection;
      if (index >= many) return connection.onRequest(() => socket.write(GOOD));
      socket.once('data', () => {
        const first = connection.bytes.length;
        socket.on('data', () => connection.bytes.length - first >= bytes && socket.destroy());
        asking.push(socket);
        if (asking.length === many) for (const one of asking) one.write(GOOD);
      });
      return undefined;
    });
  }
  const BODY = 'x'.repeat(1000);
  const LARGE = 'x'.repeat(200_000);
  const chunk = (text) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const rows = [
    ['GET', '\r\n', 200],
    ['HEAD', '\r\n', 200],
    ['DELETE', '\r\n', 200],
    ['PUT', `Content-Length: 1000\r\n\r\n${BODY}`, 200],
    ['PUT', `Transfer-Encoding: chunked\r\n\r\n${chunk(BODY)}0\r\n\r\n`, 200],
    ['PUT', `Content-Length: 200000\r\n\r\n${LARGE}`, 502],
    ['POST', '\r\n', 502],
    ['POST', `Content-Length: 1000\r\n\r\n${BODY}`, 502],
    ['POST', `Transfer-Encoding: chunked\r\n\r\n${chunk(LARGE)}0\r\n\r\n`, 502],
    ['PATCH', `Content-Length: 1000\r\n\r\n${BODY}`, 502],
  ].map(([method, rest, status]) => [method, rest.length, status, rest]);

  test.each(rows)('F-41 %s (%i bytes): %i', async (method, _length, status, rest) => {
    // Of a large body so much must have been sent that it is not kept for a second time any more.
    const target = await closesAtSecond(1, Math.min(rest.length, 100_000));
    const bench = await faultBench('event', { target: target.url });
    expect(statusOf(await rawExchange(bench.port, get))).toBe(200);
    await eventually(() => stats().idleConnections === 1);
    const before = stats().retries;
    const answer = await rawExchange(
      bench.port,
      `${method} /again HTTP/1.1\r\nHost: me\r\nConnection: close\r\n${rest}`,
    );
    expect(statusOf(answer)).toBe(status);
    const sent = target.connections.flatMap(({ text }) => text.match(/^[A-Z]+ \/again /gm) ?? []);
    expect(sent).toHaveLength(status === 200 ? 2 : 1);
    expect(stats().retries - before).toBe(status === 200 ? 1 : 0);
    if (status === 200 && method === 'PUT') {
      // The second time it is the whole body again.
      expect(target.connections[1].text.match(/x/g)).toHaveLength(1000);
    }
    await checkAfterwards(bench, { failures: status === 200 ? 0 : 1 });
  });

  test('F-41 a large upload still under way: 502, and it goes nowhere else', async () => {
    const target = await closesAtSecond();
    const bench = await faultBench('event', { target: target.url });
    expect(statusOf(await rawExchange(bench.port, get))).toBe(200);
    await eventually(() => stats().idleConnections === 1);
    const client = await rawClient(
      bench.port,
      'POST /again HTTP/1.1\r\nHost: me\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const upload = setInterval(() => {
      if (client.ending === null) client.socket.write(chunk(LARGE));
    }, 5);
    try {
      await client.received('\r\n\r\n');
    } finally {
      clearInterval(upload);
    }
    expect(statusOf(client.text)).toBe(502);
    expect(target.connections).toHaveLength(1);
    client.socket.destroy();
    await checkAfterwards(bench, { failures: 1 });
  });

  test('F-41 a second kept connection that is closed as well is not tried after the first', async () => {
    const target = await closesAtSecond(2);
    const bench = await faultBench('event', { target: target.url });
    await Promise.all([rawExchange(bench.port, get), rawExchange(bench.port, get)]);
    await eventually(() => stats().idleConnections === 2);
    const made = stats().connectionsMade;
    expect(statusOf(await rawExchange(bench.port, get))).toBe(200);
    expect(stats().connectionsMade - made).toBe(1);
    await checkAfterwards(bench, { failures: 0 });
  });
});

describe('F-42 the target resets the connection after its answer', () => {
  test.each([0, 1, 5])('F-42 %i ms after it: the next requests are not disturbed', async (milliseconds) => {
    const target = await rawTarget((connection) => {
      connection.onRequest(() => {
        connection.socket.write(GOOD, () =>
          setTimeout(() => connection.socket.resetAndDestroy(), milliseconds),
        );
      });
    });
    const bench = await faultBench('event', { target: target.url });
    const agent = keepingAgent();
    for (let i = 0; i < 50; i += 1) {
      const { status, text } = await request(agent, bench.port);
      expect([status, text]).toEqual([200, 'good']);
      await pause((i % 4) * milliseconds * 0.5);
    }
    agent.destroy();
    await checkAfterwards(bench, { failures: 0 });
  });
});

describe('F-44 a Node server that keeps connections for five seconds, asked every five seconds', () => {
  const rounds = process.env.NIGHTLY ? 120 : 3;

  test(
    `F-44 ${rounds} times without an error`,
    async () => {
      const target = await httpServer((req, res) => res.end('good'));
      target.server.keepAliveTimeout = 5000;
      const bench = await faultBench('event', { target: target.url });
      const lanes = Array.from({ length: 5 }, async (_, lane) => {
        // Around the moment at which the target closes.
        await pause(lane);
        for (let i = 0; i <= rounds; i += 1) {
          const body = lane % 2 ? 'work' : '';
          const method = lane % 2 ? 'POST' : 'GET';
          const head = `${method} / HTTP/1.1\r\nHost: me\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
          expect(statusOf(await rawExchange(bench.port, head + body))).toBe(200);
          if (i < rounds) await pause(5000);
        }
      });
      await Promise.all(lanes);
      await checkAfterwards(bench, { failures: 0 });
    },
    rounds * 6000 + 10_000,
  );
});

describe('F-45 bytes that nobody asked for, on a kept connection', () => {
  const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
  const MOMENTS = {
    'together with the answer': (socket) => socket.write(GOOD + POISON),
    'right after it': (socket) => socket.write(GOOD, () => socket.write(POISON)),
    'a moment later': (socket) => {
      socket.write(GOOD);
      setTimeout(() => socket.write(POISON), 30);
    },
    'one byte of them': (socket) => {
      socket.write(GOOD);
      setTimeout(() => socket.write('H'), 30);
    },
  };

  test.each(Object.keys(MOMENTS))('F-45 %s: the connection is given up, nobody gets them', async (moment) => {
    const target = await faultyTarget({ onRequest: ({ socket }) => MOMENTS[moment](socket) });
    const bench = await faultBench('event', { target: target.url });
    for (let i = 0; i < 5; i += 1) {
      expect(await rawExchange(bench.port, get)).toMatch(/\r\n\r\ngood$/);
      await pause(60);
    }
    expect(target.connections).toHaveLength(5);
    for (const connection of target.connections) await connection.closed();
    await checkAfterwards(bench, { failures: 0, target });
  });
});

describe('F-46 a thousand origins, asked once each', () => {
  test('F-46 their connections are given up, and none is left', async () => {
    const targets = [];
    for (let i = 0; i < 1000; i += 1) {
      const target = await rawTarget((connection) =>
        connection.onRequest(() => connection.socket.write(GOOD)),
      );
      targets.push(target.url);
    }
    const { createProxyServer } = require('../../index.js');
    const proxy = createProxyServer();
    const failures = [];
    proxy.on('error', (error, req, res) => {
      failures.push({ error, req });
      res.writeHead(502).end();
    });
    const { port } = await httpServer((req, res) =>
      proxy.web(req, res, { target: targets[req.url.slice(1)] }),
    );
    const agent = keepingAgent();
    const ask = async (i) => expect((await request(agent, port, { path: `/${i}` })).status).toBe(200);
    await givesUpIdle(ask, 6000);
    agent.destroy();
    await checkAfterwards({ ear: 'event', port, failures, failed: () => failures.length }, { failures: 0 });
  });
});
