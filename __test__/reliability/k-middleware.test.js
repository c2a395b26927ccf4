'use strict';

/** Routers and path rewriters that fail, never settle, or give anything at all (reliability rows K-12 and K-13). */

const { createProxyMiddleware } = require('../../index.js');
const { ask, namedTarget, recordingLogger, withNext } = require('../support/middlewares.js');
const { closeAll, eventually, httpServer, rawClient } = require('../support/peers.js');
const { lastRequest, readResponse } = require('../support/messages.js');
const { stats } = require('../support/engine.js');

afterEach(closeAll);

const fail = () => {
  throw new Error('of the hook');
};
const reject = async () => fail();
const later = async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return fail();
};
const never = () => new Promise(() => {});

/** Sends a GET to a middleware; gives the answer and what `next` was called with. */
async function send(options, line = 'GET /a?q') {
  const { calls, listener } = withNext(createProxyMiddleware(options));
  const answer = await ask(listener, line);
  await eventually(() => stats().exchanges === 0);
  return { status: answer.status, body: answer.body, calls };
}

describe.each(['router', 'pathRewrite'])('%s', (option) => {
  const ID = { router: 'K-12', pathRewrite: 'K-13' }[option];
  const target = 'http://127.0.0.1:1';

  test.each([
    ['throws', fail],
    ['rejects', reject],
    ['rejects later', later],
  ])(`${ID} one that %s: next(err), and nothing else`, async (_how, hook) => {
    const heard = [];
    const { logger, lines } = recordingLogger();
    const on = { error: () => heard.push('error') };
    const outcome = await send({ target, logger, on, [option]: hook });
    expect(outcome.calls).toEqual([[expect.objectContaining({ message: 'of the hook' })]]);
    expect(heard).toEqual([]);
    expect(lines).toEqual([]);
  });

  test.each([
    ['undefined', () => Promise.reject(undefined), undefined],
    ['a text', () => Promise.reject('text'), 'text'],
  ])(`${ID} one that rejects with %s: next is called with it`, async (_what, hook, thrown) => {
    const { calls } = await send({ target, [option]: hook });
    expect(calls).toEqual([[thrown]]);
  });

  test(`${ID} one that never settles has hookTimeout`, async () => {
    const { calls } = await send({ target, [option]: never, hookTimeout: 50 });
    expect(calls).toEqual([[expect.objectContaining({ code: 'ERR_PROXY_HOOK_TIMEOUT', status: 504 })]]);
  });

  test(`${ID} one that never settles, and a client that leaves: the next one is served`, async () => {
    const { url } = await namedTarget();
    let isFirst = true;
    const hook = () => {
      const wasFirst = isFirst;
      isFirst = false;
      return wasFirst ? never() : undefined;
    };
    const middleware = createProxyMiddleware({ target: url, [option]: hook });
    const { port } = await httpServer((req, res) => void middleware(req, res, () => res.end('next')));
    const client = await rawClient(port, lastRequest('GET /a'));
    await eventually(() => !isFirst);
    client.socket.destroy();
    const other = await rawClient(port, lastRequest('GET /a'));
    await other.closed();
    expect(readResponse(other.text)).toMatchObject({ status: 200, body: 'target' });
    expect(stats().exchanges).toBe(0);
  });

  test(`${ID} without next a failure is answered all the same`, async () => {
    const middleware = createProxyMiddleware({ target, [option]: reject });
    expect((await ask(middleware, 'GET /a')).status).toBe(500);
  });
});

describe('what a router gives', () => {
  test.each([undefined, null, false, 0, '', NaN])('K-12 %p: the target stays', async (value) => {
    const { url } = await namedTarget();
    for (const router of [() => value, async () => value])
      expect(await send({ target: url, router })).toMatchObject({ status: 200, body: 'target', calls: [] });
  });

  test.each([undefined, null, false])('K-12 %p, and there is no target: next(err)', async (value) => {
    const { calls } = await send({ router: () => value });
    expect(calls).toEqual([[expect.objectContaining({ message: 'Must provide a proper URL as target' })]]);
  });

  test.each([
    5,
    true,
    'no url',
    'ftp://h',
    'http://h:99999',
    'http://h\r\nx: y',
    {},
    { port: 'x' },
    [],
    ['no url'],
    Symbol('s'),
    () => {},
    new Proxy({}, { get: fail }),
  ])('K-12 what is no target: next(err) or a failure, never more (%#)', async (value) => {
    const { status } = await send({ target: 'http://127.0.0.1:1', router: () => value });
    expect([500, 504]).toContain(status);
  });

  test('K-12 a new target each time: connections and configurations are bounded', async () => {
    const { port } = await namedTarget();
    let count = 0;
    const router = () => {
      count += 1;
      return `http://127.0.0.1:${port}/${count}`;
    };
    const middleware = createProxyMiddleware({ router });
    const server = await httpServer((req, res) => void middleware(req, res));
    for (let i = 0; i < 1500; i++) {
      const answer = await fetch(server.url);
      if (answer.status !== 200) throw new Error(`${answer.status} for ${count}`);
      await answer.arrayBuffer();
    }
    expect(count).toBe(1500);
    await eventually(() => stats().exchanges === 0);
    expect(stats().idleConnections).toBeLessThanOrEqual(1024);
  });
});

describe('what a rewriter gives', () => {
  test.each([undefined, null, 5, true, {}, [], Symbol('s'), Buffer.from('/b')])(
    'K-13 %p is no path: the path stays',
    async (value) => {
      const target = await namedTarget();
      for (const pathRewrite of [() => value, async () => value])
        expect((await send({ target: target.url, pathRewrite })).status).toBe(200);
      expect(target.asked()).toEqual(Array(2).fill('GET /a?q HTTP/1.1'));
    },
  );

  test.each([
    ['', 'GET / HTTP/1.1'],
    ['b', 'GET /b HTTP/1.1'],
    ['?x', 'GET /?x HTTP/1.1'],
    ['/b#c', 'GET /b HTTP/1.1'],
    ['//h/b', 'GET //h/b HTTP/1.1'],
    ['/%0d%0aX:y', 'GET /%0d%0aX:y HTTP/1.1'],
    ['http://other.test/b', 'GET /b HTTP/1.1'],
  ])('K-13 the path %p', async (path, start) => {
    const target = await namedTarget();
    expect((await send({ target: target.url, pathRewrite: () => path })).status).toBe(200);
    expect(target.asked()).toEqual([start]);
  });

  test.each(['/a b', '/a\r\nX: y', '/\0', '/\u{1f600}', '/\ud800', 'ftp://h/'])(
    'K-13 the path %j cannot be sent: 400, and nothing reaches the target',
    async (path) => {
      const target = await namedTarget();
      const { status, calls } = await send({ target: target.url, pathRewrite: () => path });
      expect([status, calls]).toEqual([400, []]);
      expect(target.connections).toEqual([]);
    },
  );

  test('K-13 an expression that backtracks holds up its own thread, and nothing else happens', async () => {
    const target = await namedTarget();
    const pathRewrite = { '^/(a+)+$': '/b' };
    const { status } = await send({ target: target.url, pathRewrite }, `GET /${'a'.repeat(22)}b`);
    expect(status).toBe(200);
    expect(target.asked()).toEqual([`GET /${'a'.repeat(22)}b HTTP/1.1`]);
  });

  test('K-13 a replacement that is no text', async () => {
    const target = await namedTarget();
    const calls = [];
    for (const replacement of [null, undefined, 5, {}, () => '/f', () => fail()])
      calls.push(...(await send({ target: target.url, pathRewrite: { '^/a': replacement } })).calls);
    expect(calls).toEqual([[expect.objectContaining({ message: 'of the hook' })]]);
    // A space in a path is refused.
    expect(target.asked()).toEqual(
      ['/null', '/undefined', '/5', '/f'].map((path) => `GET ${path}?q HTTP/1.1`),
    );
  });
});
