'use strict';

/** Requests that were used before, are answered already, or whose client leaves (reliability rows C-15, C-20 to C-22). */

const { once } = require('node:events');
const { setTimeout: pause } = require('node:timers/promises');
const express = require('express');
const {
  answeringTarget,
  closeAll,
  eventually,
  rawClient,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { FACES, proxyServer } = require('../support/faces.js');
const { lastRequest, readRequest, readResponse, requestText } = require('../support/messages.js');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
/** Time for something to happen that must not happen. */
const A_MOMENT = 50;

afterEach(closeAll);

const moment = () => pause(A_MOMENT);

/** Listeners that record every failure, whoever hears of it; failures are answered with 502. */
function recorder() {
  const events = [];
  const on = {
    error: (error, _req, res) => {
      events.push(`error ${error.code}`);
      if (!res.headersSent) res.writeHead(502).end();
    },
    econnreset: (error) => events.push(`econnreset ${error.code}`),
  };
  return { events, on };
}

describe.each(FACES)('%s', (faceName, face) => {
  const consuming = (req, res, forward) => req.on('end', forward).resume();
  const parser = express().use(express.json(), (req) => req.forward());
  const parsing = (req, res, forward) => {
    req.forward = forward;
    parser(req, res);
  };
  const JSON_BODY = '{"a":"b"}';
  const LENGTH = ['Content-Type: application/json', `Content-Length: ${JSON_BODY.length}`];
  const CHUNKED = ['Content-Type: application/json', 'Transfer-Encoding: chunked'];

  test.each([
    ['the application has read', 'POST', consuming, LENGTH, JSON_BODY],
    ['the application has read', 'POST', consuming, CHUNKED, `9\r\n${JSON_BODY}\r\n0\r\n\r\n`],
    ['a body parser has read', 'POST', parsing, LENGTH, JSON_BODY],
    ['a body parser has read', 'PUT', parsing, CHUNKED, `9\r\n${JSON_BODY}\r\n0\r\n\r\n`],
    ['a body parser has read', 'GET', parsing, LENGTH, JSON_BODY],
  ])('C-15 nobody waits for a body that %s (%s)', async (_case, method, app, lines, body) => {
    const target = await answeringTarget(OK);
    const { port } = await face({ target: target.url }, { app });
    const client = await rawClient(port, lastRequest(`${method} /`, lines));
    // What has been parsed when the head arrives would be no test of waiting.
    setTimeout(() => client.socket.write(body), 10);
    await client.closed();
    // The middleware sends again what was parsed, and what was not is its error.
    const isMiddleware = faceName === 'createProxyMiddleware';
    if (isMiddleware && app === consuming) {
      expect(readResponse(client.text).status).toBe(500);
      expect(target.connections).toEqual([]);
      return;
    }
    expect(readResponse(client.text)).toMatchObject({ status: 200, body: 'ok' });
    const request = readRequest(target.connections[0].text);
    expect(request).toMatchObject({ body: isMiddleware ? JSON_BODY : '', isComplete: true, rest: '' });
    if (isMiddleware) return;
    const lengths = request.values('content-length');
    if (request.framing !== 'chunked') expect(lengths).toEqual(method === 'GET' ? [] : ['0']);
  });

  const leave = async (req, res, forward) => {
    req.socket.destroy();
    await once(req.socket, 'close');
    return forward();
  };
  const doing = (what) => (req, res, forward) => {
    what(req, res);
    return forward();
  };

  const POST = lastRequest('POST /', ['Content-Length: 5'], 'hello');
  const UNFINISHED = lastRequest('POST /', ['Content-Length: 5'], 'he');

  test.each([
    ['a request that was destroyed', doing((req) => req.destroy()), '', UNFINISHED],
    ['a request that was destroyed with its body', doing((req) => req.destroy()), ''],
    ['a request without a body that was destroyed', doing((req) => req.destroy()), '', lastRequest('GET /')],
    ['a response that was destroyed', doing((_req, res) => res.destroy()), ''],
    ['a client that is gone', leave, ''],
    ['a response that has ended', doing((_req, res) => res.end('done')), 'done'],
  ])('C-20 %s is not proxied, and nothing fails', async (_case, app, body, request = POST) => {
    const target = await answeringTarget(OK);
    const { events, on } = recorder();
    let settled = 0;
    const settling = async (req, res, forward) => {
      await app(req, res, forward);
      settled += 1;
    };
    const { port } = await face({ target: target.url, on }, { app: settling });
    const answer = await rawExchange(port, request);
    expect(answer === '' ? '' : readResponse(answer).body).toBe(body);
    await eventually(
      () => settled === 1,
      () => 'the promise never settled',
    );
    await moment();
    expect(target.connections).toHaveLength(0);
    expect(events).toEqual([]);
  });

  test('C-20 a response that has begun is not proxied into', async () => {
    const target = await answeringTarget(OK);
    const { events, on } = recorder();
    const app = doing((_req, res) => res.writeHead(200, { 'content-length': '10' }).write('half'));
    const { port } = await face({ target: target.url, on }, { app });
    const answer = readResponse(await rawExchange(port, lastRequest('GET /')));
    expect(answer).toMatchObject({ body: 'half', isComplete: false });
    expect(events).toEqual(['error ERR_HTTP_HEADERS_SENT']);
    expect(target.connections).toHaveLength(0);
  });

  const UPLOADS = [
    ['of known length', ['Content-Length: 10'], 'hel', false],
    ['in chunks', ['Transfer-Encoding: chunked'], '3\r\nhel\r\n', false],
    ['of which nothing has come', ['Content-Length: 10'], '', false],
    ['that is complete', ['Content-Length: 3'], 'hel', true],
  ];
  const LEAVING = [
    ['resets', (socket) => socket.resetAndDestroy()],
    ['closes', (socket) => socket.destroy()],
  ];
  const UPLOADS_LEFT = UPLOADS.flatMap(([name, ...upload]) =>
    LEAVING.map(([how, go]) => [name, how, ...upload, go]),
  );

  /** How long after the proxy's server saw its client leave the target saw it; the machine may be busy, so the best of three. */
  async function delayOfAbort(leaveOnce) {
    let best = Infinity;
    for (let i = 0; i < 3 && best > 100; i++) best = Math.min(best, await leaveOnce());
    return best;
  }

  test.each(UPLOADS_LEFT)(
    'C-21 a client with a request body %s that %s is left by the target within 100 ms',
    async (_case, _how, lines, body, isComplete, go) => {
      const { events, on } = recorder();
      const target = await rawTarget(() => {});
      const { port, server } = await face({ target: target.url, on });
      let round = 0;
      const delay = await delayOfAbort(async () => {
        const client = await rawClient(port, requestText('POST /', lines, body));
        const upstream = await target.connected(round++);
        await upstream.received(isComplete ? '\r\n\r\nhel' : '\r\n\r\n');
        const gone = onClose(server);
        go(client.socket);
        const began = await gone;
        await upstream.closed();
        const request = readRequest(upstream.text);
        expect(request).toMatchObject({ isComplete });
        return performance.now() - began;
      });
      expect(delay).toBeLessThanOrEqual(100);
      await moment();
      expect(events).toEqual(Array(round).fill('econnreset ECONNRESET'));
    },
  );

  test.each(LEAVING)(
    'C-21 a client that %s during its response is left by the target within 100 ms',
    async (_how, go) => {
      const { events, on } = recorder();
      const target = await rawTarget((connection) => {
        connection.onRequest(() =>
          connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun'),
        );
      });
      const { port, server } = await face({ target: target.url, on });
      let round = 0;
      const delay = await delayOfAbort(async () => {
        const client = await rawClient(port, requestText('GET /'));
        await client.received('begun');
        const gone = onClose(server);
        go(client.socket);
        const began = await gone;
        await target.connections[round++].closed();
        return performance.now() - began;
      });
      expect(delay).toBeLessThanOrEqual(100);
      await moment();
      expect(events).toEqual([]);
    },
  );

  test.each(LEAVING)(
    'C-21 a client that %s after its response leaves the connection usable',
    async (_how, go) => {
      const { events, on } = recorder();
      const target = await answeringTarget(OK);
      const { port, server } = await face({ target: target.url, on });
      const client = await rawClient(port, requestText('GET /1'));
      await client.received('\r\n\r\nok');
      const gone = onClose(server);
      go(client.socket);
      await gone;
      expect(readResponse(await rawExchange(port, lastRequest('GET /2')))).toMatchObject({ status: 200 });
      expect(target.connections).toHaveLength(1);
      expect(events).toEqual([]);
    },
  );

  /** When the server sees its one client leave. */
  function onClose(server) {
    return new Promise((resolve) => {
      server.once('connection', () => {});
      const poll = () => {
        server.getConnections((_error, count) =>
          count === 0 ? resolve(performance.now()) : setImmediate(poll),
        );
      };
      poll();
    });
  }
});

describe('C-22 two proxies for one request', () => {
  test.each([
    ['at once', (first, second) => [first(), second()]],
    [
      'one after the other',
      (first, second) => [first(), new Promise((resolve) => setTimeout(() => resolve(second()), 20))],
    ],
  ])('C-22 called %s: one answers, the other one fails', async (_case, call) => {
    const failures = [];
    const slow = await rawTarget((connection) => {
      connection.onRequest(() => setTimeout(() => connection.socket.write(OK), 60));
    });
    const other = await answeringTarget('HTTP/1.1 201 Other\r\nContent-Length: 5\r\n\r\nother');
    const app = (req, res, forward) =>
      call(forward, () => server.proxy.web(req, res, { target: other.url }, (error) => failures.push(error)));
    const server = await proxyServer({ target: slow.url }, { app });
    const answer = await rawExchange(server.port, lastRequest('POST /', ['Content-Length: 5'], 'hello'));
    expect(readResponse(answer)).toMatchObject({ status: 200, body: 'ok', isComplete: true, rest: '' });
    await moment();
    expect(failures.map((error) => error instanceof Error)).toEqual([true]);
    expect(readRequest(slow.connections[0].text)).toMatchObject({
      body: 'hello',
      isComplete: true,
      rest: '',
    });
    // And the connection, and the process, go on.
    const next = readResponse(await rawExchange(server.port, lastRequest('GET /')));
    expect(next).toMatchObject({ status: 200 });
  });

  test('C-22 a second proxy after a failure of the first may still answer', async () => {
    const broken = await answeringTarget('nonsense', { end: 'fin' });
    const good = await answeringTarget(OK);
    const server = await proxyServer(
      { target: broken.url },
      {
        app: (req, res) => server.proxy.web(req, res, () => server.proxy.web(req, res, { target: good.url })),
      },
    );
    expect(readResponse(await rawExchange(server.port, lastRequest('GET /')))).toMatchObject({
      status: 200,
      body: 'ok',
    });
  });
});
