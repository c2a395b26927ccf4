'use strict';

/** The options that limit or hand over: time-outs, connections, and who answers. */

const http = require('node:http');
const { setTimeout: pause } = require('node:timers/promises');
const { createProxyServer } = require('../../index.js');
const {
  answeringTarget,
  closeAll,
  closedPort,
  eventually,
  httpServer,
  onCleanUp,
} = require('../support/peers.js');
const { rawClient, rawExchange, rawTarget } = require('../support/peers.js');
const { fullListener, runChild } = require('../support/child.js');
const { proxyServer } = require('../support/faces.js');
const { GOOD, request, statusOf } = require('../support/faults.js');
const { lastRequest, readResponse, requestText } = require('../support/messages.js');

afterEach(closeAll);

const GET = lastRequest('GET /a');
describe('limits per call', () => {
  /** A proxy that is told with each call what its options are. */
  async function perCall(options, call) {
    const proxy = createProxyServer(options);
    const failures = [];
    const { port } = await httpServer((req, res) => {
      void proxy.web(req, res, call, (error) => {
        failures.push(error);
        res.writeHead(error.status).end();
      });
    });
    return { port, failures };
  }

  test('proxyTimeout', async () => {
    const target = await rawTarget(() => {});
    const { port, failures } = await perCall(
      { target: target.url, proxyTimeout: 60_000 },
      { proxyTimeout: 200 },
    );
    expect(statusOf(await rawExchange(port, GET))).toBe(504);
    expect(failures).toMatchObject([{ code: 'ECONNRESET', message: 'socket hang up', timeout: 'head' }]);
  });

  test('proxyTimeout 0 is none', async () => {
    const target = await rawTarget((connection) =>
      connection.onRequest(() => setTimeout(() => connection.socket.write(GOOD), 400)),
    );
    const { port } = await perCall({ target: target.url, proxyTimeout: 100 }, { proxyTimeout: 0 });
    expect(statusOf(await rawExchange(port, GET))).toBe(200);
  });

  test('connectTimeout', async () => {
    const full = await fullListener('127.0.0.1');
    const target = `http://127.0.0.1:${full.port}`;
    const { port, failures } = await perCall({ connectTimeout: 60_000 }, { target, connectTimeout: 200 });
    const began = Date.now();
    expect(statusOf(await rawExchange(port, GET))).toBe(504);
    expect(Date.now() - began).toBeLessThan(10_000);
    expect(failures).toMatchObject([{ code: 'ECONNECT_TIMEOUT', timeout: 'connect' }]);
  });

  test('hookTimeout', async () => {
    const target = await answeringTarget(GOOD);
    const proxy = createProxyServer({ target: target.url });
    proxy.on('proxyReq', () => new Promise(() => {}));
    const { port } = await httpServer((req, res) => {
      void proxy.web(req, res, { hookTimeout: 100 }, (error) => res.writeHead(error.status).end(error.code));
    });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({
      status: 504,
      body: 'ERR_PROXY_HOOK_TIMEOUT',
    });
    expect(target.connections).toEqual([]);
  });
});

describe('timeout', () => {
  test('a client that waits longer is let go of, and its request is given up', async () => {
    const target = await rawTarget(() => {});
    const { port, events } = await proxyServer({ target: target.url, timeout: 200 });
    const began = Date.now();
    const client = await rawClient(port, GET);
    await client.closed();
    expect(Date.now() - began).toBeGreaterThanOrEqual(190);
    expect(client.text).toBe('');
    await eventually(() => events.length > 0);
    expect(events).toMatchObject([{ event: 'econnreset', error: { code: 'ECONNRESET' } }]);
    await target.connections[0].closed();
  });

  test('a client that sends its next request in time is served', async () => {
    const target = await answeringTarget(GOOD);
    const { port } = await proxyServer({ target: target.url, timeout: 300 });
    const client = await rawClient(port, requestText('GET /one'));
    await client.received('good');
    await pause(150);
    client.socket.write(requestText('GET /two'));
    await client.until(({ text }) => text.match(/good/g)?.length === 2);
  });
});

describe('agent', () => {
  const numbers = (target) => target.connections.map(({ text }) => text.match(/^GET /gm).length);

  test('false: each request has a connection of its own, which it ends', async () => {
    const target = await answeringTarget(GOOD);
    const { port } = await proxyServer({ target: target.url, agent: false });
    const agent = new http.Agent({ keepAlive: true });
    onCleanUp(() => agent.destroy());
    for (let i = 0; i < 3; i += 1) expect((await request(agent, port)).text).toBe('good');
    expect(numbers(target)).toEqual([1, 1, 1]);
    for (const connection of target.connections) {
      expect(connection.text).toMatch(/\r\nconnection: close\r\n/);
      await connection.closed();
    }
  });

  test('none: connections are used again, by clients that share none, but not for a call with agent false', async () => {
    const target = await answeringTarget(GOOD);
    const proxy = createProxyServer({ target: target.url });
    const calls = [undefined, undefined, { agent: false }, undefined];
    const { port } = await httpServer((req, res) => void proxy.web(req, res, calls.shift()));
    while (calls.length > 0) expect(statusOf(await rawExchange(port, GET))).toBe(200);
    expect(numbers(target)).toEqual([3, 1]);
  });
});

describe('selfHandleResponse', () => {
  test('the response is what the listener makes of it', async () => {
    const target = await answeringTarget('HTTP/1.1 201 Made\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello');
    const ends = [];
    const on = {
      proxyRes(proxyRes, req, res) {
        let body = '';
        proxyRes.setEncoding('utf8');
        proxyRes.on('data', (text) => (body += text));
        proxyRes.on('end', () => {
          const { statusCode, statusMessage, headers } = proxyRes;
          res.setHeader('x-seen', `${statusCode} ${statusMessage} ${headers['x-a']}`);
          res.end(body.toUpperCase());
        });
      },
      end: (req, res, proxyRes) => ends.push(proxyRes.statusCode),
    };
    const { port } = await proxyServer({ target: target.url, selfHandleResponse: true, on });
    const answer = readResponse(await rawExchange(port, GET));
    expect(answer).toMatchObject({ status: 200, body: 'HELLO', framing: 'length' });
    expect(answer.values('x-seen')).toEqual(['201 Made 1']);
    expect(answer.values('x-a')).toEqual([]);
    expect(ends).toEqual([201]);
  });

  test('a large body can be piped, and the promise waits for it', async () => {
    const body = 'x'.repeat(1 << 20);
    const target = await answeringTarget(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    const proxy = createProxyServer({ target: target.url, selfHandleResponse: true });
    proxy.on('proxyRes', (proxyRes, req, res) => proxyRes.pipe(res));
    const settled = [];
    const { port } = await httpServer(async (req, res) => {
      await proxy.web(req, res);
      settled.push(res.writableFinished);
    });
    const answer = readResponse(await rawExchange(port, GET));
    expect([answer.isComplete, answer.body === body]).toEqual([true, true]);
    await eventually(() => settled.length === 1);
    expect(settled).toEqual([true]);
  });
});

describe('an error that nobody listens to', () => {
  test('is answered with 502, and one warning is given', async () => {
    const { code, stdout, stderr } = await runChild('unhandled.js');
    expect([code, JSON.parse(stdout)]).toEqual([0, [502, 502, 502]]);
    expect(stderr.match(/RS_PROXY_UNHANDLED/g)).toHaveLength(1);
    expect(stderr).toContain('ECONNREFUSED');
  });

  test('is thrown with throwOnUnhandledError', async () => {
    const options = JSON.stringify({ throwOnUnhandledError: true });
    const { code, stdout, stderr } = await runChild('unhandled.js', { args: [options] });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('connect ECONNREFUSED 127.0.0.1:');
  });

  test('is the rejection of a promise that is awaited, and answered by whoever awaits it', async () => {
    const proxy = createProxyServer({ target: `http://127.0.0.1:${await closedPort()}` });
    const { port } = await httpServer(async (req, res) => {
      try {
        await proxy.web(req, res);
      } catch (error) {
        res.writeHead(503).end(error.code);
      }
    });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 503, body: 'ECONNREFUSED' });
  });
});
