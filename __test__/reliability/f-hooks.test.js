'use strict';

/**
 * F-60…F-63, F-68: listeners that throw, reject, never settle, or settle too late. Here a failing listener is its request's error, in every
 * event: that goes further than F-68 asks.
 */

const { setTimeout: pause } = require('node:timers/promises');
const { createProxyServer } = require('../../index.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  rawClient,
  rawExchange,
} = require('../support/peers.js');
const { FACES } = require('../support/faces.js');
const { GOOD, nextIsServed, statusOf, takeBaseline } = require('../support/faults.js');
const { stats } = require('../support/engine.js');

beforeAll(takeBaseline);
afterEach(closeAll);

const get = 'GET /a HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n';

/** What listeners throw. The traps of the last one throw themselves. */
const THROWN = {
  'an Error': () => new Error('of the listener'),
  'a frozen Error': () => Object.freeze(new Error('of the listener')),
  undefined: () => undefined,
  null: () => null,
  'a string': () => 'of the listener',
  'a Proxy': () => new Proxy(new Error('of the listener'), {}),
  'a Proxy whose traps throw': () => {
    const trap = () => {
      throw new Error('of the trap');
    };
    return new Proxy(
      {},
      { get: trap, has: trap, getPrototypeOf: trap, ownKeys: trap, getOwnPropertyDescriptor: trap },
    );
  },
};
const HOW = {
  throws: (thrown) => () => {
    throw thrown;
  },
  'rejects with': (thrown) => async () => {
    throw thrown;
  },
  'rejects later with': (thrown) => async () => {
    await pause(20);
    throw thrown;
  },
};
const rows = Object.keys(HOW).flatMap((how) => Object.keys(THROWN).map((what) => [how, what]));
const ID = { throws: 'F-60', 'rejects with': 'F-61', 'rejects later with': 'F-61' };
const withIds = (events) => events.flatMap((event) => rows.map(([how, what]) => [ID[how], event, how, what]));

/** A proxy with these listeners, and what its `error` listener hears. */
async function listeningProxy(face, on, options = {}) {
  const target = await answeringTarget(GOOD);
  const heard = [];
  const error = (thrown, req, res) => {
    heard.push(thrown);
    if (res.headersSent || res.writableEnded) return;
    res.writeHead(thrown.status ?? 500).end('told');
  };
  const { port } = await face({ target: target.url, ...options, on: { ...on, error } });
  return { heard, port, target };
}

/** A proxy with one bad listener, which fails only once. */
function badListener(face, event, how, thrown, options) {
  let isBad = true;
  const bad = HOW[how](thrown);
  const listener = () => {
    const wasBad = isBad;
    isBad = false;
    return wasBad ? bad() : undefined;
  };
  return listeningProxy(face, { [event]: listener }, options);
}

/** The listener's error itself, or one that has it as its cause. */
function expectToBeOf(error, thrown, what) {
  if (what.endsWith('an Error') || what.endsWith('frozen Error')) {
    expect(error).toBe(thrown);
    return;
  }
  expect(error).toBeInstanceOf(Error);
  expect(error.code).toBe('ERR_PROXY_HOOK');
  expect(Object.is(error.cause, thrown)).toBe(true);
}

describe.each(FACES)('%s, before the answer', (_name, face) => {
  test.each(withIds(['start', 'proxyReq', 'proxyRes']))(
    '%s a %s listener %s %s',
    async (_id, event, how, what) => {
      const thrown = THROWN[what]();
      // What is waited for is in time to fail the request; what is not, may be too late for that.
      const options = how === 'throws' || event !== 'proxyReq' ? {} : { hookTimeout: 5000 };
      const { heard, port } = await badListener(face, event, how, thrown, options);
      const answer = await rawExchange(port, get);
      if (how === 'throws' || event === 'proxyReq') {
        expect(statusOf(answer)).toBe(500);
        expect(heard).toHaveLength(1);
      } else {
        // The answer may be through when the promise is rejected; then nobody is left to tell.
        expect([200, 500]).toContain(statusOf(answer));
        if (statusOf(answer) === 200) expect(answer).toMatch(/\r\n\r\ngood$/);
        expect(heard.length).toBeLessThanOrEqual(1);
      }
      for (const error of heard) expectToBeOf(error, thrown, what);
      await nextIsServed(port);
    },
  );
});

describe.each(FACES)('%s, after the answer, and about failures', (_name, face) => {
  test.each(withIds(['end']))(
    '%s an %s listener %s %s: the answer is complete',
    async (_id, event, how, what) => {
      const { heard, port } = await badListener(face, event, how, THROWN[what]());
      expect(await rawExchange(port, get)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\ngood$/);
      await pause(how === 'throws' ? 0 : 30);
      expect(heard.length).toBeLessThanOrEqual(1);
      await nextIsServed(port);
    },
  );

  test.each(withIds(['econnreset']))('%s an %s listener %s %s', async (_id, event, how, what) => {
    const target = await answeringTarget('');
    let called = 0;
    const listener = () => {
      called += 1;
      return HOW[how](THROWN[what]())();
    };
    const { port } = await face({ target: target.url, on: { [event]: listener } });
    const client = await rawClient(port, get);
    await eventually(() => target.connections.length === 1);
    client.socket.destroy();
    await eventually(() => called === 1 && stats().exchanges === 0);
    await pause(how === 'throws' ? 0 : 30);
    expect(called).toBe(1);
  });

  test.each(rows.map(([how, what]) => ['F-68', how, what]))(
    '%s an error listener %s %s: the client is answered all the same',
    async (_id, how, what) => {
      let called = 0;
      const error = () => {
        called += 1;
        return HOW[how](THROWN[what]())();
      };
      const { port } = await face({ target: 'http://127.0.0.1:1', on: { error } });
      expect(statusOf(await rawExchange(port, get))).toBeGreaterThanOrEqual(500);
      expect(called).toBe(1);
    },
  );
});

test.each(rows.map(([how, what]) => ['F-68', how, what]))(
  '%s a callback %s %s: the client is answered all the same',
  async (_id, how, what) => {
    const proxy = createProxyServer({ target: 'http://127.0.0.1:1' });
    const { port } = await httpServer((req, res) => proxy.web(req, res, HOW[how](THROWN[what]())));
    expect(statusOf(await rawExchange(port, get))).toBeGreaterThanOrEqual(500);
  },
);

describe.each(FACES)('%s, what listeners return', (_name, face) => {
  test('F-61 a listener returns something whose then cannot be asked for', async () => {
    for (const event of ['proxyReq', 'proxyRes', 'end']) {
      const on = { [event]: () => THROWN['a Proxy whose traps throw']() };
      const { heard, port } = await listeningProxy(face, on);
      expect([200, 500]).toContain(statusOf(await rawExchange(port, get)));
      expect(heard.length).toBeLessThanOrEqual(1);
    }
  });
});

describe.each(FACES)('F-62 %s, a listener that never settles', (_name, face) => {
  test('F-62 with hookTimeout: 504, and a late settling is ignored', async () => {
    const settles = [];
    const proxyReq = () => new Promise((resolve, reject) => settles.push({ resolve, reject }));
    const { heard, port, target } = await listeningProxy(face, { proxyReq }, { hookTimeout: 200 });
    const began = Date.now();
    const answers = await Promise.all([rawExchange(port, get), rawExchange(port, get)]);
    expect(Date.now() - began).toBeGreaterThanOrEqual(190);
    expect(answers.map(statusOf)).toEqual([504, 504]);
    expect(heard).toMatchObject([{ code: 'ERR_PROXY_HOOK_TIMEOUT' }, { code: 'ERR_PROXY_HOOK_TIMEOUT' }]);
    settles[0].resolve();
    settles[1].reject(new Error('late'));
    await pause(50);
    expect(heard).toHaveLength(2);
    expect(target.connections).toHaveLength(0);
    expect(stats().exchanges).toBe(0);
  });

  test('F-62 without hookTimeout it is not waited for', async () => {
    const never = () => new Promise(() => {});
    const { port } = await listeningProxy(face, {
      start: never,
      proxyReq: never,
      proxyRes: never,
      end: never,
    });
    expect(statusOf(await rawExchange(port, get))).toBe(200);
  });

  test('F-62 one that settles in time is waited for', async () => {
    const proxyReq = async (request) => {
      await pause(50);
      request.setHeader('x-late', 'yes');
    };
    const { port, target } = await listeningProxy(face, { proxyReq }, { hookTimeout: 2000 });
    expect(statusOf(await rawExchange(port, get))).toBe(200);
    expect(target.connections[0].text).toContain('x-late: yes\r\n');
  });
});

describe.each(FACES)(
  'F-63 %s, a listener that settles twice, or when nobody waits any more',
  (_name, face) => {
    test.each(['resolve', 'reject'])('F-63 %s after the client has left', async (how) => {
      let settle;
      let departures = 0;
      const on = {
        proxyReq: () => new Promise((resolve, reject) => (settle = { resolve, reject })),
        econnreset: () => void (departures += 1),
      };
      const { heard, port, target } = await listeningProxy(face, on, { hookTimeout: 5000 });
      const client = await rawClient(port, get);
      await eventually(() => settle !== undefined);
      client.socket.destroy();
      await eventually(() => departures === 1);
      settle[how](new Error('late'));
      await pause(50);
      expect(heard).toEqual([]);
      expect(target.connections).toHaveLength(0);
      expect(stats().exchanges).toBe(0);
    });

    test('F-63 both ways', async () => {
      const both = {
        then(resolve, reject) {
          resolve();
          reject(new Error('as well'));
          resolve();
        },
      };
      const on = { proxyReq: () => both };
      const { heard, port, target } = await listeningProxy(face, on, { hookTimeout: 5000 });
      expect(statusOf(await rawExchange(port, get))).toBe(200);
      expect(heard).toEqual([]);
      expect(target.connections[0].text.match(/^GET /gm)).toHaveLength(1);
    });

    test('F-63 after the answer was given by the listener itself', async () => {
      const proxyReq = async (_proxyReq, _req, res) => {
        res.end('by hand');
        await pause(30);
      };
      const { port, target } = await listeningProxy(face, { proxyReq }, { hookTimeout: 5000 });
      expect(await rawExchange(port, get)).toMatch(/\r\n\r\nby hand$/);
      await pause(60);
      expect(target.connections).toHaveLength(0);
      expect(stats().exchanges).toBe(0);
    });
  },
);
