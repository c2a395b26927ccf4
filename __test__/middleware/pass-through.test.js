'use strict';

/** `passThrough`: an answer that the application gives instead of the target, with nothing of the target's written. */

const { createProxyMiddleware } = require('../../index.js');
const { GOOD } = require('../support/faults.js');
const { lastRequest, readRequest, readResponse, requestText } = require('../support/messages.js');
const { ask, namedTarget, recordingLogger, withNext } = require('../support/middlewares.js');
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

const MISSING = 'HTTP/1.1 404 Not Here\r\nX-A: 1\r\nSet-Cookie: a=b\r\nContent-Length: 4\r\n\r\ngone';
const CHUNKED =
  'HTTP/1.1 404 Not Here\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngone\r\n0\r\nX-T: 1\r\n\r\n';

/** A target that answers by the path: `/404` with 404. */
async function target() {
  return rawTarget((connection) =>
    connection.onRequest((head) => {
      const status = /^\w+ \/(\d+)/.exec(head)[1];
      connection.socket.write(`HTTP/1.1 ${status} X\r\nX-A: 1\r\nContent-Length: 4\r\n\r\ngood`);
    }),
  );
}

describe('which answers', () => {
  const byFunction = (status, proxyRes, req) =>
    status === 503 && proxyRes.headers['x-a'] === '1' && req.method === 'GET';

  test.each([
    ['a status of the list', [404, 410], 404, true],
    ['another one of it', [404, 410], 410, true],
    ['one that is not in it', [404, 410], 403, false],
    ['one that is no error', [200], 200, true],
    ['what a function says', byFunction, 503, true],
    ['what it does not say', byFunction, 502, false],
    ['none, by an empty list', [], 404, false],
    ['none, by false', false, 404, false],
  ])('%s', async (_case, passThrough, status, isPassed) => {
    const { url } = await target();
    const { calls, listener } = withNext(createProxyMiddleware({ target: url, passThrough }));
    const answer = await ask(listener, `GET /${status}`);
    if (isPassed) expect(answer).toMatchObject({ status: 404, body: `next /${status}` });
    else expect(answer).toMatchObject({ status, body: 'good' });
    expect(calls).toEqual(isPassed ? [[]] : []);
    expect(answer.values('x-a')).toEqual(isPassed ? [] : ['1']);
  });

  test('what is no list of statuses and no function is refused by name', () => {
    for (const passThrough of [404, '404', ['404'], [100], [1000], [404.5], {}, true]) {
      expect(() => createProxyMiddleware({ target: 'http://127.0.0.1:1', passThrough })).toThrow(
        expect.objectContaining({
          name: 'TypeError',
          option: 'passThrough',
          code: 'ERR_PROXY_INVALID_OPTION',
        }),
      );
    }
  });
});

describe('what is passed on', () => {
  test.each([
    ['with its head', MISSING],
    ['in chunks', CHUNKED],
  ])('res is as it was, though the target has answered %s', async (_how, text) => {
    const { url } = await answeringTarget(text);
    const on = { proxyReq: (proxyReq) => proxyReq.setHeader('x-req', '1') };
    const middleware = createProxyMiddleware({ target: url, passThrough: [404], on });
    const { port } = await httpServer((req, res) => {
      res.setHeader('x-app', '1');
      void middleware(req, res, () => {
        expect([res.headersSent, res.statusCode, res.getHeaders()]).toEqual([false, 200, { 'x-app': '1' }]);
        expect(res.listenerCount('close')).toBe(0);
        res.end('by the application');
      });
    });
    const answer = readResponse(await rawExchange(port, lastRequest('GET /a')));
    expect(answer).toMatchObject({ status: 200, reason: 'OK', body: 'by the application', trailers: [] });
    expect(answer.fields.map(([name]) => name).sort()).toEqual([
      'connection',
      'content-length',
      'date',
      'x-app',
    ]);
    await eventually(() => stats().exchanges === 0);
  });

  test('listeners of proxyRes and end do not hear of it, and no error does either', async () => {
    const { url } = await target();
    const heard = [];
    const listeners = ['start', 'proxyReq', 'proxyRes', 'end', 'error', 'econnreset'];
    const on = Object.fromEntries(listeners.map((event) => [event, () => void heard.push(event)]));
    const { logger, lines } = recordingLogger();
    const { listener } = withNext(createProxyMiddleware({ target: url, passThrough: [404], on, logger }));
    expect((await ask(listener, 'GET /404')).body).toBe('next /404');
    expect([heard, lines]).toEqual([['start', 'proxyReq'], []]);
  });

  test('its connection is used again if the body was there, and closed if not', async () => {
    const { url, connections } = await answeringTarget(MISSING);
    const { listener } = withNext(createProxyMiddleware({ target: url, passThrough: [404] }));
    const { port } = await httpServer(listener);
    for (let i = 0; i < 3; i++) await rawExchange(port, lastRequest('GET /a'));
    expect(connections).toHaveLength(1);

    const endless = await rawTarget((connection) =>
      connection.onRequest(() => {
        connection.socket.write('HTTP/1.1 404 X\r\n\r\n');
        const timer = setInterval(() => connection.socket.write('x'.repeat(65_536)), 5);
        connection.socket.on('close', () => clearInterval(timer)).on('error', () => {});
      }),
    );
    const other = withNext(createProxyMiddleware({ target: endless.url, passThrough: [404] }));
    expect((await ask(other.listener, 'GET /a')).body).toBe('next /a');
    await endless.connections[0].closed();
    await eventually(() => stats().exchanges === 0);
  });

  test('many on one connection of a client leave nothing behind', async () => {
    const { url } = await answeringTarget(MISSING);
    const warnings = [];
    const onWarning = (warning) => warnings.push(warning);
    process.on('warning', onWarning);
    const { listener } = withNext(createProxyMiddleware({ target: url, passThrough: [404] }));
    const { port } = await httpServer(listener);
    const client = await rawClient(port);
    for (let i = 1; i <= 30; i++) {
      client.socket.write(requestText(`POST /${i}`, ['Content-Length: 2'], 'hi'));
      await client.received(`next /${i}`);
    }
    process.removeListener('warning', onWarning);
    expect(warnings).toEqual([]);
    expect(stats().exchanges).toBe(0);
  });

  test('another middleware sends the request, and its body, to the next target', async () => {
    const [first, second] = [await answeringTarget(MISSING), await namedTarget('second')];
    const chain = [
      createProxyMiddleware({ target: first.url, passThrough: [404] }),
      createProxyMiddleware({ target: second.url, passThrough: [404] }),
    ];
    const listener = (req, res) => chain[0](req, res, () => chain[1](req, res, () => res.end('nobody')));
    for (const lines of [['Content-Length: 4'], ['Transfer-Encoding: chunked']]) {
      const body = lines[0].startsWith('C') ? 'body' : '4\r\nbody\r\n0\r\n\r\n';
      expect(await ask(listener, 'POST /a', lines, body)).toMatchObject({ status: 200, body: 'second' });
    }
    expect(second.requests().map((request) => request.body)).toEqual(['body', 'body']);
  });

  test('the rest of an upload that the target did not want is read, so that the connection goes on', async () => {
    const early = await rawTarget((connection) => {
      connection.socket.once('data', () => connection.socket.write(MISSING));
    });
    const { listener } = withNext(createProxyMiddleware({ target: early.url, passThrough: [404] }));
    const { port } = await httpServer(listener);
    const client = await rawClient(
      port,
      requestText('POST /one', ['Content-Length: 200000'], 'x'.repeat(1000)),
    );
    await client.received('next /one');
    client.socket.write('x'.repeat(199_000) + requestText('POST /two', ['Content-Length: 2'], 'hi'));
    await client.received('next /two');
    expect(readRequest(early.connections[1].text).start).toBe('POST /two HTTP/1.1');
  });

  test.each(['express', 'express4'])('%s goes on with what stands behind', async (framework) => {
    const app = require(framework)();
    const { url } = await target();
    app.use('/api', createProxyMiddleware({ target: url, passThrough: [404] }));
    app.use((req, res) => res.status(418).json({ url: req.originalUrl }));
    expect(await ask(app, 'GET /api/404')).toMatchObject({ status: 418, body: '{"url":"/api/404"}' });
    expect(await ask(app, 'GET /api/200')).toMatchObject({ status: 200, body: 'good' });
    expect(await ask(app, 'HEAD /api/404')).toMatchObject({ status: 418, body: '' });
  });
});

describe('what cannot be passed on', () => {
  test('where there is no next, the target answers', async () => {
    const { url } = await target();
    const middleware = createProxyMiddleware({ target: url, passThrough: [404] });
    expect(await ask(middleware, 'GET /404')).toMatchObject({ status: 404, body: 'good' });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('of the function');
      },
      'of the function',
    ],
    [
      'gives a promise',
      async () => {
        throw new Error('nobody hears');
      },
      'The function passThrough must say at once whether to pass: it has given a promise',
    ],
  ])('a function that %s is the request`s error', async (_how, passThrough, message) => {
    const { url } = await answeringTarget(GOOD);
    const errors = [];
    const on = {
      error(error, req, res) {
        errors.push(error.message);
        res.writeHead(500).end('told');
      },
    };
    const { calls, listener } = withNext(createProxyMiddleware({ target: url, passThrough, on }));
    expect(await ask(listener, 'GET /a')).toMatchObject({ status: 500, body: 'told' });
    expect([errors, calls]).toEqual([[message], []]);
    await eventually(() => stats().exchanges === 0);
  });

  test('a failure is answered as ever', async () => {
    const { calls, listener } = withNext(
      createProxyMiddleware({ target: 'http://127.0.0.1:1', passThrough: [502, 504] }),
    );
    expect((await ask(listener, 'GET /a')).status).toBe(504);
    expect(calls).toEqual([]);
  });
});
