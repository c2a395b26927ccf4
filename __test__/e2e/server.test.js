'use strict';

/** The proxy as an object: how it is made, what it has, and its options. The originals are asked the same where they agree. */

const { ProxyServer, createProxyServer } = require('../../index.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');
const { answeringTarget, closeAll, httpServer, rawExchange } = require('../support/peers.js');

afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';
const REFUSED = 'http://127.0.0.1:1';
const GET = lastRequest('GET /a');
const MEMBERS =
  'web ws proxyRequest proxyWebsocketRequest options webPasses wsPasses before after listen address close onError';
const ORIGINALS = {
  'http-proxy': () => require('http-proxy').createProxyServer,
  'http-proxy-3': () => require('http-proxy-3').createProxyServer,
};

describe('how it is made', () => {
  test.each(['createProxyServer', 'createServer', 'createProxy'])('%s, with and without new', (name) => {
    const options = { target: REFUSED };
    const Factory = ProxyServer[name];
    for (const proxy of [Factory(options), new Factory(options), new ProxyServer(options)]) {
      expect(proxy).toBeInstanceOf(ProxyServer);
      expect(proxy.options).toBe(options);
    }
  });

  test.each([[[]], [[undefined]], [[null]], [[{}]]])('with %j as arguments there are no options', (args) => {
    expect(createProxyServer(...args).options).toEqual({});
  });

  test('frozen options, and options that are not touched', async () => {
    const target = await answeringTarget(OK);
    const options = Object.freeze({
      target: target.url,
      ssl: Object.freeze({}),
      headers: Object.freeze({ a: 1 }),
    });
    const proxy = createProxyServer(options);
    const { port } = await httpServer((req, res) => proxy.web(req, res));
    expect(readResponse(await rawExchange(port, GET)).body).toBe('good');
    expect(proxy.options).toBe(options);
    expect(proxy.options).toEqual({ target: target.url, ssl: {}, headers: { a: 1 } });
  });
});

describe('what it has', () => {
  test.each(MEMBERS.split(' '))('%s is its own, can be replaced, and is listed', (name) => {
    const proxy = createProxyServer({ target: REFUSED });
    expect(Object.getOwnPropertyDescriptor(proxy, name)).toMatchObject({ writable: true, enumerable: true });
    proxy[name] = 'another';
    expect(proxy[name]).toBe('another');
  });

  test('the names of http-proxy for web and ws', () => {
    const proxy = createProxyServer();
    expect(proxy.proxyRequest).toBe(proxy.web);
    expect(proxy.proxyWebsocketRequest).toBe(proxy.ws);
  });

  test('web without its object, and one that the user has put in front of it', async () => {
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ target: target.url });
    const { web } = proxy;
    const asked = [];
    proxy.web = function replaced(req, ...rest) {
      asked.push(req.url);
      return web.call(this, req, ...rest);
    };
    const { port } = await httpServer((req, res) =>
      req.url === '/bare' ? web(req, res) : proxy.web(req, res),
    );
    expect(await rawExchange(port, lastRequest('GET /bare'))).toMatch(/good$/);
    expect(await rawExchange(port, lastRequest('GET /wrapped'))).toMatch(/good$/);
    expect(asked).toEqual(['/wrapped']);
  });

  test.each(Object.keys(ORIGINALS))('one error listener from the start, as with %s', (name) => {
    const outcome = (proxy) => {
      const counts = [proxy.listenerCount('error'), proxy.listeners('error')[0] === proxy.onError];
      const thrown = new Error('of the user');
      expect(() => proxy.emit('error', thrown)).toThrow(thrown);
      const heard = [];
      proxy.on('error', (error) => heard.push(error));
      expect(proxy.emit('error', thrown)).toBe(true);
      return [counts[0], heard];
    };
    expect(outcome(createProxyServer())).toEqual(outcome(ORIGINALS[name]()({})));
  });

  test('that listener answers nobody: without others, and without itself, the client gets a 502', async () => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    for (const prepare of [() => {}, (proxy) => proxy.removeAllListeners('error')]) {
      const proxy = createProxyServer({ target: REFUSED });
      prepare(proxy);
      const { port } = await httpServer((req, res) => proxy.web(req, res));
      expect(readResponse(await rawExchange(port, GET)).status).toBe(502);
    }
  });
});

describe('options', () => {
  test('those of a call win over the proxy’s, which may be edited at any time', async () => {
    const [first, second] = [await answeringTarget(OK), await answeringTarget(OK)];
    const parts = { host: '127.0.0.1', port: first.port };
    const proxy = createProxyServer({ target: parts, prependPath: false, headers: { 'x-from': 'proxy' } });
    let perCall;
    const { port } = await httpServer((req, res) => proxy.web(req, res, perCall));
    await rawExchange(port, GET);
    parts.port = second.port;
    await rawExchange(port, GET);
    perCall = { target: `${first.url}/base`, prependPath: true, headers: { 'x-from': 'call' } };
    await rawExchange(port, GET);
    proxy.options.headers = { 'x-from': 'edited' };
    perCall = undefined;
    await rawExchange(port, GET);
    const seen = (target) =>
      target.connections
        .flatMap(({ text }) => text.split(/(?=GET )/))
        .map((text) => [readRequest(text).start, ...readRequest(text).values('x-from')]);
    expect(seen(first)).toEqual([
      ['GET /a HTTP/1.1', 'proxy'],
      ['GET /base/a HTTP/1.1', 'call'],
    ]);
    expect(seen(second)).toEqual([
      ['GET /a HTTP/1.1', 'proxy'],
      ['GET /a HTTP/1.1', 'edited'],
    ]);
  });

  test('a call without a target of its own takes away that of the proxy by naming none', async () => {
    const target = await answeringTarget(OK);
    const proxy = createProxyServer({ target: target.url });
    const { port } = await httpServer((req, res) =>
      proxy.web(req, res, { target: undefined }, (error) => res.end(error.message)),
    );
    expect(readResponse(await rawExchange(port, GET)).body).toBe('Must set target or forward');
  });
});

describe('a target that a function names', () => {
  const throwing = () => {
    throw new Error('of the function');
  };

  test.each([
    ['a string', (url) => url],
    ['a URL', (url) => new URL(url)],
    ['parts', (url) => ({ host: '127.0.0.1', port: new URL(url).port })],
    ['a promise', async (url) => url],
  ])('%s', async (_kind, name) => {
    const target = await answeringTarget(OK);
    const asked = [];
    const proxy = createProxyServer({
      target: (req) => {
        asked.push(req.url);
        return name(target.url);
      },
    });
    const shown = [];
    proxy.on('start', (req, res, url) => shown.push(url.href));
    const { port } = await httpServer((req, res) => proxy.web(req, res));
    expect(await rawExchange(port, GET)).toMatch(/good$/);
    expect([asked, shown]).toEqual([['/a'], [`${target.url}/`]]);
  });

  test.each([
    ['throws', throwing, { message: 'of the function' }],
    ['rejects', async () => throwing(), { message: 'of the function' }],
    ['throws what is no error', () => Promise.reject(5), { code: 'ERR_PROXY_HOOK', cause: 5 }],
    ['names nothing', () => undefined, { message: 'Must set target or forward' }],
    ['promises nothing', async () => null, { message: 'Must set target or forward' }],
    ['names what is none', () => 'nowhere', { code: 'ERR_PROXY_INVALID_OPTION', option: 'target' }],
  ])('one that %s fails the request', async (_title, target, expected) => {
    for (const isTold of ['listener', 'callback']) {
      const proxy = createProxyServer({ target });
      const heard = [];
      const tell = (error, req, res) => {
        heard.push(error);
        res.end('told');
      };
      if (isTold === 'listener') proxy.on('error', tell);
      const rest = isTold === 'callback' ? [tell] : [];
      const { port } = await httpServer((req, res) => proxy.web(req, res, ...rest));
      expect(readResponse(await rawExchange(port, GET)).body).toBe('told');
      expect(heard).toHaveLength(1);
      expect(heard[0]).toMatchObject(expected);
    }
  });

  test('one that never answers has hookTimeout', async () => {
    const proxy = createProxyServer({ target: () => new Promise(() => {}), hookTimeout: 50 });
    const { port } = await httpServer((req, res) =>
      proxy.web(req, res).catch((error) => res.writeHead(error.status).end(error.code)),
    );
    const { status, body } = readResponse(await rawExchange(port, GET));
    expect([status, body]).toEqual([504, 'ERR_PROXY_HOOK_TIMEOUT']);
  });
});
