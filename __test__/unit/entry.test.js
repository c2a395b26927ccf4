'use strict';

/** The shape of the main entry: what `require`, `new` and a call give. */

const { EventEmitter } = require('node:events');
const { once } = require('node:events');
const HttpProxy = require('rs-proxy-middleware');
const { answeringTarget, closeAll, httpServer, rawExchange } = require('../support/peers.js');

afterEach(closeAll);

const TARGET = 'http://127.0.0.1:1';
const NAMES = [
  'ProxyServer',
  'createProxy',
  'createProxyMiddleware',
  'createProxyServer',
  'createServer',
  'debugProxyErrorsPlugin',
  'definePlugin',
  'errorResponsePlugin',
  'fixRequestBody',
  'legacyCreateProxyMiddleware',
  'loggerPlugin',
  'numOpenSockets',
  'proxyEventsPlugin',
  'proxyFetch',
  'proxyUpgrade',
  'responseInterceptor',
];

describe('the export', () => {
  test('is a constructor whose instances are those of ProxyServer', () => {
    const options = { target: TARGET };
    const proxy = new HttpProxy(options);
    expect(proxy).toBeInstanceOf(HttpProxy);
    expect(proxy).toBeInstanceOf(HttpProxy.ProxyServer);
    expect(proxy.options).toBe(options);
    expect(new HttpProxy.ProxyServer(options)).toBeInstanceOf(HttpProxy);
  });

  test('can be extended', () => {
    class Own extends HttpProxy {
      own() {
        return this.options.target;
      }
    }
    const proxy = new Own({ target: TARGET });
    expect(proxy).toBeInstanceOf(Own);
    expect(proxy).toBeInstanceOf(HttpProxy);
    expect(proxy.own()).toBe(TARGET);
  });

  test('tells constructors of the old kind that they must be classes', () => {
    function Old() {
      HttpProxy.call(this, { target: TARGET });
    }
    Object.setPrototypeOf(Old.prototype, HttpProxy.prototype);
    expect(() => new Old()).toThrow(/must be a class/);
  });

  test('makes a middleware when it is called without new', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const middleware = HttpProxy({ target: target.url });
    expect(middleware).toHaveLength(3);
    const { port } = await httpServer(middleware);
    expect(await rawExchange(port, 'GET / HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n')).toMatch(
      /\r\n\r\nok$/,
    );
  });

  test('does so as a member of something, too: that is how compiled modules call it', () => {
    const namespace = { default: HttpProxy };
    expect(namespace.default({ target: TARGET })).toHaveLength(3);
  });

  test('has plain data properties that mocks can replace, and itself as its default', () => {
    expect(Object.keys(HttpProxy).sort()).toEqual([...NAMES, 'default'].sort());
    for (const name of [...NAMES, 'default']) {
      expect(Object.getOwnPropertyDescriptor(HttpProxy, name)).toEqual({
        value: expect.any(Function),
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
    expect(HttpProxy.default).toBe(HttpProxy);
  });

  test('says that it is a module, where nobody looks who lists its names', () => {
    expect(Object.getOwnPropertyDescriptor(HttpProxy, '__esModule')).toMatchObject({
      value: true,
      enumerable: false,
    });
  });

  test('can be mocked by jest as a whole', () => {
    const mocked = jest.createMockFromModule('rs-proxy-middleware');
    mocked.createProxyServer.mockReturnValue('a mock');
    expect(mocked.createProxyServer()).toBe('a mock');
    const spy = jest.spyOn(HttpProxy, 'createProxyServer').mockReturnValue('a spy');
    expect(HttpProxy.createProxyServer()).toBe('a spy');
    spy.mockRestore();
  });

  test.each(['createProxyServer', 'createServer', 'createProxy'])('%s works with new and without', (name) => {
    const options = { target: TARGET };
    for (const proxy of [HttpProxy[name](options), new HttpProxy[name](options)]) {
      expect(proxy).toBeInstanceOf(HttpProxy);
      expect(proxy.options).toBe(options);
    }
  });
});

describe('an instance', () => {
  const MEMBERS = [
    'web',
    'ws',
    'options',
    'webPasses',
    'wsPasses',
    'before',
    'after',
    'listen',
    'close',
    'address',
  ];

  test.each(MEMBERS)('has %s as a property of its own that can be replaced', (name) => {
    expect(Object.getOwnPropertyDescriptor(new HttpProxy(), name)).toMatchObject({
      writable: true,
      enumerable: true,
    });
  });

  test('is an emitter of Node', () => {
    const proxy = new HttpProxy();
    expect(proxy).toBeInstanceOf(EventEmitter);
    const listener = () => {};
    proxy.on('proxyReq', listener);
    expect(proxy.listeners('proxyReq')).toEqual([listener]);
    proxy.removeAllListeners('proxyReq');
    expect(proxy.listenerCount('proxyReq')).toBe(0);
  });

  test('has one error listener from the start, which throws what nobody else hears', () => {
    const proxy = new HttpProxy();
    expect(proxy.listenerCount('error')).toBe(1);
    const error = new Error('nobody hears it');
    expect(() => proxy.emit('error', error)).toThrow(error);
    const heard = [];
    proxy.on('error', (one) => heard.push(one));
    proxy.emit('error', error);
    expect(heard).toEqual([error]);
  });
});

describe('createProxyMiddleware', () => {
  test.each([
    ['options', [{ target: TARGET }]],
    ['a context and options, as version 2 had them', ['/api', { target: TARGET }]],
  ])('of %s is what frameworks take for a middleware, with an upgrade of its own', (_what, args) => {
    for (const middleware of [HttpProxy.createProxyMiddleware(...args), HttpProxy(...args)]) {
      expect(middleware).toHaveLength(3);
      expect(Object.getOwnPropertyDescriptor(middleware, 'upgrade')).toMatchObject({
        value: expect.any(Function),
      });
    }
  });
});

describe('ws()', () => {
  const head = Buffer.from('head');

  /** What the passes are given for these arguments. */
  async function given(...rest) {
    const proxy = new HttpProxy({ target: TARGET, xfwd: true });
    const seen = [];
    proxy.wsPasses.unshift((req, socket, options, ...others) => {
      seen.push({ secure: options.secure, xfwd: options.xfwd, head: others[0], callback: others[2] });
      socket.end();
      return true;
    });
    const { server, port } = await httpServer();
    server.on('upgrade', (req, socket) => {
      void proxy.ws(req, socket, ...rest);
      socket.resume();
    });
    await rawExchange(
      port,
      'GET / HTTP/1.1\r\nHost: me\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    return seen;
  }

  const callback = () => {};
  const options = { secure: false };
  test.each([
    ['head', [head], { xfwd: true, head }],
    ['head, options', [head, options], { xfwd: true, secure: false, head }],
    ['head, options, callback', [head, options, callback], { xfwd: true, secure: false, head, callback }],
    ['head, callback', [head, callback], { xfwd: true, head, callback }],
    ['undefined, options', [undefined, options], { xfwd: true, secure: false }],
    ['options, head', [options, head], { xfwd: true, secure: false, head }],
    ['a view of another kind', [new Uint8Array(head)], { xfwd: true, head: new Uint8Array(head) }],
  ])('understands (req, socket, %s)', async (_order, rest, wanted) => {
    expect(await given(...rest)).toEqual([wanted]);
  });
});

describe('the promise of web()', () => {
  const GET = 'GET / HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n';

  test('settles when the response is over', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const proxy = new HttpProxy({ target: target.url });
    const after = [];
    const { port } = await httpServer(async (req, res) => {
      const promise = proxy.web(req, res);
      expect(promise).toBeInstanceOf(Promise);
      after.push(res.writableEnded);
      await promise;
      after.push(res.writableEnded);
    });
    await rawExchange(port, GET);
    expect(after).toEqual([false, true]);
  });

  test('rejects for whoever awaits it, if there is neither listener nor callback', async () => {
    const proxy = new HttpProxy({ target: TARGET });
    const { port } = await httpServer((req, res) =>
      proxy.web(req, res).catch((error) => {
        res.statusCode = 503;
        res.end(error.code);
      }),
    );
    expect(await rawExchange(port, GET)).toMatch(/^HTTP\/1\.1 503 [^]*ECONNREFUSED$/);
  });

  test.each([
    ['an error listener', true, []],
    ['a callback', false, [(error, req, res) => res.end(`told ${error.code}`)]],
  ])('does not reject if there is %s', async (_what, hasListener, rest) => {
    const proxy = new HttpProxy({ target: TARGET });
    if (hasListener) proxy.on('error', (error, req, res) => res.end(`told ${error.code}`));
    const { server, port } = await httpServer();
    const settled = once(server, 'request').then(([req, res]) => proxy.web(req, res, ...rest));
    expect(await rawExchange(port, GET)).toMatch(/told ECONNREFUSED/);
    await expect(settled).resolves.toBeUndefined();
  });
});
