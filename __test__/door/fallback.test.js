'use strict';

/** The door's `fallback`: what is not the proxy's reaches a Node application as if that had been asked itself. */

const crypto = require('node:crypto');
const http = require('node:http');
const https = require('node:https');
const { once } = require('node:events');
const express = require('express');
const { certificate } = require('../support/certificates.js');
const { doorInFront } = require('../support/doors.js');
const { lastRequest, readResponse, readResponses, requestText } = require('../support/messages.js');
const { closeAll, eventually, httpServer, rawClient, rawExchange } = require('../support/peers.js');

afterEach(closeAll);

/** The answer to one request, read from an HTTP client of Node's. */
async function ask(port, path, { body, ...options } = {}) {
  const req = http.request({ host: '127.0.0.1', port, path, agent: false, ...options });
  req.end(body);
  const [res] = await once(req, 'response');
  return { res, body: Buffer.concat(await res.toArray()) };
}

describe('what the application sees', () => {
  test('is the request as the client sent it', async () => {
    const seen = [];
    const { port, target } = await doorInFront((req, res) => {
      const { method, url, httpVersion, rawHeaders } = req;
      seen.push({ method, url, httpVersion, rawHeaders });
      res.end();
    });
    const lines = [
      'Host: Me',
      'X-Forwarded-For: 10.0.0.1',
      'cookie: a=1',
      'X-Two: 1',
      'x-TWO: 2',
      'Connection: close',
    ];
    const text = await rawExchange(port, ['PUT /a/../%62?x=|y HTTP/1.1', ...lines, '', ''].join('\r\n'));
    expect(readResponse(text)).toMatchObject({ status: 200, isComplete: true, rest: '' });
    const rawHeaders = lines.flatMap((line) => line.split(': '));
    expect(seen).toEqual([{ method: 'PUT', url: '/a/../%62?x=|y', httpVersion: '1.1', rawHeaders }]);
    expect(target.connections).toHaveLength(0);
  });

  test('HTTP/1.0 is HTTP/1.0', async () => {
    const { port } = await doorInFront((req, res) => {
      res.write(`${req.httpVersion} `);
      res.end('streamed');
    });
    const read = readResponse(await rawExchange(port, 'GET / HTTP/1.0\r\n\r\n'));
    expect(read).toMatchObject({ framing: 'close', body: '1.0 streamed' });
  });

  test('has the addresses of client and door', async () => {
    const sockets = [];
    const { port } = await doorInFront((req, res) => {
      const { remoteAddress, remotePort, remoteFamily, localAddress, localPort, localFamily, encrypted } =
        req.socket;
      sockets.push({
        remoteAddress,
        remotePort,
        remoteFamily,
        localAddress,
        localPort,
        localFamily,
        encrypted,
      });
      expect(req.socket.address()).toEqual({ address: '127.0.0.1', family: 'IPv4', port });
      res.end();
    });
    const client = await rawClient(port, lastRequest('GET /'));
    const { localPort: remotePort } = client.socket;
    await client.closed();
    const own = { localAddress: '127.0.0.1', localPort: port, localFamily: 'IPv4', encrypted: undefined };
    expect(sockets).toEqual([{ remoteAddress: '127.0.0.1', remotePort, remoteFamily: 'IPv4', ...own }]);
  });

  test('is one socket for all requests of one client connection, and another for another', async () => {
    const sockets = [];
    const { port, door } = await doorInFront((req, res) => {
      sockets.push(req.socket);
      res.end('ok');
    });
    for (let i = 0; i < 2; i++)
      await rawExchange(port, requestText('GET /') + requestText('GET /') + lastRequest('GET /'));
    expect(new Set(sockets.slice(0, 3)).size).toBe(1);
    expect(new Set(sockets).size).toBe(2);
    expect(door.stats()).toMatchObject({ accepted: 2, handedOver: 6 });
  });
});

describe('over TLS', () => {
  test('the application is asked by https, and hooks see it; an upgrade is a tunnel', async () => {
    const { key, cert } = certificate(undefined, { names: 'DNS:localhost' });
    const app = express();
    app.get('/', (req, res) => res.json({ protocol: req.protocol, secure: req.secure, ip: req.ip }));
    const server = http.createServer(app);
    server.on('upgrade', (req, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.pipe(socket);
    });
    const on = { proxyRes: (proxyRes, req) => (proxyRes.headers['x-secure'] = `${req.socket.encrypted}`) };
    const { port } = await doorInFront(server, {}, { ssl: { key, cert }, on });
    const client = { host: '127.0.0.1', port, agent: false, ca: cert, servername: 'localhost' };
    const [own] = await once(https.get({ ...client, path: '/' }), 'response');
    const seen = JSON.parse(Buffer.concat(await own.toArray()));
    expect(seen).toEqual({ protocol: 'https', secure: true, ip: '127.0.0.1' });
    const [proxied] = await once(https.get({ ...client, path: '/api' }), 'response');
    expect(proxied.headers['x-secure']).toBe('true');
    expect(Buffer.concat(await proxied.toArray()).toString()).toBe('target');
    const req = https.get({ ...client, headers: { connection: 'Upgrade', upgrade: 'echo' } });
    const [, socket] = await once(req, 'upgrade');
    socket.end('hello');
    expect(Buffer.concat(await socket.toArray()).toString()).toBe('hello');
  });
});

describe('what the client gets', () => {
  test('is the answer as the application wrote it', async () => {
    const { port } = await doorInFront((req, res) => {
      res.writeHead(
        299,
        'Fine',
        [
          ['X-Case', 'a'],
          ['x-two', '1'],
          ['X-TWO', '2'],
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
          ['Trailer', 'X-Sum'],
        ].flat(),
      );
      res.write('one');
      res.addTrailers({ 'X-Sum': '1' });
      res.end('two');
    });
    const text = await rawExchange(port, lastRequest('GET /'));
    expect(text).toContain(
      '\r\nX-Case: a\r\nx-two: 1\r\nX-TWO: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nTrailer: X-Sum\r\n',
    );
    expect(readResponse(text)).toMatchObject({
      status: 299,
      reason: 'Fine',
      body: 'onetwo',
      trailers: [['x-sum', '1']],
      rest: '',
    });
  });

  test.each([
    ['HEAD', (res) => res.setHeader('content-length', 5).end(), { 'content-length': ['5'] }],
    ['GET', (res) => res.writeHead(204).end(), { 'content-length': [], 'transfer-encoding': [] }],
    ['GET', (res) => res.writeHead(304).end(), { 'content-length': [], 'transfer-encoding': [] }],
  ])('no body where there is none: %s', async (method, answer, wanted) => {
    const { port } = await doorInFront((req, res) => answer(res));
    const client = await rawClient(port, requestText(`${method} /`) + lastRequest(`${method} /`));
    await client.closed();
    const first = readResponse(client.text, method);
    for (const [name, values] of Object.entries(wanted)) expect(first.values(name)).toEqual(values);
    expect(readResponse(first.rest, method)).toMatchObject({ status: first.status, rest: '' });
  });

  test('interim responses are relayed', async () => {
    const { port } = await doorInFront((req, res) => {
      res.writeProcessing();
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.end('ok');
    });
    const statuses = readResponses(await rawExchange(port, lastRequest('GET /'))).map(({ status }) => status);
    expect(statuses).toEqual([102, 103, 200]);
  });

  test('the end of the connection, if the application wants that', async () => {
    const { port } = await doorInFront((req, res) => res.setHeader('Connection', 'close').end('bye'));
    const client = await rawClient(port, requestText('GET /'));
    await client.closed();
    expect(readResponse(client.text).values('connection')).toEqual(['close']);
  });

  test('nothing, if the application destroys the socket', async () => {
    const { port, door } = await doorInFront((req) => req.socket.destroy());
    expect(await rawExchange(port, requestText('GET /'))).toBe('');
    expect(door.stats()).toMatchObject({ cut: 1, failed: 0 });
  });

  test('a part of the answer, if the application destroys the socket in the middle of it', async () => {
    const { port } = await doorInFront((req, res) => {
      res.write('part');
      setImmediate(() => req.socket.destroy());
    });
    const text = await rawExchange(port, requestText('GET /'));
    expect(readResponse(text)).toMatchObject({ body: 'part', isComplete: false });
  });
});

describe('requests with bodies', () => {
  const EXPECTS = { method: 'POST', headers: { expect: '100-continue', 'content-length': 5 } };

  test('large ones go both ways at once, whole, at the pace of whoever reads', async () => {
    const { port } = await doorInFront((req, res) => req.pipe(res));
    const body = crypto.randomBytes(8 * 1024 * 1024);
    const answer = await ask(port, '/', { method: 'POST', body });
    expect(answer.body.equals(body)).toBe(true);
  });

  test('a client that reads slowly slows the application', async () => {
    let written = 0;
    const total = 32 * 1024 * 1024;
    const { port } = await doorInFront((req, res) => {
      const piece = Buffer.alloc(64 * 1024);
      const write = () => {
        while (written < total) {
          written += piece.length;
          if (!res.write(piece)) return void res.once('drain', write);
        }
        res.end();
      };
      write();
    });
    const client = await rawClient(port, lastRequest('GET /'));
    client.socket.pause();
    let before = -1;
    // It stands still long before the end, as soon as all buffers in between are full.
    await eventually(async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      const stands = written === before;
      before = written;
      return stands;
    });
    expect(written).toBeLessThan(total);
    let received = 0;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk) => (received += chunk.length)).resume();
    await once(client.socket, 'end');
    expect(written).toBe(total);
    expect(received).toBeGreaterThan(total);
  });

  test('a body of unknown length arrives with its trailers', async () => {
    const { port } = await doorInFront(async (req, res) => {
      const body = Buffer.concat(await req.toArray()).toString();
      res.end(JSON.stringify({ body, trailers: req.trailers }));
    });
    const text = requestText(
      'POST /',
      ['Transfer-Encoding: chunked', 'Connection: close'],
      '3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n',
    );
    expect(JSON.parse(readResponse(await rawExchange(port, text)).body)).toEqual({
      body: 'abc',
      trailers: { 'x-sum': '1' },
    });
  });

  test('the application says whether the client is to go on', async () => {
    const server = http.createServer((req, res) => req.pipe(res));
    server.on('checkContinue', (req, res) => {
      if (req.url === '/no') return res.writeHead(417).end();
      res.writeContinue();
      return req.pipe(res);
    });
    const { port } = await doorInFront(server);
    const req = http.request({ host: '127.0.0.1', port, agent: false, ...EXPECTS });
    req.flushHeaders();
    await once(req, 'continue');
    req.end('hello');
    const [res] = await once(req, 'response');
    expect(Buffer.concat(await res.toArray()).toString()).toBe('hello');
    const refused = http.request({ host: '127.0.0.1', port, path: '/no', agent: false, ...EXPECTS });
    refused.flushHeaders();
    const [no] = await once(refused, 'response');
    expect(no.statusCode).toBe(417);
    refused.destroy();
  });

  test('an answer before the end of the request ends the connection', async () => {
    const { port } = await doorInFront((req, res) => res.writeHead(413).end('too much'));
    const client = await rawClient(port, requestText('POST /', ['Content-Length: 10000000'], 'hello'));
    await client.closed();
    const read = readResponse(client.text);
    expect(read).toMatchObject({ status: 413, body: 'too much', isComplete: true });
    expect(read.values('connection')).toEqual(['close']);
  });
});

describe('clients that leave', () => {
  test.each(['end', 'resetAndDestroy'])('while the application works (%s): it hears of it', async (leave) => {
    const events = [];
    const { port, door } = await doorInFront((req, res) => {
      req.on('aborted', () => events.push('aborted'));
      res.on('close', () => events.push(`close ${res.writableFinished}`));
    });
    const client = await rawClient(port, requestText('POST /', ['Content-Length: 10'], 'hello'));
    await eventually(() => door.stats().handedOver === 1);
    client.socket[leave]();
    await eventually(() => events.length === 2);
    expect(events).toEqual(['aborted', 'close false']);
    await eventually(() => door.stats().abandoned === 1);
  });
});

describe('two ways on one connection', () => {
  test('each request goes its own, and the answers come in order', async () => {
    const { port } = await doorInFront((req, res) => setTimeout(() => res.end(`app ${req.url}`), 20));
    const paths = ['/a', '/api/1', '/b', '/api/2', '/api/3', '/c'];
    const text = paths.map((path) => requestText(`GET ${path}`)).join('') + lastRequest('GET /d');
    const bodies = readResponses(await rawExchange(port, text)).map(({ body }) => body);
    expect(bodies).toEqual(['app /a', 'target', 'app /b', 'target', 'target', 'app /c', 'app /d']);
  });

  test('bodies do not run into the next request', async () => {
    const { port } = await doorInFront((req, res) => req.pipe(res));
    const one = requestText('POST /', ['Content-Length: 5'], 'first');
    const two = requestText('POST /api', ['Content-Length: 4'], 'GET ');
    const three = requestText(
      'POST /',
      ['Transfer-Encoding: chunked', 'Connection: close'],
      '5\r\nthird\r\n0\r\n\r\n',
    );
    const bodies = readResponses(await rawExchange(port, one + two + three)).map(({ body }) => body);
    expect(bodies).toEqual(['first', 'target', 'third']);
  });
});

describe('kinds of fallback', () => {
  test('none: 404', async () => {
    const { port } = await doorInFront(undefined);
    expect(readResponse(await rawExchange(port, lastRequest('GET /')))).toMatchObject({
      status: 404,
      rest: '',
    });
    expect(readResponse(await rawExchange(port, lastRequest('GET /api')))).toMatchObject({ body: 'target' });
  });

  test('an Express application', async () => {
    const app = express();
    app.use(express.json());
    app.post('/echo', (req, res) => res.json({ ...req.body, ip: req.ip, protocol: req.protocol }));
    app.get('/fails', () => {
      throw Object.assign(new Error('on purpose'), { status: 418 });
    });
    app.set('env', 'test');
    const { port } = await doorInFront(app);
    const headers = { 'content-type': 'application/json' };
    const echo = await ask(port, '/echo', { method: 'POST', headers, body: '{"a":1}' });
    expect(JSON.parse(echo.body)).toEqual({ a: 1, ip: '127.0.0.1', protocol: 'http' });
    expect((await ask(port, '/fails')).res.statusCode).toBe(418);
    expect((await ask(port, '/nowhere')).res.statusCode).toBe(404);
    expect((await ask(port, '/api')).body.toString()).toBe('target');
  });

  test('a server, with its own listeners and limits', async () => {
    const connections = [];
    const server = http.createServer({ keepAliveTimeout: 7000 }, (req, res) => res.end('server'));
    server.on('connection', ({ remotePort }) => connections.push(remotePort));
    server.maxRequestsPerSocket = 2;
    const { port } = await doorInFront(server);
    const client = await rawClient(port, requestText('GET /').repeat(2));
    await client.closed();
    const [first, second] = readResponses(client.text);
    expect([first.body, second.body]).toEqual(['server', 'server']);
    expect(first.values('connection')).toEqual(['keep-alive']);
    expect(second.values('connection')).toEqual(['close']);
    expect(connections).toEqual([client.socket.localPort]);
  });

  test('a server that another port leads to, too', async () => {
    const { server, port: own } = await httpServer((req, res) => res.end(`${req.socket.localPort}`));
    const { port } = await doorInFront(server);
    expect((await ask(own, '/')).body.toString()).toBe(`${own}`);
    expect((await ask(port, '/')).body.toString()).toBe(`${port}`);
  });

  test.each([['app'], [{}], [null], [require('node:net').createServer()]])('%p is none', async (fallback) => {
    await expect(doorInFront(fallback)).rejects.toMatchObject({
      code: 'ERR_PROXY_INVALID_OPTION',
      option: 'fallback',
    });
  });
});
