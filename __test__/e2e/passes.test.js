'use strict';

/** The passes on requests: their names, `before` and `after`, and what a chain does that the user has changed. */

const { setTimeout: pause } = require('node:timers/promises');
const { createProxyServer } = require('../../index.js');
const { lastRequest, readRequest } = require('../support/messages.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  rawClient,
  rawExchange,
} = require('../support/peers.js');
const { stats } = require('../support/engine.js');
const { webBench } = require('../support/web-bench.js');

afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';
const GET = lastRequest('GET /a');
const ORIGINALS = {
  'http-proxy': () => require('http-proxy').createProxyServer,
  'http-proxy-3': () => require('http-proxy-3').createProxyServer,
};
const names = (passes) => passes.map((pass) => pass.name);

/** Ours, after `prepare` has changed its passes. */
const bench = (options, prepare) => webBench(options, { prepare });

describe('names', () => {
  test.each(Object.keys(ORIGINALS))('those of %s, in its order', (name) => {
    const theirs = ORIGINALS[name]()({ target: 'http://127.0.0.1:1' });
    const ours = createProxyServer({ target: 'http://127.0.0.1:1' });
    expect(names(ours.webPasses)).toEqual(names(theirs.webPasses));
    expect(names(ours.wsPasses)).toEqual(names(theirs.wsPasses));
  });

  test('each proxy has lists of its own', () => {
    const [first, second] = [createProxyServer(), createProxyServer()];
    first.before('web', 'stream', function mine() {});
    first.after('ws', 'XHeaders', function mine() {});
    expect(names(first.webPasses)).toEqual(['deleteLength', 'timeout', 'XHeaders', 'mine', 'stream']);
    expect(names(first.wsPasses)).toEqual(['checkMethodAndHeader', 'XHeaders', 'mine', 'stream']);
    expect(names(second.webPasses)).toEqual(['deleteLength', 'timeout', 'XHeaders', 'stream']);
  });

  test('before as in the originals; after goes after, where the originals go before', () => {
    const places = (proxy) => {
      proxy.before('web', 'timeout', function first() {});
      proxy.after('web', 'timeout', function second() {});
      return names(proxy.webPasses);
    };
    const options = { target: 'http://127.0.0.1:1' };
    expect(places(createProxyServer(options))).toEqual([
      'deleteLength',
      'first',
      'timeout',
      'second',
      'XHeaders',
      'stream',
    ]);
    expect(places(require('http-proxy-3').createProxyServer(options))).toEqual([
      'deleteLength',
      'first',
      'second',
      'timeout',
      'XHeaders',
      'stream',
    ]);
  });

  test.each(Object.keys(ORIGINALS))('what cannot be inserted: the errors of %s', (original) => {
    const messages = (proxy) =>
      [
        ['http', 'stream'],
        [undefined, 'stream'],
        ['web', 'nothing'],
        ['ws', 'timeout'],
      ].flatMap(([type, name]) =>
        ['before', 'after'].map((method) => {
          try {
            return proxy[method](type, name, () => {});
          } catch (error) {
            return error.message;
          }
        }),
      );
    const options = { target: 'http://127.0.0.1:1' };
    expect(messages(createProxyServer(options))).toEqual(messages(ORIGINALS[original]()(options)));
  });

  test('of several passes of a name the last one counts', () => {
    const proxy = createProxyServer();
    proxy.before('web', 'stream', function mine() {});
    proxy.after('web', 'stream', function mine() {});
    proxy.before('web', 'mine', function here() {});
    expect(names(proxy.webPasses).slice(3)).toEqual(['mine', 'stream', 'here', 'mine']);
  });
});

describe('a pass of the user', () => {
  test.each(Object.keys(ORIGINALS))('is given what %s gives', async (original) => {
    const target = await answeringTarget(OK);
    const callback = () => {};
    const play = async (proxy) => {
      let seen;
      proxy.before('web', 'stream', (...args) => {
        seen = args;
      });
      let given;
      const { port } = await httpServer((req, res) => {
        given = [req, res];
        proxy.web(req, res, { xfwd: true }, callback);
      });
      await rawExchange(port, GET);
      const [req, res, options, head, server, cb] = seen;
      return {
        isOwn: [req === given[0], res === given[1], server === proxy, cb === callback],
        head,
        length: seen.length,
        target: options.target.href,
        options: { xfwd: options.xfwd, timeout: options.timeout },
      };
    };
    const options = { target: target.url, timeout: 60_000 };
    expect(await play(createProxyServer(options))).toEqual(await play(ORIGINALS[original]()(options)));
  });

  test('edits the request', async () => {
    const { port, sent } = await bench({}, (proxy) =>
      proxy.before('web', 'stream', (req) => {
        delete req.headers.expect;
        delete req.headers['x-secret'];
        req.headers['x-pass'] = 'was here';
        req.url = `/pass${req.url}`;
      }),
    );
    const lines = ['X-Secret: 1', 'Expect: 100-continue', 'Content-Length: 4'];
    const answer = await rawExchange(port, lastRequest('POST /a', lines, 'body'));
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n.*good$/s);
    const [{ start, body, values }] = sent();
    expect({ start, body }).toEqual({ start: 'POST /pass/a HTTP/1.1', body: 'body' });
    expect(['x-pass', 'x-secret', 'expect'].map(values)).toEqual([['was here'], [], []]);
  });

  test('edits the options of its call, and not those of the proxy', async () => {
    const other = await answeringTarget(OK);
    const { ask, sent, proxy, target } = await bench({}, (server) =>
      server.before('web', 'stream', (req, res, options) => {
        options.target = `${other.url}/other`;
        options.headers = { 'x-pass': 'yes' };
      }),
    );
    expect((await ask()).body).toBe('good');
    expect(sent()).toEqual([]);
    const received = readRequest(other.connections[0].text);
    expect([received.start, received.values('x-pass')]).toEqual(['GET /other/a HTTP/1.1', ['yes']]);
    expect(proxy.options).toEqual({ target: target.url });
  });

  test('answers by itself: a truthy result ends the chain', async () => {
    const { ask, sent, outcomes } = await bench({}, (proxy) =>
      proxy.before('web', 'stream', (req, res) => {
        res.writeHead(403).end('no');
        return true;
      }),
    );
    expect(await ask()).toMatchObject({ status: 403, body: 'no' });
    expect(await outcomes[0]).toBeUndefined();
    expect(sent()).toEqual([]);
  });

  test.each(['throws', 'rejects'])('that %s fails the request', async (how) => {
    const failure = new Error('of the pass');
    const { ask, heard, sent } = await bench({}, (proxy) =>
      proxy.before('web', 'timeout', () => {
        if (how === 'rejects') return Promise.reject(failure);
        throw failure;
      }),
    );
    expect(await ask()).toMatchObject({ status: 502, body: 'told' });
    expect(heard).toEqual([failure]);
    expect(sent()).toEqual([]);
  });

  test('that fails after the request was begun ends it, once', async () => {
    const failure = new Error('of the pass');
    const { ask, heard } = await bench({}, (proxy) =>
      proxy.after('web', 'stream', () => {
        throw failure;
      }),
    );
    expect(await ask()).toMatchObject({ status: 502, body: 'told' });
    expect(heard).toEqual([failure]);
    await eventually(() => stats().exchanges === 0);
  });

  test.each([
    ['nothing', undefined, 'good'],
    ['false', false, 'good'],
    ['true', true, 'by hand'],
  ])('that promises %s is waited for', async (_what, value, body) => {
    const order = [];
    const { ask } = await bench({}, (proxy) => {
      proxy.before('web', 'deleteLength', async (req, res) => {
        await pause(20);
        order.push('pass');
        req.headers['x-late'] = 'yes';
        if (value) res.end('by hand');
        return value;
      });
      proxy.on('start', () => order.push('start'));
      proxy.before('web', 'stream', () => void order.push('second pass'));
    });
    const text = lastRequest('POST /a', ['Content-Length: 4'], 'body');
    expect((await ask(text)).body).toBe(body);
    expect(order).toEqual(value ? ['pass'] : ['pass', 'second pass', 'start']);
  });

  test('that promises gets a body through that was there all the time', async () => {
    const { ask, sent } = await bench({}, (proxy) => proxy.before('web', 'deleteLength', () => pause(30)));
    const body = 'x'.repeat(100_000);
    await ask(lastRequest('POST /a', [`Content-Length: ${body.length}`], body));
    expect(sent()[0].body === body).toBe(true);
  });

  test('that never settles has hookTimeout', async () => {
    const { ask, heard } = await bench({ hookTimeout: 50 }, (proxy) =>
      proxy.before('web', 'stream', () => new Promise(() => {})),
    );
    expect((await ask()).status).toBe(504);
    expect(heard).toMatchObject([{ code: 'ERR_PROXY_HOOK_TIMEOUT' }]);
  });

  test('whose client leaves meanwhile sends nothing', async () => {
    let go;
    const { port, sent, outcomes } = await bench({}, (proxy) =>
      proxy.before('web', 'stream', () => new Promise((resolve) => (go = resolve))),
    );
    const client = await rawClient(port, GET);
    await eventually(() => go !== undefined);
    client.socket.destroy();
    await pause(20);
    go();
    await outcomes[0];
    expect(sent()).toEqual([]);
  });
});
