'use strict';

/** `forward`: a copy of each request for a second target. It must not be felt. */

const { setTimeout: pause } = require('node:timers/promises');
const { createProxyServer } = require('../../index.js');
const { lastRequest, readRequest, readResponse, requestText } = require('../support/messages.js');
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

afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';
const MIRRORED = 'HTTP/1.1 500 No\r\nX-Mirror: 1\r\nContent-Length: 6\r\n\r\nunread';
const REFUSED = 'http://127.0.0.1:1';
const GET = lastRequest('GET /a');
const ORIGINALS = {
  'http-proxy': () => require('http-proxy').createProxyServer,
  'http-proxy-3': () => require('http-proxy-3').createProxyServer,
};
const EVENTS = ['start', 'proxyReq', 'proxyRes', 'end', 'error', 'econnreset'];
const post = (body) => lastRequest('POST /a', [`Content-Length: ${body.length}`], body);

/** A proxy behind a server, and what it emits. */
async function bench(options, { create = createProxyServer, rest = [] } = {}) {
  const proxy = create(options);
  const log = [];
  for (const event of EVENTS) {
    proxy.on(event, (...args) => {
      log.push({ event, args });
      // As nearly everybody does.
      if (event === 'error') args[2].writeHead(502).end('told');
    });
  }
  const outcomes = [];
  const { port } = await httpServer((req, res) => outcomes.push(proxy.web(req, res, ...rest)));
  return { proxy, port, log, outcomes, events: () => log.map(({ event }) => event) };
}

/** What a target has received, once it is there. */
async function received(target) {
  await eventually(
    () => target.connections.length > 0 && /\r\n\r\n/.test(target.connections[0].text),
    () => 'nothing was received',
  );
  return readRequest(target.connections[0].text);
}

describe('forward alone', () => {
  test.each(Object.keys(ORIGINALS))(
    'the client gets 200 at once, and start is all that is told, as with %s',
    async (name) => {
      const play = async (create) => {
        const mirror = await answeringTarget(MIRRORED);
        const { port, log } = await bench({ forward: mirror.url }, { create });
        const { status, body, values } = readResponse(await rawExchange(port, post('body')));
        const { start, body: sent } = await received(mirror);
        await pause(40);
        const told = log.map(({ event, args }) => [event, args[2].href]);
        const hasHref = told.map(([event, href]) => [event, href === `${mirror.url}/`]);
        return { status, body, length: values('content-length'), start, sent, told: hasHref };
      };
      const ours = await play(createProxyServer);
      expect(ours).toEqual(await play(ORIGINALS[name]()));
      expect(ours).toMatchObject({
        status: 200,
        body: '',
        length: ['0'],
        sent: 'body',
        told: [['start', true]],
      });
    },
  );

  test('the promise resolves when the client has its answer, though the mirror never answers', async () => {
    const mirror = await answeringTarget('');
    const { port, outcomes } = await bench({ forward: mirror.url });
    expect(readResponse(await rawExchange(port, GET)).status).toBe(200);
    expect(await outcomes[0]).toBeUndefined();
    await received(mirror);
  });

  test.each(['event', 'callback'])('a failure is told to the %s, with its target', async (ear) => {
    const callback = jest.fn();
    const { port, log } = await bench({ forward: REFUSED }, { rest: ear === 'callback' ? [callback] : [] });
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    expect(readResponse(await rawExchange(port, GET)).status).toBe(200);
    const heard = () =>
      ear === 'callback'
        ? callback.mock.calls
        : log.filter(({ event }) => event === 'error').map(({ args }) => args);
    await eventually(() => heard().length === 1);
    expect(heard()[0][0]).toMatchObject({ code: 'ECONNREFUSED' });
    expect(heard()[0][3].href).toBe(`${REFUSED}/`);
    if (ear === 'callback') expect(log.map(({ event }) => event)).toEqual(['start']);
  });

  test('a failure that nobody listens to is said once and harms nobody', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const proxy = createProxyServer({ forward: REFUSED });
    const { port } = await httpServer((req, res) => void proxy.web(req, res));
    for (let i = 0; i < 2; i++) expect(readResponse(await rawExchange(port, GET)).status).toBe(200);
    await eventually(() => warn.mock.calls.length > 0 && stats().exchanges === 0);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0][1]).toMatchObject({ code: 'RS_PROXY_UNHANDLED' });
  });

  test('the mirror sets the pace of the upload, and gets all of it', async () => {
    const body = 'a line of text\n'.repeat(400_000);
    const mirror = await rawTarget(({ socket }) => {
      socket.pause();
      setTimeout(() => socket.resume(), 100);
    });
    const { port } = await bench({ forward: mirror.url });
    const client = await rawClient(port, requestText('POST /a', [`Content-Length: ${body.length}`], body));
    await client.received('200 OK');
    const connection = await mirror.connected();
    await connection.until(() => connection.bytes.length > body.length);
    expect(readRequest(connection.text).body === body).toBe(true);
  });

  test('a client that leaves in the middle of its upload: the request to the mirror is cut', async () => {
    const mirror = await answeringTarget('');
    const { port, log } = await bench({ forward: mirror.url });
    const client = await rawClient(port, requestText('POST /a', ['Content-Length: 10'], 'half'));
    const connection = await mirror.connected();
    await connection.received('half');
    client.socket.resetAndDestroy();
    await connection.closed();
    await eventually(() => stats().exchanges === 0);
    expect(log.map(({ event }) => event)).toEqual(['start', 'econnreset']);
    expect(log[1].args[3].href).toBe(`${mirror.url}/`);
  });
});

describe('forward and target', () => {
  const BODIES = { none: '', small: 'body', large: 'a line of text\n'.repeat(200_000) };

  test.each(Object.keys(BODIES))(
    'both get head and body, and only the target answers: body %s',
    async (size) => {
      const body = BODIES[size];
      const order = [];
      const recording = (name, answer) =>
        rawTarget((connection) =>
          connection.onRequest(() => order.push(name) && connection.socket.write(answer)),
        );
      const target = await recording('target', OK);
      const mirror = await recording('mirror', MIRRORED);
      const { port, events } = await bench({
        target: `${target.url}/t`,
        forward: `${mirror.url}/m`,
        headers: { 'x-a': '1' },
      });
      const answer = readResponse(await rawExchange(port, body === '' ? GET : post(body)));
      expect(answer).toMatchObject({ status: 200, body: 'good' });
      expect(answer.values('x-mirror')).toEqual([]);
      await eventually(() => order.length === 2);
      const [seenByTarget, seenByMirror] = [await received(target), await received(mirror)];
      const method = body === '' ? 'GET' : 'POST';
      expect(seenByTarget.start).toBe(`${method} /t/a HTTP/1.1`);
      expect(seenByMirror.start).toBe(`${method} /m/a HTTP/1.1`);
      for (const seen of [seenByTarget, seenByMirror]) {
        expect(seen.body === body && seen.isComplete).toBe(true);
        expect(seen.values('x-a')).toEqual(['1']);
      }
      expect(events()).toEqual(['start', 'proxyReq', 'proxyRes', 'end']);
      await eventually(() => stats().exchanges === 0);
    },
  );

  test('start names the target; what a proxyReq listener does is for the target alone', async () => {
    const [target, mirror] = [await answeringTarget(OK), await answeringTarget(MIRRORED)];
    const { proxy, port, log } = await bench({ target: target.url, forward: mirror.url });
    proxy.on('proxyReq', (proxyReq) => {
      proxyReq.path = '/edited';
      proxyReq.removeHeader('content-length');
      proxyReq.setHeader('content-length', 10);
      proxyReq.write('first ');
    });
    expect(readResponse(await rawExchange(port, post('body'))).body).toBe('good');
    expect(await received(target)).toMatchObject({ start: 'POST /edited HTTP/1.1', body: 'first body' });
    expect(await received(mirror)).toMatchObject({ start: 'POST /a HTTP/1.1', body: 'body' });
    expect(log[0].args[2].href).toBe(`${target.url}/`);
    expect(log[1].args[3].forward.href).toBe(`${mirror.url}/`);
  });

  test('functions may name both', async () => {
    const [target, mirror] = [await answeringTarget(OK), await answeringTarget(MIRRORED)];
    const { port } = await bench({
      target: () => target.url,
      forward: async (req) => `${mirror.url}${req.url}/by`,
    });
    expect(readResponse(await rawExchange(port, GET)).body).toBe('good');
    expect((await received(mirror)).start).toBe('GET /a/by/a HTTP/1.1');
  });

  describe('a mirror is not felt', () => {
    const mirrors = {
      'refuses connections': async () => ({ url: REFUSED }),
      'closes without an answer': () => answeringTarget('', { end: 'fin' }),
      'resets the connection': () => rawTarget(({ socket }) => socket.resetAndDestroy()),
      'never answers': () => answeringTarget(''),
      'answers garbage': () => answeringTarget('garbage\r\n\r\n'),
      'reads nothing': () => rawTarget(({ socket }) => socket.pause()),
    };
    const silent = new Set(['never answers', 'reads nothing']);
    // The listener answers without looking; that it fails is said.
    beforeEach(() => jest.spyOn(process, 'emitWarning').mockImplementation(() => {}));

    test.each(Object.keys(mirrors))('that %s', async (what) => {
      const target = await answeringTarget(OK);
      const mirror = await mirrors[what]();
      const { port, log } = await bench({ target: target.url, forward: mirror.url });
      const body = 'a line of text\n'.repeat(100_000);
      expect(readResponse(await rawExchange(port, post(body)))).toMatchObject({ status: 200, body: 'good' });
      expect((await received(target)).body === body).toBe(true);
      const failures = () => log.filter(({ event }) => event === 'error');
      if (silent.has(what)) return;
      await eventually(() => failures().length === 1);
      expect(failures()[0].args[3].href).toBe(`${mirror.url}/`);
      await eventually(() => stats().exchanges === 0);
    });

    test('that fails when the client has its answer and is gone is told of as an error all the same', async () => {
      const [target, mirror] = [await answeringTarget(OK), await answeringTarget('')];
      const { port, events } = await bench({ target: target.url, forward: mirror.url });
      expect(readResponse(await rawExchange(port, GET)).body).toBe('good');
      await received(mirror);
      await pause(20);
      mirror.connections[0].socket.resetAndDestroy();
      await eventually(() => events().length === 5);
      expect(events()).toEqual(['start', 'proxyReq', 'proxyRes', 'end', 'error']);
    });

    test('that fails is told of only when the client has its answer', async () => {
      const target = await answeringTarget('');
      const { port, events } = await bench({ target: target.url, forward: REFUSED });
      const client = await rawClient(port, GET);
      const connection = await target.connected();
      await pause(60);
      expect(events()).toEqual(['start', 'proxyReq']);
      connection.socket.write(OK);
      await client.received('good');
      await eventually(() => events().includes('error'));
      expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    });

    test('that is too slow for the body is given up, with no more than some megabytes waiting', async () => {
      let arrived = 0;
      const target = await httpServer(async (req, res) => {
        for await (const chunk of req) arrived += chunk.length;
        res.end('good');
      });
      const mirror = await rawTarget(({ socket }) => socket.pause());
      const { port, log } = await bench({ target: target.url, forward: mirror.url });
      const body = 'a line of text\n'.repeat(2_000_000);
      expect(readResponse(await rawExchange(port, post(body))).body).toBe('good');
      expect(arrived).toBe(body.length);
      await eventually(() => log.some(({ event }) => event === 'error'));
      const { args } = log.find(({ event }) => event === 'error');
      expect(args[0]).toMatchObject({ code: 'ERR_PROXY_MIRROR_TOO_SLOW' });
      expect(args[3].href).toBe(`${mirror.url}/`);
    });
  });

  test.each(['refused', 'answered by a listener'])(
    'the mirror gets all of the upload when the target is %s',
    async (how) => {
      const target = await answeringTarget(OK);
      const mirror = await answeringTarget(MIRRORED);
      const { proxy, port } = await bench({
        target: how === 'refused' ? REFUSED : target.url,
        forward: mirror.url,
      });
      if (how !== 'refused') proxy.on('proxyReq', (proxyReq, req, res) => res.writeHead(403).end());
      const client = await rawClient(port, requestText('POST /a', ['Content-Length: 8'], 'half'));
      await client.received(how === 'refused' ? '502' : '403');
      client.socket.write('half');
      const connection = await mirror.connected();
      await connection.received('halfhalf');
    },
  );

  test('a client that leaves before the answer: the mirror has its request', async () => {
    const [target, mirror] = [await answeringTarget(''), await answeringTarget('')];
    const { port, events } = await bench({ target: target.url, forward: mirror.url });
    const client = await rawClient(port, GET);
    await received(target);
    client.socket.resetAndDestroy();
    await eventually(() => events().includes('econnreset'));
    await received(mirror);
    mirror.connections[0].socket.write(MIRRORED);
    await eventually(() => stats().exchanges === 0);
    expect(events()).toEqual(['start', 'proxyReq', 'econnreset']);
  });

  test('bad targets are refused by name', () => {
    expect(() => createProxyServer({ target: REFUSED, forward: 'nowhere' })).toThrow(
      expect.objectContaining({ code: 'ERR_PROXY_INVALID_OPTION' }),
    );
    expect(() => createProxyServer({ forward: 5 })).toThrow(expect.objectContaining({ option: 'forward' }));
  });
});
