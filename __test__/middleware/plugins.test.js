'use strict';

/** Plugins and listeners: which there are, in which order, and what they are given. */

const HttpProxy = require('../../index.js');
const plugins = require('../../lib/middleware/plugins/index.js');
const { getStatusCode } = require('../../lib/middleware/status-code.js');
const theirStatus = require('http-proxy-middleware-3/dist/status-code');
const { closeAll, httpServer, rawExchange, rawTarget } = require('../support/peers.js');
const {
  DOWN,
  ORIGINALS,
  ask,
  beside,
  namedTarget,
  recordingLogger,
  withNext,
} = require('../support/middlewares.js');

const { createProxyMiddleware } = HttpProxy;

afterEach(closeAll);

test('a plugin is called once, when the middleware is made, with the proxy and the own options', () => {
  const plugin = jest.fn();
  const options = { target: 'http://127.0.0.1:1', plugins: [plugin] };
  createProxyMiddleware(options);
  expect(plugin.mock.calls).toEqual([[expect.any(HttpProxy), options]]);
  expect(plugin.mock.calls[0][1]).toBe(options);
});

test('what a plugin throws is thrown where the middleware is made', () => {
  const thrown = new Error('of the plugin');
  const plugin = () => {
    throw thrown;
  };
  expect(() => createProxyMiddleware({ target: 'http://127.0.0.1:1', plugins: [plugin] })).toThrow(thrown);
});

/** What listeners and the logger hear, in order. */
async function heard(make, options, line = 'GET /a') {
  const order = [];
  const note = (name) => () => order.push(name);
  const events = ['start', 'proxyReq', 'proxyRes', 'end', 'error'];
  const plugin = (proxy) => {
    for (const event of events) proxy.on(event, note(`plugin ${event}`));
  };
  const logger = { info: note('logger info'), warn: note('logger warn'), error: note('logger error') };
  const on = Object.fromEntries(events.slice(0, 4).map((event) => [event, note(`on ${event}`)]));
  const res = withNext(make({ ...options, on: { ...on, ...options.on }, logger, plugins: [plugin] }));
  const { status } = await ask(res.listener, line);
  return { order, status };
}

test.each([
  ['an answer', async () => ({ target: (await namedTarget()).url })],
  ['a failure', async () => ({ target: DOWN })],
  [
    'a failure with a listener of the own',
    async () => ({
      target: DOWN,
      on: { error: (error, req, res) => res.writeHead(503).end() },
    }),
  ],
  [
    'a cut connection',
    async () => ({
      target: (await rawTarget((connection) => connection.onRequest(() => connection.socket.destroy()))).url,
    }),
  ],
])('listeners are called in the order of version 4: %s', async (_case, optionsOf) => {
  const options = await optionsOf();
  const { ours, theirs } = await beside(4, (make) => heard(make, options));
  expect(theirs.order.length).toBeGreaterThan(3);
  expect(ours).toEqual(theirs);
});

test('error events have the arguments of version 4', async () => {
  const target = DOWN;
  const { ours, theirs } = await beside(4, async (make) => {
    const calls = [];
    const on = {
      error(error, req, res, to) {
        calls.push([error.code, error.syscall, req.url, typeof res.writeHead, to.href]);
        res.end();
      },
    };
    await ask(make({ target, on }), 'GET /a');
    return calls;
  });
  expect(theirs).toEqual([['ECONNREFUSED', 'connect', '/a', 'function', `${target}/`]]);
  expect(ours).toEqual(theirs);
});

describe('ejectPlugins', () => {
  test('nothing of on, nothing said, and no answer to errors of the own', async () => {
    const target = DOWN;
    const { ours, theirs } = await beside(4, async (make) => {
      const { lines, logger } = recordingLogger();
      const on = { start: jest.fn() };
      const { calls, listener } = withNext(make({ target, ejectPlugins: true, logger, on }));
      // Version 4 rejects; Express makes the same of it as of next.
      await ask((req, res) => listener(req, res).catch(() => res.writeHead(500).end()), 'GET /').catch(
        () => {},
      );
      return { lines, started: on.start.mock.calls.length, codes: calls.map(([error]) => error?.code) };
    });
    expect(theirs).toMatchObject({ lines: [], started: 0 });
    expect(ours).toEqual({ lines: [], started: 0, codes: ['ECONNREFUSED'] });
  });

  test('without next, a failure that nobody hears is answered, and said once', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation();
    const middleware = createProxyMiddleware({
      target: DOWN,
      ejectPlugins: true,
    });
    for (let i = 0; i < 2; i++)
      expect(await ask((req, res) => middleware(req, res), 'GET /')).toMatchObject({ status: 502 });
    const calls = [...emitWarning.mock.calls];
    emitWarning.mockRestore();
    expect(calls).toEqual([
      [expect.stringMatching('ECONNREFUSED'), expect.objectContaining({ code: 'RS_PROXY_UNHANDLED' })],
    ]);
  });

  test('the default plugins can be put back one by one', async () => {
    const theirs = await ORIGINALS[4]();
    const target = DOWN;
    const answerOf = async (make, { errorResponsePlugin, loggerPlugin }) => {
      const { lines, logger } = recordingLogger();
      const options = { target, logger, ejectPlugins: true, plugins: [loggerPlugin, errorResponsePlugin] };
      const { status, body } = await ask(withNext(make(options)).listener, 'GET /<a>');
      return { status, body, lines };
    };
    const ours = await answerOf(createProxyMiddleware, plugins);
    expect(ours).toEqual(await answerOf(theirs.createProxyMiddleware, theirs));
    expect(ours).toMatchObject({ status: 504, lines: [['error', ...Array(5).fill(expect.any(String))]] });
  });
});

test('definePlugin gives its plugin back', () => {
  const plugin = () => {};
  expect(plugins.definePlugin(plugin)).toBe(plugin);
});

test('errorResponsePlugin: an error without a request is thrown, a socket is left to the proxy', () => {
  let proxy;
  createProxyMiddleware({ target: 'http://127.0.0.1:1', plugins: [(it) => (proxy = it)] });
  const thrown = new Error('of nobody');
  expect(() => proxy.emit('error', thrown)).toThrow(thrown);
  const socket = { write: jest.fn(), end: jest.fn(), destroy: jest.fn() };
  proxy.emit('error', thrown, { url: '/', headers: {} }, socket);
  for (const method of Object.values(socket)) expect(method).not.toHaveBeenCalled();
});

test('a response that was begun is not given the text of an error', async () => {
  const target = await rawTarget((connection) =>
    connection.onRequest(() => {
      connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
      setTimeout(() => connection.socket.destroy(), 50);
    }),
  );
  const middleware = createProxyMiddleware({
    target: target.url,
    selfHandleResponse: true,
    on: {
      proxyRes(proxyRes, req, res) {
        res.writeHead(200);
        proxyRes.on('data', (chunk) => res.write(chunk));
      },
    },
  });
  const { port } = await httpServer(middleware);
  const text = await rawExchange(port, 'GET /a HTTP/1.1\r\nHost: me\r\n\r\n');
  expect(text).toMatch(/\r\n\r\n4\r\nhalf\r\n$/);
});

describe('a parsed body and a reset', () => {
  const consoleErrors = async (make, body) => {
    const error = jest.spyOn(console, 'error').mockImplementation();
    const target = await rawTarget((connection) => connection.onRequest(() => connection.socket.destroy()));
    const middleware = make({ target: target.url });
    await ask(
      (req, res) => {
        req.body = body;
        return middleware(req, res);
      },
      'POST /a',
      ['Content-Length: 0'],
    );
    const lines = error.mock.calls.map(([line]) => /\[ERR_HPM\.GH40\]/.test(line));
    error.mockRestore();
    return lines;
  };

  test.each([
    [{ a: 1 }, [true]],
    [undefined, []],
  ])('with the body %p', async (body, expected) => {
    const { ours, theirs } = await beside(4, (make) => consoleErrors(make, body));
    expect([ours, theirs]).toEqual([expected, expected]);
  });
});

test('the status of every code is that of version 3, but for answers that the parser refuses', () => {
  const codes = [
    'ECONNRESET',
    'ENOTFOUND',
    'ECONNREFUSED',
    'ETIMEDOUT',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'EPIPE',
    'HPE_INVALID_CONSTANT',
    'X_HPE_INVALID',
    'HPM_ERR_INVALID_MULTIPART_BOUNDARY',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'econnreset',
    '',
    undefined,
    null,
    5,
  ];
  for (const code of codes)
    expect([code, getStatusCode({ code })]).toEqual([code, theirStatus.getStatusCode(code)]);
  expect(getStatusCode({ code: 'HPE_HEADER_OVERFLOW' })).toBe(502);
});
