'use strict';

/** `retry`: how often, with which methods, and after which statuses a request is sent again. */

const http = require('node:http');
const { setTimeout: pause } = require('node:timers/promises');
const express = require('express');
const { createProxyMiddleware, createProxyServer } = require('../../index.js');
const { FACES } = require('../support/faces.js');
const { GOOD } = require('../support/faults.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');
const { DOWN, ask, namedTarget } = require('../support/middlewares.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  onCleanUp,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { stats } = require('../support/engine.js');

afterEach(closeAll);

const BUSY = 'HTTP/1.1 503 Busy\r\nX-Busy: 1\r\nContent-Length: 4\r\n\r\nbusy';
const LARGE = 'x'.repeat(1 << 20);

/** A target that does to its first requests what `first` says, and is good afterwards. */
function reformed(first, times = 1) {
  return rawTarget((connection, index) =>
    connection.onRequest(() => (index < times ? first(connection.socket) : connection.socket.write(GOOD))),
  );
}
const leave = (socket) => socket.end();
const busy = (socket) => socket.end(BUSY);

const request = (method, body = 'body') =>
  method === 'GET'
    ? lastRequest('GET /a')
    : lastRequest(`${method} /a`, [`Content-Length: ${body.length}`], body);

describe.each(FACES)('%s', (_face, serve) => {
  /** Sends one request; gives the answer, and the errors. */
  async function send(target, options, text = request('GET')) {
    const errors = [];
    const on = {
      error(error, req, res) {
        errors.push(error.code);
        if (!res.headersSent) res.writeHead(error.status).end();
      },
      ...options.on,
    };
    const { port } = await serve({ target: target.url, ...options, on });
    const client = await rawClient(port, text);
    await client.closed();
    const { status, body, values } = readResponse(client.text);
    await eventually(() => stats().exchanges === 0);
    return { status, body, values, errors, attempts: target.connections.length };
  }

  test.each([
    ['a GET, once', {}, 'GET', 1, 200],
    ['not twice', {}, 'GET', 2, 502],
    ['more often', { attempts: 3 }, 'GET', 2, 200],
    ['never', { attempts: 1 }, 'GET', 1, 502],
    ['a PUT', {}, 'PUT', 1, 200],
    ['no POST', {}, 'POST', 1, 502],
    ['a POST, if that is wanted', { methods: ['GET', 'post'] }, 'POST', 1, 200],
    ['no method that is not named', { methods: ['POST'] }, 'GET', 1, 502],
    ['none', { methods: [] }, 'GET', 1, 502],
  ])('after no answer: %s', async (_what, retry, method, failures, status) => {
    const target = await reformed(leave, failures);
    const outcome = await send(target, { retry }, request(method));
    expect(outcome.status).toBe(status);
    expect(outcome.errors).toEqual(status === 200 ? [] : ['ECONNRESET']);
    if (status !== 200) return;
    expect(outcome.attempts).toBe(failures + 1);
    for (const { text } of target.connections)
      expect(readRequest(text)).toMatchObject({
        body: method === 'GET' ? '' : 'body',
        isComplete: true,
        rest: '',
      });
  });

  test.each([
    ['a GET', { statuses: [502, 503] }, 'GET', 1, 200],
    ['not if it is not named', { statuses: [502] }, 'GET', 1, 503],
    ['not without statuses', {}, 'GET', 1, 503],
    ['not for a POST', { statuses: [503] }, 'POST', 1, 503],
    ['for a POST, if that is wanted', { statuses: [503], methods: ['POST'] }, 'POST', 1, 200],
    ['the last answer is given, whatever it is', { statuses: [503], attempts: 3 }, 'GET', 3, 503],
  ])('after a status: %s', async (_what, retry, method, failures, status) => {
    for (const on of [{}, { proxyRes: (proxyRes) => void (proxyRes.headers['x-seen'] = '1') }]) {
      const target = await reformed(busy, failures);
      const outcome = await send(target, { retry, on }, request(method));
      expect([outcome.status, outcome.body]).toEqual([status, status === 200 ? 'good' : 'busy']);
      expect(outcome.values('x-busy')).toEqual(status === 200 ? [] : ['1']);
      expect(outcome.values('x-seen')).toEqual(on.proxyRes ? ['1'] : []);
      expect(outcome.errors).toEqual([]);
    }
  });

  test('a long answer that is not given is not read to its end', async () => {
    const target = await reformed((socket) =>
      socket.on('error', () => {}).write(`HTTP/1.1 503 X\r\nContent-Length: 99999999\r\n\r\n${LARGE}`),
    );
    const { status, attempts } = await send(target, { retry: { statuses: [503] } });
    expect([status, attempts]).toEqual([200, 2]);
    await target.connections[0].closed();
  });

  test('from one target to the next, and again', async () => {
    const targets = [await reformed(busy, 9), await reformed(leave, 1)];
    const options = { target: targets.map(({ url }) => url), retry: { attempts: 4, statuses: [503] } };
    const outcome = await send(targets[0], options);
    expect([outcome.status, targets.map(({ connections }) => connections.length)]).toEqual([200, [2, 2]]);
  });

  test('a target that is not there yet is waited for', async () => {
    const { server, port } = await rawTarget(() => {});
    await new Promise((resolve) => server.close(resolve));
    setTimeout(() => {
      const late = http.createServer((req, res) => res.end('late')).listen(port, '127.0.0.1');
      onCleanUp(() => {
        late.closeAllConnections();
        return new Promise((resolve) => late.close(resolve));
      });
    }, 150);
    const target = { url: `http://127.0.0.1:${port}`, connections: [] };
    const outcome = await send(target, { retry: { attempts: 8 } }, request('POST'));
    expect(outcome).toMatchObject({ status: 200, body: 'late', errors: [] });
  });

  test.each([
    ['of which too much was sent is not sent again', 1 << 20, 502, 1],
    ['of which all is kept is sent again', 60_000, 200, 2],
  ])('a body %s', async (_what, length, status, attempts) => {
    const target = await rawTarget((connection, index) => {
      if (index > 0) connection.onRequest(() => connection.socket.write(GOOD));
      else connection.until(({ bytes }) => bytes.length >= length / 2).then(() => connection.socket.end());
    });
    const outcome = await send(target, { retry: {} }, request('PUT', 'x'.repeat(length)));
    expect([outcome.status, outcome.attempts]).toEqual([status, attempts]);
    if (status === 200) expect(readRequest(target.connections[1].text).body).toHaveLength(length);
  });

  test.each([
    ['with a length', (body) => request('POST', body)],
    [
      'in chunks',
      (body) => {
        const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
        return lastRequest('POST /a', ['Transfer-Encoding: chunked'], chunk);
      },
    ],
  ])('a large body %s waits until there is a target that takes it', async (_how, write) => {
    const target = await namedTarget();
    for (const on of [{}, { proxyReq: () => {} }]) {
      const outcome = await send(target, { target: [`${DOWN}/large`, target.url], on }, write(LARGE));
      expect(outcome).toMatchObject({ status: 200, body: 'target', errors: [] });
    }
    for (const { body, isComplete } of target.requests())
      expect([body.length, isComplete]).toEqual([LARGE.length, true]);
  });

  test('a client that leaves during a pause is not served any more', async () => {
    const target = await rawTarget((connection) => connection.onRequest(() => connection.socket.end()));
    const { port, events } = await serve({ target: target.url, retry: { attempts: 9 } });
    const client = await rawClient(port, request('GET'));
    await target.connected(2);
    client.socket.destroy();
    await eventually(() => events.length > 0);
    expect(events).toMatchObject([{ event: 'econnreset' }]);
    const { length } = target.connections;
    await pause(400);
    expect(target.connections.length).toBeLessThanOrEqual(length + 1);
    expect(stats().exchanges).toBe(0);
  });
});

test('what comes back after the first byte is never asked for again', async () => {
  for (const text of ['H', 'HTTP/1.1 200 OK\r\n', 'garbage\r\n\r\n']) {
    const target = await answeringTarget(text, { end: 'fin' });
    const proxy = createProxyServer({ target: target.url, retry: { attempts: 5 } });
    const { port } = await httpServer((req, res) =>
      proxy.web(req, res, (error) => res.writeHead(error.status).end()),
    );
    expect(readResponse(await rawExchange(port, request('GET'))).status).toBe(502);
    expect(target.connections).toHaveLength(1);
  }
});

test('not more than three, or a fifth of all, are sent again at the same time', async () => {
  const REQUESTS = 40;
  const firsts = [];
  const repeated = [];
  const target = await rawTarget((connection) =>
    connection.onRequest((head) => (/x-attempt: 2/.test(head) ? repeated : firsts).push(connection.socket)),
  );
  const proxy = createProxyServer({ target: target.url, retry: {}, agent: false });
  proxy.on('proxyReq', (proxyReq, req) => {
    req.attempt = (req.attempt ?? 0) + 1;
    proxyReq.setHeader('x-attempt', req.attempt);
  });
  let failures = 0;
  const { port } = await httpServer((req, res) =>
    proxy.web(req, res, () => {
      failures += 1;
      res.writeHead(502).end();
    }),
  );
  const clients = [];
  for (let i = 0; i < REQUESTS; i++) clients.push(await rawClient(port, request('GET')));
  await eventually(() => firsts.length === REQUESTS);
  for (const socket of firsts) socket.destroy();
  await eventually(() => failures + repeated.length === REQUESTS);
  expect(repeated.length).toBeGreaterThanOrEqual(3);
  expect(repeated.length).toBeLessThanOrEqual(REQUESTS / 5);
  for (const socket of repeated) socket.write(GOOD);
  await Promise.all(clients.map((client) => client.closed()));
  expect(clients.filter(({ text }) => text.endsWith('good'))).toHaveLength(repeated.length);

  // They are over, and others may be.
  const next = await rawClient(port, request('GET'));
  await eventually(() => firsts.length === REQUESTS + 1);
  firsts.at(-1).destroy();
  const before = repeated.length;
  await eventually(() => repeated.length === before + 1);
  repeated.at(-1).write(GOOD);
  await next.received('good');
});

test('a body that a parser has read is sent again, too', async () => {
  const target = await reformed(leave);
  const app = express();
  app.use(express.json());
  app.use(createProxyMiddleware({ target: target.url, retry: { methods: ['POST'] } }));
  const lines = ['Content-Type: application/json', 'Content-Length: 8'];
  expect(await ask(app, 'POST /a', lines, '{"a": 1}')).toMatchObject({ status: 200, body: 'good' });
  expect(target.connections.map(({ text }) => readRequest(text).body)).toEqual(['{"a":1}', '{"a":1}']);
});

test('this machine`s own lack of ports or descriptors is no reason to try another target', async () => {
  const target = await namedTarget();
  const proxy = createProxyServer({ target: [target.url, target.url], localAddress: '192.0.2.1' });
  const codes = [];
  const { port } = await httpServer((req, res) =>
    proxy.web(req, res, (error) => {
      codes.push(error.code);
      res.writeHead(503).end();
    }),
  );
  await rawExchange(port, request('GET'));
  expect(codes).toEqual(['EADDRNOTAVAIL']);
});
