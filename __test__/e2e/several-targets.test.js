'use strict';

/** `target` as a list: in turn, and from one that fails to the next, as far as nothing can happen twice. */

const http = require('node:http');
const { createProxyServer } = require('../../index.js');
const { FACES } = require('../support/faces.js');
const { GOOD } = require('../support/faults.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');
const { DOWN, namedTarget } = require('../support/middlewares.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { stats } = require('../support/engine.js');

afterEach(closeAll);

const GET = lastRequest('GET /a');
const REQUESTS = {
  GET,
  POST: lastRequest('POST /a', ['Content-Length: 4'], 'body'),
  'POST in chunks': lastRequest('POST /a', ['Transfer-Encoding: chunked'], '4\r\nbody\r\n0\r\n\r\n'),
};

/** Ways in which a target fails after it has got the request. */
const FAILING = {
  'closes without an answer': () => answeringTarget('', { end: 'fin' }),
  'resets without an answer': () => answeringTarget('', { end: 'rst' }),
};
const bodyOf = async (port, text = GET) => {
  const answer = readResponse(await rawExchange(port, text));
  return `${answer.status} ${answer.body}`;
};

let downs = 0;

/** Nobody listens there. Each is a target of its own, which was not avoided before. */
function down() {
  downs += 1;
  return `${DOWN}/${downs}`;
}

describe.each(FACES)('%s', (_face, serve) => {
  /** The proxy, and the errors of its requests. */
  async function balanced(options) {
    const errors = [];
    const on = {
      error(error, req, res) {
        errors.push(error);
        if (!res.headersSent) res.writeHead(error.status).end(error.code);
      },
      ...options.on,
    };
    return { ...(await serve({ ...options, on })), errors };
  }

  test('they are asked in turn, beginning with the first', async () => {
    const names = ['one', 'two', 'three'];
    const targets = [];
    for (const name of names) targets.push(await namedTarget(name));
    const urls = targets.map(({ url }) => url);
    const { port } = await balanced({
      target: [urls[0], new URL(urls[1]), { host: '127.0.0.1', port: targets[2].port }],
    });
    const bodies = [];
    for (let i = 0; i < 6; i++) bodies.push(await bodyOf(port));
    expect(bodies).toEqual([...names, ...names].map((name) => `200 ${name}`));
  });

  test.each(Object.keys(REQUESTS))(
    '%s goes to the next one if the first cannot be connected to',
    async (name) => {
      const target = await namedTarget();
      const { port, errors } = await balanced({ target: [down(), target.url] });
      expect(await bodyOf(port, REQUESTS[name])).toBe('200 target');
      const [request] = target.requests();
      expect(request).toMatchObject({ body: name === 'GET' ? '' : 'body', isComplete: true, rest: '' });
      expect(errors).toEqual([]);
      await eventually(() => stats().exchanges === 0);
    },
  );

  test('each target has its own path, host and credentials', async () => {
    const target = await namedTarget();
    const list = [`${down()}/first`, `http://me:secret@127.0.0.1:${target.port}/second?k=v`];
    const on = { proxyReq: (proxyReq) => proxyReq.setHeader('x-path', proxyReq.path) };
    for (const options of [{}, { on }]) {
      const { port } = await balanced({ target: list, changeOrigin: true, ...options });
      expect(await bodyOf(port)).toBe('200 target');
    }
    for (const request of target.requests()) {
      expect(request.start).toBe('GET /second/a?k=v HTTP/1.1');
      expect(request.values('host')).toEqual([`127.0.0.1:${target.port}`]);
      expect(request.values('authorization')).toEqual([`Basic ${btoa('me:secret')}`]);
    }
    expect(target.requests().map(({ values }) => values('x-path'))).toEqual([[], ['/second/a?k=v']]);
  });

  test('events: start once, proxyReq for each attempt, no error', async () => {
    const target = await namedTarget();
    const events = [];
    const names = ['start', 'proxyReq', 'proxyRes', 'end'];
    const on = Object.fromEntries(names.map((event) => [event, () => void events.push(event)]));
    const { port, errors } = await balanced({ target: [down(), target.url], on });
    expect(await bodyOf(port)).toBe('200 target');
    await eventually(() => events.length === 5);
    expect(events).toEqual(['start', 'proxyReq', 'proxyReq', 'proxyRes', 'end']);
    expect(errors).toEqual([]);
  });

  test('one that could not be connected to is not the first to be asked for a while', async () => {
    const target = await namedTarget();
    let attempts = 0;
    const on = { proxyReq: () => void (attempts += 1) };
    const { port } = await balanced({ target: [down(), target.url], on });
    for (let i = 0; i < 4; i++) expect(await bodyOf(port)).toBe('200 target');
    expect(attempts).toBe(5);
  });

  test('if none can be connected to, the last one says why', async () => {
    const list = [down(), 'http://127.0.0.1:2/down'];
    const { port, errors } = await balanced({ target: list });
    expect(await bodyOf(port)).toBe('502 ECONNREFUSED');
    expect(errors).toMatchObject([{ port: 2 }]);
    // They are still asked, since there are no others.
    expect(await bodyOf(port)).toBe('502 ECONNREFUSED');
    expect(errors).toHaveLength(2);
  });

  test.each(Object.keys(FAILING))('one that %s may have acted on a POST, but a GET goes on', async (how) => {
    for (const name of Object.keys(REQUESTS)) {
      const [first, second] = [await FAILING[how](), await namedTarget('second')];
      const { port, errors } = await balanced({ target: [first.url, second.url] });
      const isRepeated = name === 'GET';
      expect(await bodyOf(port, REQUESTS[name])).toBe(isRepeated ? '200 second' : '502 ECONNRESET');
      expect(second.connections).toHaveLength(isRepeated ? 1 : 0);
      expect(errors).toHaveLength(isRepeated ? 0 : 1);
    }
  });

  test.each([
    ['a part of its head', 'HTTP/1.1 2'],
    ['garbage', 'garbage\r\n\r\n'],
    ['half its body', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'],
  ])('one that has sent %s is not followed by another', async (_what, text) => {
    const [first, second] = [await answeringTarget(text, { end: 'fin' }), await namedTarget('second')];
    const { port, errors } = await balanced({ target: [first.url, second.url] });
    const client = await rawClient(port, GET);
    await client.closed();
    expect(second.connections).toEqual([]);
    expect(errors).toHaveLength(1);
  });

  test('what takes too long goes on, but not longer than all of it may take', async () => {
    const silent = await rawTarget(() => {});
    const second = await namedTarget('second');
    const list = [silent.url, second.url];
    const head = await balanced({ target: list, timeouts: { head: 100 } });
    expect(await bodyOf(head.port)).toBe('200 second');
    const total = await balanced({ target: list, timeouts: { total: 100 } });
    expect(await bodyOf(total.port)).toBe('504 ERR_PROXY_TOTAL_TIMEOUT');
    const other = await rawTarget(() => {});
    const both = await balanced({ target: [silent.url, other.url], timeouts: { head: 1000, total: 1500 } });
    const began = Date.now();
    expect(await bodyOf(both.port)).toBe('504 ERR_PROXY_TOTAL_TIMEOUT');
    expect(Date.now() - began).toBeLessThan(2400);
    expect(both.errors).toMatchObject([{ timeout: 'total', phase: 'head', status: 504 }]);
    await eventually(() => stats().exchanges === 0);
  });

  test('a client that leaves is not followed to the next target', async () => {
    const [silent, second] = [await rawTarget(() => {}), await namedTarget('second')];
    const { port, errors, events } = await balanced({ target: [silent.url, second.url] });
    const client = await rawClient(port, GET);
    await silent.connected();
    client.socket.destroy();
    await eventually(() => stats().exchanges === 0);
    expect([errors, second.connections]).toEqual([[], []]);
    expect(events.map(({ event }) => event)).toEqual(['econnreset']);
  });

  test('a mirror gets one copy', async () => {
    const [target, mirror] = [await namedTarget(), await namedTarget('mirror')];
    const { port } = await balanced({ target: [down(), target.url], forward: mirror.url });
    expect(await bodyOf(port, REQUESTS.POST)).toBe('200 target');
    await eventually(() => mirror.connections.length > 0);
    expect(mirror.requests().map(({ body }) => body)).toEqual(['body']);
  });

  test('a list that is empty, or holds what is no target, is refused by name', () => {
    for (const target of [[], ['no url'], [5], [[]], [() => DOWN], [DOWN, 'ftp://h'], [DOWN, null]])
      expect(() => createProxyServer({ target })).toThrow(expect.objectContaining({ option: 'target' }));
  });
});

test('targets in turn for other ways to name them: functions and calls', async () => {
  const [one, two] = [await namedTarget('one'), await namedTarget('two')];
  const list = [one.url, two.url];
  for (const [options, call] of [
    [{ target: () => [...list] }, {}],
    [{ target: async () => list }, {}],
    [{}, { target: list }],
  ]) {
    const proxy = createProxyServer(options);
    const { port } = await httpServer((req, res) => void proxy.web(req, res, call));
    const bodies = [];
    for (let i = 0; i < 4; i++) bodies.push(await bodyOf(port));
    expect(bodies).toEqual(['200 one', '200 two', '200 one', '200 two']);
  }
});

test.each([
  ['a table', (list) => ({ '/a': list })],
  ['a function', (list) => async () => [...list]],
])('targets in turn that a router names: %s', async (_kind, router) => {
  const [one, two] = [await namedTarget('one'), await namedTarget('two')];
  const [, serve] = FACES[1];
  const { port } = await serve({ router: router([down(), one.url, two.url]) });
  const bodies = [];
  for (let i = 0; i < 3; i++) bodies.push(await bodyOf(port));
  // The first one is down, and the last one from then on.
  expect(bodies[0]).toBe('200 one');
  expect(new Set(bodies)).toEqual(new Set(['200 one', '200 two']));
});

test('behind passes of the application', async () => {
  const [one, two] = [await namedTarget('one'), await namedTarget('two')];
  const proxy = createProxyServer({ target: [`${one.url}/`, `${two.url}/`] });
  proxy.before('web', 'stream', (req) => void (req.headers['x-pass'] = '1'));
  const { port } = await httpServer((req, res) => void proxy.web(req, res));
  expect([await bodyOf(port), await bodyOf(port)]).toEqual(['200 one', '200 two']);
  expect(readRequest(two.connections[0].text).values('x-pass')).toEqual(['1']);
});

test('a burst of requests gets through while one of two targets is down', async () => {
  const target = await answeringTarget(GOOD);
  const proxy = createProxyServer({ target: [down(), target.url] });
  const { port } = await httpServer((req, res) => void proxy.web(req, res));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 50 });
  const get = () =>
    new Promise((resolve, reject) => {
      http
        .get({ host: '127.0.0.1', port, agent }, (res) =>
          res.resume().on('end', () => resolve(res.statusCode)),
        )
        .on('error', reject);
    });
  const statuses = await Promise.all(Array.from({ length: 100 }, get));
  agent.destroy();
  expect(new Set(statuses)).toEqual(new Set([200]));
});
