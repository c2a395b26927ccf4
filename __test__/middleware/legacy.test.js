'use strict';

/** The rules of version 2: how it is called, what it says, which paths it takes. Beside that version, and version 3's bridge to it. */

const express = require('express');
const { createProxyMiddleware } = require('../../index.js');
const legacy = require('../../lib/middleware/legacy/index.js');
const { closeAll } = require('../support/peers.js');
const {
  DOWN,
  ORIGINALS,
  ask,
  beside,
  namedTarget,
  recordingLogger,
  withNext,
} = require('../support/middlewares.js');

afterEach(closeAll);

/** What a scenario comes to with version 2 and with ours. */
async function besideVersion2(scenario, ours = legacy.createProxyMiddleware) {
  return beside(2, scenario, ours);
}

/** Lines that version 2 formats itself. */
function provided() {
  const { lines, logger } = recordingLogger();
  return { lines, logProvider: () => logger };
}

const FORMS = {
  'options alone': (url) => [{ target: url }],
  'options and nothing': (url) => [{ target: url }, undefined],
  'options and empty options': (url) => [{ target: url }, {}],
  'a path and options': (url) => ['/api', { target: url }],
  'a glob and options': (url) => ['/api/**', { target: url }],
  'paths and options': (url) => [['/x', '/api'], { target: url }],
  'globs and options': (url) => [['/api/**', '!**/b'], { target: url }],
  'a function and options': (url) => [(path) => path.startsWith('/api/a'), { target: url }],
  'a URL': (url) => [url],
  'a URL with a path': (url) => [`${url}/api`],
  'a URL with a path, and options': (url) => [`${url}/api`, { pathRewrite: { '^/api': '/new' } }],
  'a router alone': (url) => [{ router: { me: url } }],
};

describe.each(Object.keys(FORMS))('called with %s', (name) => {
  test.each(['GET /', 'GET /api/a?q', 'GET /api/b', 'GET /x'])('%s', async (line) => {
    const target = await namedTarget();
    const { lines, logProvider } = provided();
    const { ours, theirs } = await besideVersion2(async (make) => {
      const before = [target.asked().length, lines.length];
      const args = FORMS[name](target.url);
      const at = args.findLastIndex((arg) => typeof arg === 'object' && !Array.isArray(arg));
      // The last of a URL alone has none.
      if (at < 0) make({ target: target.url, logProvider });
      else args[at] = Object.keys(args[at] ?? {}).length > 0 ? { ...args[at], logProvider } : args[at];
      if (name === 'options and empty options' || name === 'options and nothing')
        args[0].logProvider = logProvider;
      const { calls, listener } = withNext(make(...args));
      const { status, body } = await ask(listener, line);
      return { status, body, calls, asked: target.asked().slice(before[0]), lines: lines.slice(before[1]) };
    });
    expect(theirs.lines.length).toBeGreaterThan(0);
    expect(ours).toEqual(theirs);
  });
});

describe('the mount path is kept', () => {
  test.each([
    ['version 2', 2, legacy.createProxyMiddleware, (make, target) => make('/api', { target })],
    [
      'version 2, rewritten',
      2,
      legacy.createProxyMiddleware,
      (make, target) => make('/api', { target, pathRewrite: { '^/api': '' } }),
    ],
    ['version 2, options alone', 2, legacy.createProxyMiddleware, (make, target) => make({ target })],
  ])('%s', async (_case, version, own, build) => {
    const target = await namedTarget();
    const { logProvider } = provided();
    const { ours, theirs } = await beside(
      version,
      async (make) => {
        make({ target: target.url, logProvider });
        const before = target.asked().length;
        const app = express();
        app.use('/api', build(make, target.url));
        const { status } = await ask(app, 'GET /api/x?y');
        return { status, asked: target.asked().slice(before) };
      },
      own,
    );
    expect(theirs.asked).toHaveLength(1);
    expect(ours).toEqual(theirs);
  });

  test.each([
    ['options', (target) => [{ target }]],
    ['a context that is below the mount', (target) => ['/x', { target }]],
    ['a context that holds the mount', (target) => ['/api', { target }]],
  ])("version 3's bridge, called with %s", async (_case, args) => {
    const theirs = await ORIGINALS[3]();
    const target = await namedTarget();
    const outcomes = [];
    for (const make of [legacy.legacyCreateProxyMiddleware, theirs.legacyCreateProxyMiddleware]) {
      const before = target.asked().length;
      const app = express();
      app.use('/api', make(...args(target.url)));
      const { status } = await ask(app, 'GET /api/x?y');
      outcomes.push({ status, asked: target.asked().slice(before) });
    }
    expect(outcomes[0]).toEqual(outcomes[1]);
  });
});

describe('what it says', () => {
  const linesOf = async (make, options, requests) => {
    const { lines, logProvider } = provided();
    const middleware = make('/', { ...options, logProvider });
    for (const request of requests) await ask(withNext(middleware).listener, request);
    return lines;
  };

  test.each([
    ['nothing else', 'info', (url) => ({ target: url })],
    ['rewrite rules', 'info', (url) => ({ target: url, pathRewrite: { '^/a': '/b', '^/c': '' } })],
    ['a rewriter that gives nothing', 'info', (url) => ({ target: url, pathRewrite: () => {} })],
    ['the way, straight', 'debug', (url) => ({ target: url })],
    ['the way, rewritten', 'debug', (url) => ({ target: url, pathRewrite: { '^/a': '/b' } })],
    ['the way, routed', 'debug', (url) => ({ target: 'http://127.0.0.1:1', router: { me: url } })],
    [
      'the way, both',
      'debug',
      (url) => ({
        target: 'http://127.0.0.1:1',
        router: { 'me/a': url, me: url },
        pathRewrite: { '^/a': '/b' },
      }),
    ],
    ['a function as router', 'debug', (url) => ({ target: 'http://127.0.0.1:1', router: () => url })],
    ['listeners', 'debug', (url) => ({ target: url, onProxyReq() {}, onProxyRes() {}, onOpen() {} })],
    ['warnings only', 'warn', (url) => ({ target: url })],
    ['nothing', 'silent', (url) => ({ target: url })],
  ])('of %s at level %s', async (_case, logLevel, options) => {
    const { url } = await namedTarget();
    const { ours, theirs } = await besideVersion2((make) =>
      linesOf(make, { ...options(url), logLevel }, ['GET /a?q', 'GET /x']),
    );
    expect(ours).toEqual(theirs);
  });

  test.each(['info', 'error', 'silent'])('of a failure at level %s', async (logLevel) => {
    const target = DOWN;
    const { ours, theirs } = await besideVersion2((make) =>
      linesOf(make, { target, logLevel }, ['GET /a?q']),
    );
    expect(ours).toEqual(theirs);
  });

  test('the last level and provider hold for all', async () => {
    const { url } = await namedTarget();
    const { ours, theirs } = await besideVersion2(async (make) => {
      const [first, second] = [provided(), provided()];
      const early = make('/', { target: 'http://127.0.0.1:1', ...first, logLevel: 'debug' });
      make('/', { target: url, ...second, logLevel: 'error' });
      await ask(withNext(early).listener, 'GET /a');
      return [first.lines, second.lines];
    });
    expect(theirs[1]).toHaveLength(1);
    expect(ours).toEqual(theirs);
  });

  test.each([
    ['a level', { logLevel: 'loud' }],
    ['a provider', { logProvider: 'console' }],
    ['no target', { target: undefined }],
    ['rewrite rules', { pathRewrite: 5 }],
  ])('of %s that is none', async (_case, options) => {
    const { ours, theirs } = await besideVersion2(async (make) => {
      try {
        make('/', { target: 'http://127.0.0.1:1', ...options });
      } catch (error) {
        return error.message;
      }
      return undefined;
    });
    expect(theirs).toMatch(/^\[HPM\] /);
    expect(ours).toBe(theirs);
  });
});

test('on… listeners are called as those of version 2', async () => {
  const target = await namedTarget();
  const { ours, theirs } = await besideVersion2(async (make) => {
    const { logProvider } = provided();
    const calls = [];
    const options = {
      target: target.url,
      logProvider,
      onProxyReq(proxyReq, req, res) {
        calls.push(['proxyReq', proxyReq.path, req.url, typeof res.end]);
        proxyReq.setHeader('x-a', '1');
      },
      onProxyRes: (proxyRes) => calls.push(['proxyRes', proxyRes.statusCode]),
    };
    await ask(make('/', options), 'GET /a');
    const down = make('/', {
      ...options,
      target: DOWN,
      onError(error, req, res) {
        calls.push(['error', error.code, req.url]);
        res.writeHead(503).end('mine');
      },
    });
    const { status, body } = await ask(down, 'GET /b');
    return { calls, status, body };
  });
  expect(theirs.calls.map(([name]) => name)).toEqual(['proxyReq', 'proxyRes', 'proxyReq', 'error']);
  expect(ours).toEqual(theirs);
});

describe('createProxyMiddleware of the main entry', () => {
  let emitWarning;
  let info;
  beforeEach(() => {
    emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation();
    info = jest.spyOn(console, 'info').mockImplementation();
  });
  afterEach(() => {
    emitWarning.mockRestore();
    info.mockRestore();
  });

  const CALLS = {
    'two arguments': (target) => ['/api', { target }],
    'a text': (target) => [target],
    'a function': (target) => [() => true, { target }],
    onProxyReq: (target) => [{ target, onProxyReq() {} }],
    onError: (target) => [{ target, onError() {} }],
    logLevel: (target) => [{ target, logLevel: 'silent' }],
    logProvider: (target) => [{ target, logProvider: () => recordingLogger().logger }],
  };

  test('one warning for all old calls, and the mount path kept', async () => {
    const target = await namedTarget();
    jest.resetModules();
    const { createProxyMiddleware: create } = require('../../lib/middleware/create-proxy-middleware.js');
    for (const args of Object.values(CALLS)) {
      const app = express();
      app.use('/api', create(...args(target.url)));
      await ask(app, 'GET /api/x');
    }
    // Without a level or a provider version 2 speaks to the console.
    expect(info.mock.calls[0]).toEqual([`[HPM] Proxy created: /api  -> ${target.url}`]);
    expect(target.asked()).toEqual(Array(Object.keys(CALLS).length).fill('GET /api/x HTTP/1.1'));
    expect(emitWarning.mock.calls).toEqual([
      [expect.stringMatching('version 2'), { type: 'DeprecationWarning', code: 'RS_PROXY_LEGACY_CALL' }],
    ]);
  });

  test.each([
    ['options alone', (target) => [{ target }]],
    ['old keys that ask for nothing', (target) => [{ target, onError: undefined, logLevel: null }]],
    ['as the callback of map', (target) => [{ target }, 0, []]],
  ])('%s: the rules of today, and no warning', async (_case, args) => {
    const target = await namedTarget();
    const app = express();
    app.use('/api', createProxyMiddleware(...args(target.url)));
    await ask(app, 'GET /api/x');
    expect(target.asked()).toEqual(['GET /x HTTP/1.1']);
    expect(emitWarning).not.toHaveBeenCalled();
  });
});

describe("version 3's bridge", () => {
  test.each([
    ['a context', (rest) => ['/api', rest]],
    ['contexts', (rest) => [['/a', '/b'], rest]],
    ['options', (rest) => [rest]],
    [
      'every event',
      (rest) => [
        {
          ...rest,
          onError() {},
          onProxyReq() {},
          onProxyRes() {},
          onProxyReqWs() {},
          onOpen() {},
          onClose() {},
        },
      ],
    ],
    ['a level', (rest) => [{ ...rest, logLevel: 'debug' }]],
    ['a silent level', (rest) => [{ ...rest, logLevel: 'silent' }]],
    ['a context, an event and a level', (rest) => ['/api', { ...rest, onError() {}, logLevel: 'info' }]],
  ])('says what is old to the letter: %s', async (_case, args) => {
    const theirs = await ORIGINALS[3]();
    const [ours, other] = [legacy, theirs].map(({ legacyCreateProxyMiddleware }) => {
      const { lines, logProvider } = provided();
      legacyCreateProxyMiddleware(...args({ target: 'http://127.0.0.1:1', logProvider }));
      return lines;
    });
    expect(ours).toEqual(other);
  });

  test.each([
    ['a URL', ['http://127.0.0.1:1']],
    ['nothing', []],
    ['no target', [{}]],
  ])('refuses %s to the letter', async (_case, args) => {
    const theirs = await ORIGINALS[3]();
    const [ours, other] = [legacy, theirs].map(({ legacyCreateProxyMiddleware }) => {
      try {
        legacyCreateProxyMiddleware(...args);
      } catch (error) {
        return error.message;
      }
      return undefined;
    });
    expect(other).toEqual(expect.any(String));
    expect(ours).toBe(other);
  });

  test('an old event takes the place of the one in on', async () => {
    const target = await namedTarget();
    const on = { proxyReq: jest.fn(), proxyRes: jest.fn() };
    const onProxyReq = jest.fn();
    const middleware = legacy.legacyCreateProxyMiddleware({ target: target.url, on, onProxyReq });
    await ask(middleware, 'GET /a');
    expect([on.proxyReq, on.proxyRes, onProxyReq].map(({ mock }) => mock.calls.length)).toEqual([0, 1, 1]);
  });
});
