'use strict';

/**
 * F-60 to F-63 where nobody listens to `error`: a middleware with its own plugins, in every kind of application. What has ended a process,
 * or kept a client waiting, has one answer here.
 */

const { setTimeout: pause } = require('node:timers/promises');
const connect = require('connect');
const express4 = require('express4');
const express5 = require('express');
const { createProxyMiddleware, responseInterceptor } = require('../../index.js');
const legacy = require('../../lib/middleware/legacy/index.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  onCleanUp,
  rawClient,
  rawExchange,
} = require('../support/peers.js');
const { recordingLogger } = require('../support/middlewares.js');
const { GOOD, NEXT, nextIsServed, statusOf, takeBaseline } = require('../support/faults.js');

beforeAll(takeBaseline);
afterEach(closeAll);

const get = 'GET /a HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n';
const thrower = () => {
  throw new RangeError('of the function');
};

/** Each kind of application, as a request listener. */
const APPS = {
  'Node’s server': (middleware) => (req, res) => void middleware(req, res),
  connect: (middleware) => connect().use(middleware),
  'Express 4': (middleware) => express4().use(middleware),
  'Express 5': (middleware) => express5().use(middleware),
};
const HOW = {
  'F-60 throws': () => thrower,
  'F-61 rejects': () => async () => thrower(),
  'F-61 rejects with nothing': () => () => Promise.reject(),
};
const rows = Object.keys(HOW).flatMap((how) => Object.keys(APPS).map((app) => [how, app]));

/** An application whose middleware has such options for the request of `/a`, and what it logs. */
async function application(app, optionsOf, answer = GOOD) {
  const target = await answeringTarget(answer);
  const { logger, lines } = recordingLogger();
  const middleware = createProxyMiddleware({ target: target.url, logger, ...optionsOf(target) });
  return { lines, target, ...(await httpServer(APPS[app](middleware))) };
}

/** Fails for `/a`, and does nothing for the next request. */
const once = (fail, req) => (req.url === '/a' ? fail() : undefined);

test.each(rows)('%s, in %s: a listener of proxyReq or proxyRes', async (how, app) => {
  const fail = HOW[how]();
  const listeners = {
    start: (req) => once(fail, req),
    proxyReq: (_proxyReq, req) => once(fail, req),
    proxyRes: (_proxyRes, req) => once(fail, req),
  };
  for (const [event, listener] of Object.entries(listeners)) {
    const { port, lines } = await application(app, () => ({ on: { [event]: listener } }));
    const status = statusOf(await rawExchange(port, get));
    // A promise that is not waited for may be rejected when the answer is through.
    if (how.startsWith('F-60')) expect([event, status]).toEqual([event, 500]);
    else expect([200, 500]).toContain(status);
    if (status === 500) expect(lines.filter(([level]) => level === 'error')).toHaveLength(1);
    await nextIsServed(port);
  }
});

test.each(rows)('%s, in %s: a listener of end', async (how, app) => {
  const fail = HOW[how]();
  const { port } = await application(app, () => ({ on: { end: (req) => once(fail, req) } }));
  expect(await rawExchange(port, get)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\ngood$/);
  await pause(5);
  await nextIsServed(port);
});

test.each(rows)('%s, in %s: a listener of error', async (how, app) => {
  const fail = HOW[how]();
  const target = 'http://127.0.0.1:1';
  const { port } = await application(app, () => ({ target, on: { error: fail } }));
  for (let i = 0; i < 2; i++) expect(statusOf(await rawExchange(port, get))).toBeGreaterThanOrEqual(500);
});

test.each(rows)('%s, in %s: an interceptor', async (how, app) => {
  const fail = HOW[how]();
  const interceptor = async (body, _proxyRes, req) => once(fail, req) ?? body;
  const { port, lines } = await application(app, () => ({
    selfHandleResponse: true,
    on: { proxyRes: responseInterceptor(interceptor) },
  }));
  expect(statusOf(await rawExchange(port, get))).toBe(502);
  expect(lines.filter(([level]) => level === 'error')).toHaveLength(1);
  await nextIsServed(port);
});

test.each(Object.keys(APPS))(
  'F-62 in %s: an interceptor that never settles goes with its client',
  async (app) => {
    let calls = 0;
    const interceptor = (body, _proxyRes, req) => {
      if (req.url !== '/a') return body;
      calls += 1;
      return new Promise(() => {});
    };
    const { port } = await application(app, () => ({
      selfHandleResponse: true,
      on: { proxyRes: responseInterceptor(interceptor) },
    }));
    const client = await rawClient(port, get);
    await eventually(() => calls === 1);
    client.socket.destroy();
    await nextIsServed(port);
  },
);

test.each(Object.keys(APPS))(
  'F-63 in %s: an interceptor that settles when the client has left',
  async (app) => {
    let settle;
    const interceptor = (body, _proxyRes, req) =>
      req.url === '/a' ? new Promise((resolve) => (settle = () => resolve(body))) : body;
    const { port, lines } = await application(app, () => ({
      selfHandleResponse: true,
      on: { proxyRes: responseInterceptor(interceptor) },
    }));
    const client = await rawClient(port, get);
    await eventually(() => settle !== undefined);
    client.socket.destroy();
    await pause(10);
    settle();
    await pause(10);
    expect(lines.filter(([level]) => level === 'error')).toEqual([]);
    await nextIsServed(port);
  },
);

describe('upgrades', () => {
  const HANDSHAKE =
    'GET /ws HTTP/1.1\r\nHost: me\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n\r\n';
  const MAKERS = {
    createProxyMiddleware,
    'createProxyMiddleware of legacy': ({ logger, pathFilter = '/', ...options }) =>
      legacy.createProxyMiddleware(pathFilter, { ...options, logProvider: () => logger }),
    legacyCreateProxyMiddleware: legacy.legacyCreateProxyMiddleware,
  };

  /** A server whose upgrades go to a middleware with these options. */
  async function upgrading(maker, options) {
    const target = await answeringTarget(GOOD);
    const { logger } = recordingLogger();
    const middleware = MAKERS[maker]({ target: target.url, logger, ...options });
    const made = await httpServer((req, res) => void middleware(req, res, () => res.end('next')));
    const sockets = [];
    made.server.on('upgrade', (req, socket, head) => {
      sockets.push(socket);
      onCleanUp(() => socket.destroy());
      middleware.upgrade(req, socket, head);
    });
    return { ...made, sockets };
  }

  const WAITING = {
    'for a router': { router: (req) => (req.url === '/ws' ? new Promise(() => {}) : undefined) },
    'for a rewriter': { pathRewrite: (path) => (path === '/ws' ? new Promise(() => {}) : path) },
    'for nobody: it does not match': { pathFilter: '/other' },
    'for nobody: the filter throws': { pathFilter: thrower },
  };
  const waiting = Object.keys(MAKERS).flatMap((maker) => Object.keys(WAITING).map((what) => [maker, what]));

  test.each(waiting)('F-63 %s: a client that resets while its upgrade waits %s', async (maker, what) => {
    const { port, sockets } = await upgrading(maker, WAITING[what]);
    for (let i = 0; i < 3; i++) {
      const client = await rawClient(port, HANDSHAKE);
      await eventually(() => sockets.length === i + 1);
      client.socket.resetAndDestroy();
      await eventually(() => sockets[i].destroyed);
      expect(sockets[i].errored?.code).toBe('ECONNRESET');
    }
    expect(statusOf(await rawExchange(port, NEXT))).toBe(200);
  });

  const FAILING = { 'F-60 throws': thrower, 'F-61 rejects': async () => thrower() };
  const failing = Object.keys(MAKERS).flatMap((maker) =>
    Object.keys(FAILING).flatMap((how) => ['router', 'pathRewrite'].map((option) => [how, maker, option])),
  );

  test.each(failing)('%s, %s: a %s of an upgrade ends its socket', async (how, maker, option) => {
    const { port } = await upgrading(maker, {
      [option]: (...args) => {
        const url = args[0].url ?? args[0];
        return url === '/ws' ? FAILING[how]() : undefined;
      },
    });
    const client = await rawClient(port, HANDSHAKE);
    await client.closed();
    expect(client.text).not.toMatch(/^HTTP\/1\.1 (101|200)/);
    expect(statusOf(await rawExchange(port, NEXT))).toBe(200);
  });
});
