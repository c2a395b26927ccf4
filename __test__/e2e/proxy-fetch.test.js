'use strict';

/** `proxyFetch` beside that of httpxy: what the target receives, and what the caller gets. */

const http = require('node:http');
const https = require('node:https');
const path = require('node:path');
const os = require('node:os');
const { Readable } = require('node:stream');
const { proxyFetch } = require('rs-proxy-middleware');
const {
  answeringTarget,
  closeAll,
  eventually,
  httpServer,
  listening,
  onCleanUp,
  rawTarget,
} = require('../support/peers.js');
const { CERTIFICATE, KEY } = require('../support/tls.js');

let original;

beforeAll(async () => {
  original = (await import('httpxy')).proxyFetch;
});
afterEach(closeAll);

/** Records requests, and answers with what it has received. */
async function recorder(answer = (req, res) => res.end('answer')) {
  const requests = [];
  const target = await httpServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const { method, url, headers, rawHeaders } = req;
    requests.push({ method, url, headers, rawHeaders, body: Buffer.concat(chunks).toString('latin1') });
    answer(req, res);
  });
  return { ...target, requests };
}

/** What both of them do with the same arguments; `host` and `connection` alone may differ by the port. */
async function both(make, answer) {
  const outcomes = [];
  for (const fetchFrom of [proxyFetch, original]) {
    const target = await recorder(answer);
    const response = await fetchFrom(...make(target));
    const requests = target.requests.map(({ method, url, headers, body }) => ({
      method,
      url,
      body,
      headers: JSON.parse(JSON.stringify(headers).replaceAll(`:${target.port}`, ':PORT')),
    }));
    outcomes.push({
      requests,
      status: response.status,
      statusText: response.statusText,
      headers: [...response.headers]
        .filter(([name]) => name !== 'date')
        .map(([name, value]) => [name, value.replaceAll(`:${target.port}`, ':PORT')]),
      body: await response.text(),
    });
  }
  const [ours, theirs] = outcomes;
  return { ours, theirs };
}

const stream = (...chunks) => Readable.toWeb(Readable.from(chunks.map((chunk) => Buffer.from(chunk))));
const INPUT = 'http://user.example:81/a/b?c=d';

describe('as httpxy', () => {
  test.each([
    ['a string', ({ url }) => [url, INPUT]],
    ['a URL', ({ url }) => [url, new URL(INPUT)]],
    [
      'a Request',
      ({ url }) => [url, new Request(INPUT, { method: 'PUT', body: 'x', headers: { 'x-a': 'b' } })],
    ],
    [
      'a Request as init',
      ({ url }) => [url, INPUT, new Request('http://x', { method: 'PUT', headers: { 'x-a': 'b' } })],
    ],
    ['an init that wins over a Request', ({ url }) => [url, new Request(INPUT), { method: 'DELETE' }]],
    ['a base path', ({ url }) => [`${url}/base`, INPUT]],
    ['a base path that ends in a slash', ({ url }) => [`${url}/base/`, INPUT]],
    ['a base path and no other', ({ url }) => [`${url}/base`, 'http://x/']],
    ['an address in an object', ({ port }) => [{ host: '127.0.0.1', port }, INPUT]],
    ['ws:', ({ port }) => [`ws://127.0.0.1:${port}`, INPUT]],
    ['a host header', ({ url }) => [url, INPUT, { headers: { host: 'chosen.example' } }]],
    [
      'changeOrigin',
      ({ url }) => [url, INPUT, { headers: { host: 'chosen.example' } }, { changeOrigin: true }],
    ],
    ['xfwd', ({ url }) => [url, INPUT, {}, { xfwd: true }]],
    [
      'xfwd behind another proxy',
      ({ url }) => [url, 'https://x/', { headers: { 'x-forwarded-for': '1.1.1.1' } }, { xfwd: true }],
    ],
    [
      'repeated headers',
      ({ url }) => [
        url,
        INPUT,
        {
          headers: [
            ['x-a', 'b'],
            ['x-a', 'c'],
          ],
        },
      ],
    ],
    ['Headers', ({ url }) => [url, INPUT, { headers: new Headers({ 'x-a': 'b' }) }]],
    ['a body of text', ({ url }) => [url, INPUT, { method: 'POST', body: 'täxt' }]],
    ['a body of bytes', ({ url }) => [url, INPUT, { method: 'POST', body: new Uint8Array([1, 2, 3]) }]],
    [
      'a body in an ArrayBuffer',
      ({ url }) => [url, INPUT, { method: 'POST', body: new Uint8Array([1, 2]).buffer }],
    ],
    [
      'a body of a known length',
      ({ url }) => [
        url,
        INPUT,
        { method: 'POST', body: stream('ab', 'c'), headers: { 'content-length': '3' } },
      ],
    ],
    ['no agent', ({ url }) => [url, INPUT, {}, { agent: false }]],
    [
      'an agent',
      ({ url }) => [url, INPUT, {}, { agent: new http.Agent({ keepAlive: true, maxSockets: 1 }) }],
    ],
  ])('takes %s', async (_what, make) => {
    const { ours, theirs } = await both(make);
    expect(ours).toEqual(theirs);
    expect(ours.body).toBe('answer');
  });

  test.each([
    [
      'status, reason and repeated headers',
      (req, res) => res.writeHead(404, 'Gone fishing', { 'set-cookie': ['a', 'b'] }).end('x'),
    ],
    ['no body at 204', (req, res) => res.writeHead(204).end()],
    ['no body at 304', (req, res) => res.writeHead(304, { etag: 'x' }).end()],
    ['a redirect, not followed', (req, res) => res.writeHead(302, { location: '/b' }).end()],
    [
      'fields, but those about the connection',
      (req, res) => res.writeHead(200, { 'x-a': 'b', 'keep-alive': 'timeout=5' }).end('chunked'),
    ],
  ])('gives %s', async (_what, answer) => {
    const { ours, theirs } = await both(({ url }) => [url, INPUT], answer);
    expect(ours).toEqual(theirs);
  });

  test.each([301, 302, 303, 307, 308])('follows %i', async (status) => {
    const answer = (req, res) =>
      req.url === '/end' ? res.end('end') : res.writeHead(status, { location: '/end' }).end();
    const init = {
      method: 'POST',
      body: 'x',
      headers: { 'content-type': 'a/b', cookie: 'c', authorization: 'd' },
    };
    const { ours, theirs } = await both(({ url }) => [url, INPUT, init, { followRedirects: true }], answer);
    expect(ours).toEqual(theirs);
    expect(ours.body).toBe('end');
    expect(ours.requests).toHaveLength(2);
  });

  test.each([
    [true, 6],
    [2, 3],
    [false, 1],
  ])('follows as many redirects as followRedirects: %p allows', async (followRedirects, count) => {
    const answer = (req, res) => res.writeHead(302, { location: `${req.url}x` }).end();
    const { ours, theirs } = await both(({ url }) => [url, 'http://x/', {}, { followRedirects }], answer);
    expect(ours).toEqual(theirs);
    expect(ours.requests).toHaveLength(count);
    expect(ours.status).toBe(302);
  });

  test('rejects an address with neither port nor socket', async () => {
    for (const fetchFrom of [proxyFetch, original]) {
      await expect(fetchFrom({ host: 'x' }, INPUT)).rejects.toThrow(
        'ProxyAddr must have either `port` or `socketPath`',
      );
    }
  });

  test('rejects with the error of Node', async () => {
    for (const fetchFrom of [proxyFetch, original]) {
      await expect(fetchFrom('http://127.0.0.1:1', INPUT)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    }
  });

  test('rejects when the target says nothing for too long', async () => {
    const silent = await rawTarget(() => {});
    for (const fetchFrom of [proxyFetch, original]) {
      await expect(fetchFrom(silent.url, INPUT, {}, { timeout: 50 })).rejects.toThrow(
        'Proxy request timed out',
      );
    }
  });

  test('gives a constructor of the caller the stream of Node', async () => {
    for (const fetchFrom of [proxyFetch, original]) {
      const { url } = await recorder();
      const made = [];
      class Own {
        constructor(body, init) {
          made.push({ body, init });
        }
      }
      expect(await fetchFrom(url, INPUT, {}, { Response: Own })).toBeInstanceOf(Own);
      expect(made[0].body).toBeInstanceOf(http.IncomingMessage);
      expect(made[0].init.status).toBe(200);
      made[0].body.resume();
    }
  });

  test('connects to a Unix socket', async () => {
    for (const fetchFrom of [proxyFetch, original]) {
      const socketPath = path.join(os.tmpdir(), `proxy-fetch-${process.pid}.sock`);
      const server = await listening(
        http.createServer((req, res) => res.end(`${req.headers.host}${req.url}`)),
        socketPath,
      );
      for (const addr of [`unix:${socketPath}`, { socketPath }]) {
        const response = await fetchFrom(addr, INPUT, {}, { agent: false });
        expect(await response.text()).toBe('localhost/a/b?c=d');
      }
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('speaks TLS, with the options of ssl', async () => {
    const server = await listening(
      https.createServer({ key: KEY, cert: CERTIFICATE }, (req, res) => res.end(req.headers.host)),
    );
    onCleanUp(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    const url = `https://127.0.0.1:${server.address().port}`;
    for (const fetchFrom of [proxyFetch, original]) {
      await expect(fetchFrom(url, INPUT)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
      for (const ssl of [{ rejectUnauthorized: false }, { ca: CERTIFICATE }]) {
        const response = await fetchFrom(url, INPUT, {}, { ssl, agent: false });
        expect(await response.text()).toBe(new URL(url).host);
      }
    }
  });

  test('ends when its signal is aborted', async () => {
    const silent = await rawTarget(() => {});
    for (const fetchFrom of [proxyFetch, original]) {
      const signal = AbortSignal.timeout(30);
      await expect(fetchFrom(silent.url, INPUT, { signal })).rejects.toMatchObject({ code: 'ABORT_ERR' });
    }
  });
});

describe('unlike httpxy', () => {
  test('a Request brings its signal along', async () => {
    const silent = await rawTarget(() => {});
    const input = new Request(INPUT, { signal: AbortSignal.timeout(30) });
    await expect(proxyFetch(silent.url, input)).rejects.toMatchObject({ code: 'ABORT_ERR' });
  });

  test('a body of unknown length is chunked whatever the method, so that nothing follows the request', async () => {
    for (const method of ['GET', 'DELETE', 'POST']) {
      const { url, requests } = await recorder();
      const init = { method, body: stream('a', 'bc'), duplex: 'half' };
      expect(await (await proxyFetch(url, INPUT, init)).text()).toBe('answer');
      expect(requests).toMatchObject([{ method, body: 'abc', headers: { 'transfer-encoding': 'chunked' } }]);
    }
  });

  test.each([
    ['more', 2],
    ['less', 4],
  ])('a body of %s than its content-length is an error, and no other request', async (_what, length) => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    const init = { method: 'POST', body: stream('abc'), headers: { 'content-length': `${length}` } };
    await expect(proxyFetch(target.url, INPUT, init)).rejects.toMatchObject({
      code: 'ERR_HTTP_CONTENT_LENGTH_MISMATCH',
    });
  });

  test('the length of bytes is what they have, whatever the headers say', async () => {
    const { url, requests } = await recorder();
    await proxyFetch(url, INPUT, {
      method: 'POST',
      body: 'abc',
      headers: { 'Content-Length': '9', 'Transfer-Encoding': 'chunked' },
    });
    expect(requests[0]).toMatchObject({ body: 'abc', headers: { 'content-length': '3' } });
    expect(requests[0].headers['transfer-encoding']).toBeUndefined();
  });

  test('fields about a connection go neither way', async () => {
    const { url, requests } = await recorder((req, res) => {
      res.setHeader('connection', 'x-secret');
      res.setHeader('x-secret', '1');
      res.end();
    });
    const headers = { connection: 'x-hidden', 'x-hidden': '1', te: 'trailers', upgrade: 'h2c', 'x-a': 'b' };
    const response = await proxyFetch(url, INPUT, { headers });
    expect(requests[0].headers).toEqual({ host: expect.anything(), connection: 'keep-alive', 'x-a': 'b' });
    expect([...response.headers.keys()]).toEqual(
      ['content-length', 'date'].filter((name) => response.headers.has(name)),
    );
  });

  test.each([
    ['a FormData', () => Object.assign(new FormData(), {}), /^multipart\/form-data; boundary=/],
    ['URLSearchParams', () => new URLSearchParams({ a: 'b' }), /^application\/x-www-form-urlencoded/],
    ['a Blob', () => new Blob(['a'], { type: 'text/a' }), /^text\/a$/],
  ])('%s says what it is', async (_what, make, type) => {
    const { url, requests } = await recorder();
    const body = make();
    if (body instanceof FormData) body.append('a', 'b');
    await proxyFetch(url, INPUT, { method: 'POST', body });
    expect(requests[0].headers['content-type']).toMatch(type);
    expect(requests[0].body).toMatch(/a/);
  });

  test('a stream of Node is a body, and so is a view of a part of a buffer', async () => {
    const { url, requests } = await recorder();
    await proxyFetch(url, INPUT, { method: 'POST', body: Readable.from(['a', 'b']) });
    await proxyFetch(url, INPUT, {
      method: 'POST',
      body: new Uint16Array(new Uint8Array([9, 9, 65, 66]).buffer, 2),
    });
    expect(requests.map(({ body }) => body)).toEqual(['ab', 'AB']);
  });

  test('a redirect to another origin gets no credentials, and one to the same keeps its Host', async () => {
    const other = await recorder();
    const { url, requests } = await recorder((req, res) => {
      if (req.url === '/here') res.writeHead(302, { location: `${other.url}/there` });
      else res.writeHead(302, { location: '/here' });
      res.end();
    });
    const headers = {
      Authorization: 'a',
      Cookie: 'b',
      'Proxy-Authorization': 'c',
      Host: 'chosen.example',
      'x-a': 'd',
    };
    await proxyFetch(url, 'http://x/', { headers }, { followRedirects: true });
    expect(requests[1]).toMatchObject({
      url: '/here',
      headers: { host: 'chosen.example', authorization: 'a', cookie: 'b' },
    });
    const [{ headers: sent, url: there }] = other.requests;
    expect({ there, sent }).toEqual({
      there: '/there',
      sent: { host: `127.0.0.1:${other.port}`, connection: 'keep-alive', 'x-a': 'd' },
    });
  });

  test('a redirect that is relative stays on its Unix socket', async () => {
    const socketPath = path.join(os.tmpdir(), `proxy-fetch-r-${process.pid}.sock`);
    const server = await listening(
      http.createServer((req, res) =>
        req.url === '/b' ? res.end('b') : res.writeHead(302, { location: 'b' }).end(),
      ),
      socketPath,
    );
    onCleanUp(() => new Promise((resolve) => server.close(resolve)));
    const response = await proxyFetch(
      { socketPath },
      'http://x/a',
      {},
      { agent: false, followRedirects: true },
    );
    expect(await response.text()).toBe('b');
  });

  test('a redirect from a path that begins with two slashes stays with its target', async () => {
    const { url, requests } = await recorder((req, res) =>
      req.url === '//other.example/b' ? res.end() : res.writeHead(302, { location: 'b' }).end(),
    );
    await proxyFetch(url, 'http://x//other.example/a', {}, { followRedirects: true });
    expect(requests.map((request) => request.url)).toEqual(['//other.example/a', '//other.example/b']);
  });

  test('a redirect to another kind of address is refused', async () => {
    const { url } = await recorder((req, res) =>
      res.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    );
    await expect(proxyFetch(url, INPUT, {}, { followRedirects: true })).rejects.toThrow('not file:');
  });

  test('a connection that the target has closed in the meantime is replaced', async () => {
    const target = await rawTarget((connection, index) => {
      let count = 0;
      connection.onRequest(() => {
        count += 1;
        if (index === 0 && count === 2) connection.socket.resetAndDestroy();
        else connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    });
    const agent = new http.Agent({ keepAlive: true });
    onCleanUp(() => agent.destroy());
    for (let i = 0; i < 2; i += 1) {
      expect(await (await proxyFetch(target.url, INPUT, {}, { agent })).text()).toBe('ok');
      await eventually(() => Object.keys(agent.freeSockets).length > 0 || i === 1);
    }
    expect(target.connections).toHaveLength(2);
  });

  test('a request that may not be sent twice fails on such a connection', async () => {
    const target = await rawTarget((connection) => {
      let count = 0;
      connection.onRequest(() => {
        count += 1;
        if (count === 2) connection.socket.resetAndDestroy();
        else connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    });
    const agent = new http.Agent({ keepAlive: true });
    onCleanUp(() => agent.destroy());
    await (await proxyFetch(target.url, INPUT, {}, { agent })).text();
    await eventually(() => Object.keys(agent.freeSockets).length > 0);
    await expect(
      proxyFetch(target.url, INPUT, { method: 'POST', body: 'x' }, { agent }),
    ).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
  });

  test('a target that answers before it has read the body is heard, and the body drained', async () => {
    const target = await rawTarget(({ socket }) => {
      socket.once('data', () =>
        socket.end('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno'),
      );
    });
    let given = 0;
    const body = Readable.from(
      (async function* () {
        for (; given < 50; given += 1) {
          yield Buffer.alloc(1000);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      })(),
    );
    const response = await proxyFetch(target.url, INPUT, { method: 'POST', body });
    expect({ status: response.status, text: await response.text() }).toEqual({ status: 413, text: 'no' });
    await eventually(() => given === 50);
  });

  test.each([
    [
      'switches protocols',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
      /switched protocols/,
    ],
    ['closes', '', /socket hang up/],
    ['gives a status that no Response has', 'HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n', /status/],
  ])('a target that %s is an error', async (_what, answer, message) => {
    const target = await answeringTarget(answer, { end: answer === '' ? 'fin' : 'keep' });
    await expect(proxyFetch(target.url, INPUT, {}, { agent: false })).rejects.toThrow(message);
    await eventually(() => target.connections.every(({ ending }) => ending !== null));
  });

  test.each([204, 205, 304])('a connection is used again after %i', async (status) => {
    const target = await answeringTarget(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
    const agent = new http.Agent({ keepAlive: true });
    onCleanUp(() => agent.destroy());
    for (let i = 0; i < 2; i += 1) {
      const response = await proxyFetch(target.url, INPUT, {}, { agent });
      expect({ status: response.status, body: response.body }).toEqual({ status, body: null });
      await eventually(() => Object.keys(agent.freeSockets).length > 0);
    }
    expect(target.connections).toHaveLength(1);
  });

  test('a body that fails fails the request', async () => {
    const target = await rawTarget(() => {});
    const body = Readable.from(
      (async function* () {
        yield Buffer.from('a');
        throw new Error('the source is gone');
      })(),
    );
    await expect(proxyFetch(target.url, INPUT, { method: 'POST', body })).rejects.toThrow(
      'the source is gone',
    );
  });

  test('a target that speaks of no HTTP address is refused', async () => {
    await expect(proxyFetch('ftp://127.0.0.1', INPUT)).rejects.toThrow('not ftp:');
  });
});
