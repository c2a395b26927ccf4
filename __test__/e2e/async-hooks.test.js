'use strict';

/** `hookTimeout`: what asynchronous `proxyReq` and `proxyRes` listeners do after an await takes effect, and nobody waits for ever. */

const { setTimeout: pause } = require('node:timers/promises');
const { createProxyMiddleware, responseInterceptor } = require('../../index.js');
const { FACES } = require('../support/faces.js');
const { GOOD } = require('../support/faults.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');
const { ask, namedTarget, withNext } = require('../support/middlewares.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { stats } = require('../support/engine.js');

afterEach(closeAll);

const GET = lastRequest('GET /a');
const LARGE = 'a line of text\n'.repeat(20_000);
const TRAILERS = [
  'HTTP/1.1 200 OK',
  'Transfer-Encoding: chunked',
  '',
  '4',
  'good',
  '0',
  'X-Sum: 7',
  '',
  '',
].join('\r\n');

/** Answers that come in different ways. */
const ANSWERS = {
  'with its head': [GOOD, 'good'],
  'in chunks, with trailers': [TRAILERS, 'good'],
  'longer than one piece': [`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE.length}\r\n\r\n${LARGE}`, LARGE],
};

describe.each(FACES)('%s', (_face, serve) => {
  test('edits after an await take effect, both ways', async () => {
    const target = await answeringTarget(GOOD);
    const on = {
      async proxyReq(proxyReq) {
        await pause(30);
        proxyReq.setHeader('x-late', 'yes');
        proxyReq.path = '/b';
      },
      async proxyRes(proxyRes) {
        await pause(30);
        proxyRes.headers['x-late'] = 'too';
        proxyRes.statusCode = 203;
      },
    };
    const { port } = await serve({ target: target.url, hookTimeout: 5000, on });
    const answer = readResponse(await rawExchange(port, GET));
    expect(answer).toMatchObject({ status: 203, body: 'good' });
    expect(answer.values('x-late')).toEqual(['too']);
    const request = readRequest(target.connections[0].text);
    expect([request.start, request.values('x-late')]).toEqual(['GET /b HTTP/1.1', ['yes']]);
  });

  test.each(Object.entries(ANSWERS))(
    'a body that comes %s waits with the head',
    async (_how, [text, body]) => {
      const target = await answeringTarget(text);
      const on = {
        async proxyRes(proxyRes, req, res) {
          await pause(50);
          proxyRes.headers['x-sent'] = String(res.headersSent);
        },
      };
      const { port } = await serve({ target: target.url, hookTimeout: 5000, on });
      const answer = readResponse(await rawExchange(port, GET));
      expect([answer.status, answer.isComplete, answer.body === body]).toEqual([200, true, true]);
      expect(answer.values('x-sent')).toEqual(['false']);
      expect(answer.trailers).toEqual(text === TRAILERS ? [['x-sum', '7']] : []);
      await eventually(() => stats().exchanges === 0);
    },
  );

  test('a listener that never settles: 504, and nothing of the answer', async () => {
    const target = await answeringTarget(`HTTP/1.1 201 Made\r\nX-A: 1\r\nContent-Length: 4\r\n\r\ngood`);
    for (const event of ['proxyReq', 'proxyRes']) {
      const errors = [];
      const on = {
        [event]: () => new Promise(() => {}),
        error(error, req, res) {
          errors.push(error);
          res.writeHead(error.status).end(error.message);
        },
      };
      const { port } = await serve({ target: target.url, hookTimeout: 100, on });
      const answer = readResponse(await rawExchange(port, GET));
      expect(answer).toMatchObject({
        status: 504,
        body: `The ${event} hook has not settled within 100 ms (option hookTimeout)`,
      });
      expect(answer.values('x-a')).toEqual([]);
      expect(errors).toMatchObject([{ code: 'ERR_PROXY_HOOK_TIMEOUT', phase: 'hook', side: 'internal' }]);
    }
    await eventually(() => stats().exchanges === 0);
  });

  test.each(['proxyReq', 'proxyRes'])(
    'a rejection of %s is an error, before anything is sent',
    async (event) => {
      const target = await answeringTarget(GOOD);
      const errors = [];
      const on = {
        async [event]() {
          await pause(20);
          throw new Error('of the listener');
        },
        error(error, req, res) {
          errors.push(error.message);
          res.writeHead(500).end('told');
        },
      };
      const { port } = await serve({ target: target.url, hookTimeout: 5000, on });
      expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 500, body: 'told' });
      expect(errors).toEqual(['of the listener']);
      expect(target.connections).toHaveLength(event === 'proxyReq' ? 0 : 1);
    },
  );

  test('a client that leaves while the head is held back', async () => {
    const target = await answeringTarget(ANSWERS['longer than one piece'][0]);
    let settle;
    const errors = [];
    const on = {
      proxyRes: () => new Promise((resolve) => (settle = resolve)),
      error: (error) => errors.push(error),
    };
    const { port } = await serve({ target: target.url, hookTimeout: 5000, on });
    const client = await rawClient(port, GET);
    await eventually(() => settle !== undefined);
    client.socket.destroy();
    await eventually(() => stats().exchanges === 0);
    settle();
    await pause(20);
    expect(errors).toEqual([]);
  });

  test('a target that fails while the head is held back: an error instead of half an answer', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', { end: 'fin' });
    const on = {
      proxyRes: () => pause(200),
      error: (error, req, res) => void res.writeHead(502).end(error.code),
    };
    const { port } = await serve({ target: target.url, hookTimeout: 5000, on });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 502, body: 'ECONNRESET' });
  });

  test('a listener that answers itself after an await', async () => {
    const target = await answeringTarget(GOOD);
    const on = {
      async proxyRes(proxyRes, req, res) {
        await pause(20);
        res.statusCode = 418;
        res.end('by hand');
      },
    };
    const { port } = await serve({ target: target.url, hookTimeout: 5000, on });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 418, body: 'by hand' });
  });

  test.each([
    ['at once', 0],
    ['after an await', 30],
  ])(
    'a listener that reads the body %s is not waited for any longer: the client gets it, too',
    async (_when, ms) => {
      const target = await answeringTarget(ANSWERS['longer than one piece'][0]);
      const read = [];
      const on = {
        async proxyRes(proxyRes) {
          if (ms > 0) await pause(ms);
          let body = '';
          for await (const chunk of proxyRes) body += chunk;
          read.push(body === LARGE);
        },
      };
      const { port } = await serve({ target: target.url, hookTimeout: 2000, on });
      const answer = readResponse(await rawExchange(port, GET));
      expect([answer.status, answer.isComplete, answer.body === LARGE]).toEqual([200, true, true]);
      await eventually(() => read.length === 1);
      expect(read).toEqual([true]);
    },
  );

  test('with selfHandleResponse nothing goes out by itself: proxyRes has all the time it takes', async () => {
    const target = await answeringTarget(GOOD);
    const on = {
      async proxyRes(proxyRes, req, res) {
        await pause(150);
        proxyRes.pipe(res);
      },
    };
    const { port } = await serve({ target: target.url, hookTimeout: 50, selfHandleResponse: true, on });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'good' });
  });

  test('without hookTimeout neither is waited for', async () => {
    const target = await answeringTarget(GOOD);
    const on = { proxyReq: () => new Promise(() => {}), proxyRes: () => new Promise(() => {}) };
    const { port } = await serve({ target: target.url, on });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'good' });
  });
});

describe('the middleware', () => {
  test('answers 504 by itself', async () => {
    for (const event of ['proxyReq', 'proxyRes']) {
      const target = await namedTarget();
      const on = { [event]: () => new Promise(() => {}) };
      const { calls, listener } = withNext(
        createProxyMiddleware({ target: target.url, hookTimeout: 50, on }),
      );
      expect((await ask(listener, 'GET /a')).status).toBe(504);
      expect(calls).toEqual([]);
    }
  });

  test('an interceptor may take longer than hookTimeout', async () => {
    const target = await namedTarget();
    const interceptor = responseInterceptor(async (body) => {
      await pause(150);
      return `${body}!`;
    });
    const options = { target: target.url, hookTimeout: 50, selfHandleResponse: true };
    const middleware = createProxyMiddleware({ ...options, on: { proxyRes: interceptor } });
    expect(await ask(middleware, 'GET /a')).toMatchObject({ status: 200, body: 'target!' });
  });

  test('what an asynchronous listener and responseTransform do comes together', async () => {
    const target = await namedTarget();
    const on = {
      async proxyRes(proxyRes) {
        await pause(30);
        proxyRes.headers['x-late'] = 'yes';
      },
    };
    const responseTransform = [{ match: 'target', replace: 'aim' }];
    const middleware = createProxyMiddleware({
      target: target.url,
      hookTimeout: 5000,
      on,
      responseTransform,
    });
    const answer = await ask(middleware, 'GET /a');
    expect([answer.body, answer.values('x-late')]).toEqual(['aim', ['yes']]);
  });

  test('an upload goes on while the head is held back', async () => {
    const target = await rawTarget((connection) => {
      connection.socket.once('data', () => connection.socket.write(GOOD));
    });
    let isHeld = false;
    const on = {
      async proxyRes() {
        isHeld = true;
        await pause(100);
      },
    };
    const middleware = createProxyMiddleware({ target: target.url, hookTimeout: 5000, on });
    const [, serve] = FACES[0];
    const { port } = await serve({ target: target.url }, { app: (req, res) => middleware(req, res) });
    const client = await rawClient(port, lastRequest('POST /a', ['Content-Length: 4']));
    await eventually(() => isHeld);
    client.socket.write('body');
    await client.received('good');
  });
});
