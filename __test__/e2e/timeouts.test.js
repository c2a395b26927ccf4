'use strict';

/** `timeouts`: each limit has a code of its own and the status 504; after the head, the client's connection is broken off. */

const { setTimeout: pause } = require('node:timers/promises');
const { createProxyServer } = require('../../index.js');
const {
  closeAll,
  eventually,
  httpServer,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { fullListener } = require('../support/child.js');
const { FACES } = require('../support/faces.js');
const { GOOD } = require('../support/faults.js');
const { lastRequest, readResponse } = require('../support/messages.js');
const { stats } = require('../support/engine.js');

afterEach(closeAll);

const GET = lastRequest('GET /a');
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n';

/** Keeps sending a byte, so that no idle time-out runs. */
function drip({ socket }) {
  const timer = setInterval(() => socket.writable && socket.write('x'), 30);
  socket.on('close', () => clearInterval(timer)).on('error', () => {});
}

/** Targets that exceed a limit before they have answered. */
const SLOW = {
  connect: async () => ({ url: `http://127.0.0.1:${(await fullListener('127.0.0.1')).port}` }),
  head: () => rawTarget(() => {}),
  total: () => rawTarget(() => {}),
};

describe.each(FACES)('%s', (_face, serve) => {
  /** The proxy, and the errors of its requests. */
  async function limited(target, options) {
    const errors = [];
    const on = {
      error(error, req, res) {
        errors.push(error);
        if (!res.headersSent) res.writeHead(error.status).end(error.message);
      },
    };
    return { ...(await serve({ target: target.url, on, ...options })), errors };
  }

  test.each([
    ['connect', 'The target could not be connected to', 'connect'],
    ['head', 'The target has not begun to answer', 'head'],
    ['total', 'The target has not answered completely', 'head'],
  ])('%s, before the head: 504', async (limit, what, phase) => {
    const target = await SLOW[limit]();
    const { port, errors } = await limited(target, { timeouts: { [limit]: 150 } });
    const began = Date.now();
    const message = `${what} within 150 ms (option timeouts.${limit})`;
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 504, body: message });
    expect(Date.now() - began).toBeGreaterThanOrEqual(140);
    const code = `ERR_PROXY_${limit.toUpperCase()}_TIMEOUT`;
    expect(errors).toMatchObject([{ code, status: 504, timeout: limit, phase, side: 'upstream', message }]);
    await eventually(() => stats().exchanges === 0);
  });

  test.each([
    ['idle', 150, () => {}],
    ['total', 300, drip],
  ])('%s, after the head: the connection is broken off', async (limit, after, then) => {
    const target = await rawTarget((connection) =>
      connection.onRequest(() => {
        connection.socket.write(`${HEAD}half`);
        then(connection);
      }),
    );
    const { port, errors } = await limited(target, { timeouts: { [limit]: after } });
    const client = await rawClient(port, GET);
    await client.closed();
    const answer = readResponse(client.text);
    expect([answer.status, answer.isComplete]).toEqual([200, false]);
    const code = `ERR_PROXY_${limit.toUpperCase()}_TIMEOUT`;
    expect(errors).toMatchObject([{ code, status: 504, timeout: limit, phase: 'body' }]);
    await target.connections[0].closed();
    await eventually(() => stats().exchanges === 0);
  });

  test('what is in time is served, and a limit that is left out is none', async () => {
    const target = await rawTarget((connection) =>
      connection.onRequest(() => setTimeout(() => connection.socket.write(GOOD), 150)),
    );
    const { port, errors } = await limited(target, { timeouts: { connect: 100, idle: 50, total: 2000 } });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'good' });
    expect(errors).toEqual([]);
  });

  test('they count more than connectTimeout and proxyTimeout, and 0 is none', async () => {
    const target = await rawTarget((connection) =>
      connection.onRequest(() => setTimeout(() => connection.socket.write(GOOD), 200)),
    );
    const timeouts = { head: 0, idle: undefined };
    const { port } = await limited(target, { proxyTimeout: 50, timeouts });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'good' });
  });

  test('a client that is slow to send its body does not make the head late, but uses up the total', async () => {
    const target = await rawTarget((connection) => connection.onRequest(() => connection.socket.write(GOOD)));
    const { port, errors } = await limited(target, { timeouts: { head: 100, total: 400 } });
    const slow = async (milliseconds) => {
      const client = await rawClient(port, lastRequest('POST /a', ['Content-Length: 4']));
      await pause(milliseconds);
      client.socket.write('body');
      await client.closed();
      return readResponse(client.text).status;
    };
    expect(await slow(200)).toBe(200);
    expect(await slow(700)).toBe(504);
    expect(errors).toMatchObject([{ timeout: 'total' }]);
  });
});

test('the middleware answers 504 by itself', async () => {
  const target = await rawTarget(() => {});
  const [, serve] = FACES[1];
  const { port } = await serve({ target: target.url, timeouts: { head: 100 } });
  expect(readResponse(await rawExchange(port, GET)).status).toBe(504);
});

test('a limit that is edited takes effect with the next request', async () => {
  const target = await rawTarget(() => {});
  const timeouts = { head: 60_000 };
  const proxy = createProxyServer({ target: target.url, timeouts });
  const { port } = await httpServer((req, res) =>
    proxy.web(req, res, (error) => res.writeHead(error.status).end(error.message)),
  );
  timeouts.head = 100;
  expect(readResponse(await rawExchange(port, GET)).body).toContain('within 100 ms');
});
