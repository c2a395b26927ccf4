'use strict';

/** `rs-proxy-middleware/hono` in Hono on @hono/node-server. */

const { createHonoProxyMiddleware } = require('../../lib/adapters/hono.js');
const { closeAll, onCleanUp, rawExchange } = require('../support/peers.js');
const { lastRequest, readResponse } = require('../support/messages.js');
const { DOWN, namedTarget, recordingLogger } = require('../support/middlewares.js');

let consoleError;
beforeEach(() => (consoleError = jest.spyOn(console, 'error').mockImplementation()));
afterEach(async () => {
  await closeAll();
  // There node-server tells of responses that were given twice.
  expect(consoleError.mock.calls).toEqual([]);
  consoleError.mockRestore();
});

/** An application with this middleware on `/api`, and something behind it. */
async function serveHono(options, before = (c, next) => next()) {
  const { Hono } = await import('hono');
  const { serve } = await import('@hono/node-server');
  const app = new Hono();
  app.use(before);
  app.use('/api/*', createHonoProxyMiddleware(options));
  app.all('*', (c) => c.text(`behind ${c.req.path}`, 418));
  const server = await new Promise((resolve) => {
    const it = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, () => resolve(it));
  });
  onCleanUp(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address();
  return async (line, lines, body) =>
    readResponse(await rawExchange(port, lastRequest(line, lines, body)), line.split(' ')[0]);
}

test('forwards with the whole path, and the middleware before it goes on after the answer', async () => {
  const target = await namedTarget();
  const order = [];
  const ask = await serveHono({ target: target.url, pathFilter: '/api' }, async (c, next) => {
    order.push('before');
    await next();
    order.push(`after, ${c.env.outgoing.writableFinished}`);
  });
  expect(await ask('GET /api/a?q')).toMatchObject({ status: 200, body: 'target' });
  expect(target.asked()).toEqual(['GET /api/a?q HTTP/1.1']);
  expect(order).toEqual(['before', 'after, true']);
});

test('forwards a body', async () => {
  const target = await namedTarget();
  const ask = await serveHono({ target: target.url });
  expect(await ask('POST /api/a', ['Content-Length: 4'], 'body')).toMatchObject({ status: 200 });
  expect(target.requests()).toMatchObject([{ body: 'body' }]);
});

test('what does not match goes on', async () => {
  const ask = await serveHono({ target: 'http://127.0.0.1:1', pathFilter: '/api/only' });
  expect(await ask('GET /api/a')).toMatchObject({ status: 418, body: 'behind /api/a' });
});

test('a failure of the target is answered as everywhere', async () => {
  const ask = await serveHono({ target: DOWN });
  expect(await ask('GET /api/a')).toMatchObject({
    status: 504,
    body: 'Error occurred while trying to proxy: me/api/a',
  });
});

test('a failure of the router is said, and answered', async () => {
  const { lines, logger } = recordingLogger();
  const thrown = new Error('of the router');
  const router = () => {
    throw thrown;
  };
  const ask = await serveHono({ router, logger });
  expect(await ask('GET /api/a')).toMatchObject({ status: 500, body: 'Proxy Error' });
  expect(lines).toEqual([['error', 'Proxy error:', thrown]]);
});
