'use strict';

/** Listeners, functions and options of JavaScript's at the native door: who needs them gets them, and nobody else waits for them. */

const http = require('node:http');
const { once } = require('node:events');
const { Readable } = require('node:stream');
const express = require('express');
const { WebSocket, WebSocketServer } = require('ws');
const { createProxyMiddleware, fixRequestBody, responseInterceptor } = require('../../index.js');
const { OK, doorTo, openDoor, openMiddlewareDoor } = require('../support/doors.js');
const {
  lastRequest,
  readRequest,
  readResponse,
  readResponses,
  requestText,
} = require('../support/messages.js');
const {
  answeringTarget,
  closeAll,
  closedPort,
  eventually,
  httpServer,
  onCleanUp,
  rawClient,
  rawExchange,
} = require('../support/peers.js');

afterEach(closeAll);

const GET = lastRequest('GET /');

/** What is answered to `GET /`, or another request. */
async function answered(port, text = GET) {
  return readResponse(await rawExchange(port, text));
}

/** An HTTP server that shows what it is asked. */
function mirror() {
  return httpServer(async (req, res) => {
    const body = Buffer.concat(await req.toArray()).toString();
    res.setHeader('x-target', 'yes');
    res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, body }));
  });
}

describe('listeners', () => {
  test('edit requests and responses', async () => {
    const { url } = await mirror();
    const { proxy, port } = await openDoor({ target: url });
    const sockets = [];
    proxy.on('proxyReq', (proxyReq, req, res, options) => {
      sockets.push(req.socket.remotePort);
      proxyReq.setHeader('x-hook', `${req.method} ${req.url} ${options.target.href}`);
      expect(res).toBeInstanceOf(http.ServerResponse);
    });
    proxy.on('proxyRes', (proxyRes) => (proxyRes.headers['x-target'] = 'edited'));
    const client = await rawClient(port, lastRequest('PUT /a?b', ['Content-Length: 4'], 'body'));
    const from = client.socket.localPort;
    await client.closed();
    const read = readResponse(client.text);
    expect(JSON.parse(read.body)).toMatchObject({ body: 'body', headers: { 'x-hook': `PUT /a?b ${url}/` } });
    expect(read.values('x-target')).toEqual(['edited']);
    expect(sockets).toEqual([from]);
    expect(proxy.stats().door).toMatchObject({ forwarded: 0, handedOver: 1 });
  });

  test.each(['econnreset', 'end', 'proxyReq', 'proxyRes', 'start'])(
    'for %s count as soon as they are there, and until they are removed',
    async (event) => {
      const { proxy, port } = await doorTo();
      const ways = async () => {
        const { forwarded, handedOver } = proxy.stats().door;
        expect(await answered(port)).toMatchObject({ status: 200, body: 'ok' });
        const after = proxy.stats().door;
        return [after.forwarded - forwarded, after.handedOver - handedOver];
      };
      expect(await ways()).toEqual([1, 0]);
      const listener = () => {};
      proxy.on(event, listener);
      expect(await ways()).toEqual([0, 1]);
      proxy.off(event, listener);
      expect(await ways()).toEqual([1, 0]);
      proxy.once('start', listener);
      expect(await ways()).toEqual([0, 1]);
      expect(await ways()).toEqual([1, 0]);
      proxy.on(event, listener);
      proxy.removeAllListeners();
      await new Promise(setImmediate);
      expect(await ways()).toEqual([1, 0]);
      proxy.on(event, listener);
      expect(await ways()).toEqual([0, 1]);
    },
  );

  test('a handler that answers itself is the last word', async () => {
    const { proxy, port, target } = await doorTo();
    proxy.on('proxyReq', (proxyReq, req, res) => res.writeHead(403).end('no'));
    expect(await answered(port)).toMatchObject({ status: 403, body: 'no' });
    await eventually(() => proxy.stats().exchanges === 0);
    expect(target.connections.map(({ text }) => text).join('')).toBe('');
  });

  test('start, end and their order', async () => {
    const { proxy, port } = await doorTo();
    const events = [];
    for (const event of ['start', 'proxyReq', 'proxyRes', 'end']) proxy.on(event, () => events.push(event));
    await answered(port);
    await eventually(() => events.length === 4);
    expect(events).toEqual(['start', 'proxyReq', 'proxyRes', 'end']);
  });

  test('econnreset, when the client leaves', async () => {
    const target = await answeringTarget('');
    const { proxy, port } = await openDoor({ target: target.url });
    const told = once(proxy, 'econnreset');
    const client = await rawClient(port, requestText('GET /'));
    await (await target.connected()).received('\r\n\r\n');
    client.socket.resetAndDestroy();
    const [error, req] = await told;
    expect([error.code, req.url]).toEqual(['ECONNRESET', '/']);
    await target.connections[0].closed();
  });

  test('asynchronous ones are awaited within hookTimeout', async () => {
    const { url } = await mirror();
    const { proxy, port } = await openDoor({ target: url, hookTimeout: 5000 });
    proxy.on('proxyReq', async (proxyReq) => {
      await new Promise(setImmediate);
      proxyReq.setHeader('x-late', 'yes');
    });
    expect(JSON.parse((await answered(port)).body).headers).toMatchObject({ 'x-late': 'yes' });
    proxy.removeAllListeners('proxyReq');
    const { port: slow, proxy: hanging } = await openDoor({ target: url, hookTimeout: 50 });
    hanging.on('proxyReq', () => new Promise(() => {}));
    expect(await answered(slow)).toMatchObject({ status: 504 });
  });

  test('what one throws is the failure of its request alone', async () => {
    const { proxy, port } = await doorTo();
    proxy.on('proxyReq', (proxyReq, req) => {
      if (req.url === '/bad') throw new Error('on purpose');
    });
    const failed = once(proxy, 'error');
    proxy.on('error', (error, req, res) => res.writeHead(500).end(error.message));
    const text = await rawExchange(port, requestText('GET /bad') + GET);
    expect(readResponses(text).map(({ status, body }) => [status, body])).toEqual([
      [500, 'on purpose'],
      [200, 'ok'],
    ]);
    await failed;
  });
});

describe('error listeners', () => {
  test('requests go their own way; those that fail come with what they failed of', async () => {
    const refused = await closedPort();
    const { proxy, port } = await openDoor({ target: `http://127.0.0.1:${refused}` });
    const seen = [];
    proxy.on('error', (error, req, res, target) => {
      const { method, url, headers, socket } = req;
      seen.push({ method, url, host: headers.host, ip: socket.remoteAddress, target: target.href });
      res.writeHead(503, { 'x-code': error.code }).end(error.message);
    });
    const text = await rawExchange(port, requestText('POST /a?b', ['Content-Length: 4'], 'body') + GET);
    const [first, second] = readResponses(text);
    expect(first).toMatchObject({ status: 503, body: `connect ECONNREFUSED 127.0.0.1:${refused}` });
    expect(first.values('x-code')).toEqual(['ECONNREFUSED']);
    expect(second.status).toBe(503);
    const one = { host: 'me', ip: '127.0.0.1', target: `http://127.0.0.1:${refused}/` };
    expect(seen).toEqual([
      { method: 'POST', url: '/a?b', ...one },
      { method: 'GET', url: '/', ...one },
    ]);
    expect(proxy.stats().door).toMatchObject({ forwarded: 2, failed: 2, handedOver: 0, accepted: 1 });
  });

  test('the request has its head alone, and has ended', async () => {
    const { proxy, port } = await openDoor({ target: `http://127.0.0.1:${await closedPort()}` });
    proxy.on('error', async (error, req, res) => {
      const body = Buffer.concat(await req.toArray()).toString();
      res.end(JSON.stringify({ body, complete: req.complete }));
    });
    const text = lastRequest('POST /', ['Transfer-Encoding: chunked'], '4\r\nbody\r\n0\r\n\r\n');
    expect(JSON.parse((await answered(port, text)).body)).toEqual({ body: '', complete: true });
  });

  test('every kind of failure before the head: code and status as anywhere', async () => {
    const ends = {
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n': 'HPE_INVALID_CONTENT_LENGTH',
      'garbage\r\n\r\n': 'HPE_INVALID_CONSTANT',
    };
    for (const [answer, code] of Object.entries(ends)) {
      const { proxy, port } = await doorTo(answer);
      proxy.on('error', (error, req, res) => res.writeHead(error.status).end(error.code));
      expect(await answered(port)).toMatchObject({ status: 502, body: code });
    }
    const silent = await answeringTarget('');
    const { proxy, port } = await openDoor({ target: silent.url, timeouts: { head: 50 } });
    proxy.on('error', (error, req, res) => res.writeHead(error.status).end(error.timeout));
    expect(await answered(port)).toMatchObject({ status: 504, body: 'head' });
  });

  test('what a router has chosen and rules have rewritten is shown', async () => {
    const refused = `http://127.0.0.1:${await closedPort()}`;
    const seen = [];
    const { port } = await openMiddlewareDoor({
      target: 'http://127.0.0.1:1',
      router: { '/api': `${refused}/base` },
      pathRewrite: { '^/api': '/v1' },
      on: {
        error: (error, req, res, target) => {
          seen.push([req.url, target.href]);
          res.end();
        },
      },
    });
    await answered(port, lastRequest('GET /api/x?q'));
    expect(seen).toEqual([['/v1/x?q', `${refused}/base`]]);
  });

  test('one that does not answer in time: the usual answer', async () => {
    const { proxy, port } = await openDoor({
      target: `http://127.0.0.1:${await closedPort()}`,
      hookTimeout: 50,
    });
    const closes = [];
    proxy.on('error', (error, req, res) => res.on('close', () => closes.push(res.writableEnded)));
    expect(await answered(port)).toMatchObject({ status: 502, body: '502 Bad Gateway\n' });
    await eventually(() => closes.length === 1);
    expect(closes).toEqual([false]);
  });

  test('F-68 one that throws: the usual answer, and a warning', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    onCleanUp(() => warned.mockRestore());
    const { proxy, port } = await openDoor({ target: `http://127.0.0.1:${await closedPort()}` });
    proxy.on('error', () => {
      throw new Error('on purpose');
    });
    expect(await answered(port)).toMatchObject({ status: 502 });
    expect(warned).toHaveBeenCalledWith(expect.stringContaining('on purpose'), expect.anything());
  });

  test('one that destroys the socket: the client is cut off', async () => {
    const { proxy, port } = await openDoor({ target: `http://127.0.0.1:${await closedPort()}` });
    proxy.on('error', (error, req) => req.socket.destroy());
    expect(await rawExchange(port, requestText('GET /'))).toBe('');
  });
});

describe('what only JavaScript can do', () => {
  test('a target that is a function, and a list of them', async () => {
    const [a, b] = [await answeringTarget(OK), await mirror()];
    const { port } = await openDoor({ target: (req) => (req.url === '/a' ? a.url : b.url) });
    expect(await answered(port, lastRequest('GET /a'))).toMatchObject({ body: 'ok' });
    expect(JSON.parse((await answered(port)).body)).toMatchObject({ url: '/' });
    const { port: several } = await openDoor({
      target: [`http://127.0.0.1:${await closedPort()}`, a.url],
      retry: { attempts: 2 },
    });
    for (let i = 0; i < 2; i++) expect(await answered(several)).toMatchObject({ status: 200, body: 'ok' });
  });

  test('passes of the user, also when they come later', async () => {
    const { url } = await mirror();
    const { proxy, port } = await openDoor({ target: url });
    await answered(port);
    proxy.before('web', 'stream', function mark(req) {
      req.headers['x-pass'] = 'mine';
    });
    expect(JSON.parse((await answered(port)).body).headers).toMatchObject({ 'x-pass': 'mine' });
    expect(proxy.stats().door).toMatchObject({ forwarded: 1, handedOver: 1 });
  });

  test('selfHandleResponse and an interceptor', async () => {
    const { url } = await mirror();
    const { port } = await openMiddlewareDoor({
      target: url,
      selfHandleResponse: true,
      on: { proxyRes: responseInterceptor(async (buffer) => `[${JSON.parse(buffer).url}]`) },
    });
    expect(await answered(port)).toMatchObject({ status: 200, body: '[/]' });
  });

  test('responseTransform', async () => {
    const target = await answeringTarget(
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nsecret',
    );
    const { port } = await openMiddlewareDoor({
      target: target.url,
      responseTransform: [{ match: 'secret', replace: 'public' }],
    });
    expect(await answered(port)).toMatchObject({ body: 'public' });
  });

  test('fixRequestBody, behind a parser', async () => {
    const { url } = await mirror();
    const app = express();
    app.use(express.json());
    app.use(createProxyMiddleware({ target: url, on: { proxyReq: fixRequestBody } }));
    const { port } = await openMiddlewareDoor({ target: url, pathFilter: '/api' }, { fallback: app });
    const text = lastRequest('POST /', ['Content-Type: application/json', 'Content-Length: 9'], '{ "a": 1}');
    expect(JSON.parse((await answered(port, text)).body).body).toBe('{"a":1}');
  });

  test('buffer, forward and followRedirects', async () => {
    const { url } = await mirror();
    const mirrored = await answeringTarget(OK);
    const { port } = await openDoor({ target: url, forward: mirrored.url });
    await answered(port);
    await mirrored.connected();
    const { port: buffering } = await openDoor({
      target: url,
      buffer: Readable.from(['mine']),
      method: 'POST',
    });
    expect(JSON.parse((await answered(buffering)).body).body).toBe('mine');
    const redirecting = await answeringTarget(
      `HTTP/1.1 302 Found\r\nLocation: ${url}/there\r\nContent-Length: 0\r\n\r\n`,
    );
    const { port: following } = await openDoor({ target: redirecting.url, followRedirects: true });
    expect(JSON.parse((await answered(following)).body).url).toBe('/there');
  });

  test('functions of a middleware, and what they let pass goes to the fallback', async () => {
    const { url } = await mirror();
    const { port } = await openMiddlewareDoor(
      {
        target: 'http://127.0.0.1:1',
        router: async () => url,
        pathFilter: (path, req) => req.headers['x-mine'] === 'yes' && path.startsWith('/api'),
        pathRewrite: (path) => path.replace('/api', '/rewritten'),
      },
      { fallback: (req, res) => res.end(`app ${req.url}`) },
    );
    const read = await answered(port, lastRequest('GET /api/x', ['X-Mine: yes']));
    expect(JSON.parse(read.body).url).toBe('/rewritten/x');
    expect(await answered(port, lastRequest('GET /api/x'))).toMatchObject({ body: 'app /api/x' });
  });

  test('the routes of listen, for those that need a listener', async () => {
    const [a, b] = [await mirror(), await mirror()];
    const routes = [
      { path: '/a', target: `${a.url}/base`, rewrite: { '^/a': '/rewritten' } },
      { path: '/b', target: b.url },
    ];
    const settings = { routes, fallback: (req, res) => res.end('{"url":"app"}') };
    const { proxy, port } = await openDoor({}, settings);
    const ways = async () => {
      const text = requestText('GET /a/x') + requestText('GET /b/x') + lastRequest('GET /c');
      return readResponses(await rawExchange(port, text)).map(({ body }) => JSON.parse(body).url);
    };
    const native = await ways();
    expect(native).toEqual(['/base/rewritten/x', '/b/x', 'app']);
    const seen = [];
    proxy.on('proxyReq', (proxyReq, req, res, { target }) => seen.push([req.url, target.href]));
    expect(await ways()).toEqual(native);
    expect(seen).toEqual([
      ['/rewritten/x', `${a.url}/base`],
      ['/b/x', `${b.url}/`],
    ]);
    expect(proxy.stats().door).toMatchObject({ forwarded: 2, handedOver: 4 });
  });

  test('passThrough', async () => {
    const target = await answeringTarget('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    const options = { target: target.url, passThrough: [404] };
    const { port } = await openMiddlewareDoor(options, { fallback: (req, res) => res.end('app') });
    expect(await answered(port)).toMatchObject({ status: 200, body: 'app' });
  });

  test('the error answers of a middleware are its own', async () => {
    const { port, door } = await openMiddlewareDoor({ target: `http://127.0.0.1:${await closedPort()}` });
    const body = 'Error occurred while trying to proxy: me/';
    expect(await answered(port)).toMatchObject({ status: 504, body });
    expect(door.stats()).toMatchObject({ forwarded: 1, handedOver: 0 });
  });
});

describe('what the target is told of the client', () => {
  test.each([
    [false, undefined],
    [true, '10.0.0.1'],
  ])('is what it is told without listeners (trustProxy: %p)', async (trustProxy, claimed) => {
    const { url } = await mirror();
    const { proxy, port } = await openDoor({ target: url, xfwd: true }, { trustProxy });
    const text = lastRequest('GET /', ['X-FORWARDED-FOR: 10.0.0.1', 'Content_Length: 5', 'Via: 1.1 other']);
    const told = async () => JSON.parse((await answered(port, text)).body).headers;
    const native = await told();
    proxy.on('proxyReq', () => {});
    const handed = await told();
    expect(handed).toEqual(native);
    expect(handed['x-forwarded-for']).toBe(claimed ? `${claimed},127.0.0.1` : '127.0.0.1');
    expect(handed).not.toHaveProperty('content_length');
  });

  test('a request that goes in circles ends', async () => {
    const { proxy, port, target } = await doorTo();
    proxy.on('proxyReq', () => {});
    await answered(port);
    const [via] = readRequest(target.connections[0].text).values('via');
    const again = lastRequest('GET /', [`Via: ${Array(5).fill(via).join(', ')}`]);
    expect(await answered(port, again)).toMatchObject({ status: 508 });
  });
});

describe('WebSockets', () => {
  async function echoTarget() {
    const server = await httpServer((req, res) => res.end('plain'));
    const sockets = new WebSocketServer({ server: server.server });
    sockets.on('connection', (socket) =>
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
    );
    onCleanUp(() => sockets.clients.forEach((socket) => socket.terminate()));
    return server;
  }

  async function opened(port, path = '/') {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    onCleanUp(() => socket.terminate());
    await once(socket, 'open');
    return socket;
  }

  test('with ws: true, through proxy.ws and its listeners', async () => {
    const { url } = await echoTarget();
    const { proxy, port } = await openDoor({ target: url, ws: true });
    const events = [];
    for (const event of ['proxyReqWs', 'open', 'close']) proxy.on(event, () => events.push(event));
    const socket = await opened(port);
    socket.send('hello');
    const [data] = await once(socket, 'message');
    expect(data.toString()).toBe('hello');
    socket.close();
    await eventually(() => events.length === 3);
    expect(events).toEqual(['proxyReqWs', 'open', 'close']);
  });

  test('of a middleware, by its filter; others are the fallback’s', async () => {
    const { url } = await echoTarget();
    const { server: app } = await echoTarget();
    const { port } = await openMiddlewareDoor(
      { target: url, ws: true, pathFilter: '/ws' },
      { fallback: app },
    );
    for (const path of ['/ws', '/app']) {
      const socket = await opened(port, path);
      socket.send(path);
      const [data] = await once(socket, 'message');
      expect(data.toString()).toBe(path);
    }
  });

  test('without ws: true an upgrade is a request', async () => {
    const { url } = await echoTarget();
    const { port } = await openDoor({ target: url });
    const text = requestText('GET /', ['Connection: Upgrade, close', 'Upgrade: websocket']);
    expect(await answered(port, text)).toMatchObject({ status: 200, body: 'plain' });
  });
});
