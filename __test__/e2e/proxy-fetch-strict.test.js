'use strict';

/** Where `proxyFetch` goes further than that of httpxy: signals, framing, redirects, connections that are used again. */

const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { Readable } = require('node:stream');
const { proxyFetch } = require('rs-proxy-middleware');
const { INPUT, recorder, stream } = require('../support/fetches.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  listening,
  onCleanUp,
  rawTarget,
} = require('../support/peers.js');

afterEach(closeAll);

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
  const { url } = await recorder((req, res) => res.writeHead(302, { location: 'file:///etc/passwd' }).end());
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
  await expect(proxyFetch(target.url, INPUT, { method: 'POST', body: 'x' }, { agent })).rejects.toMatchObject(
    {
      code: 'ECONNRESET',
    },
  );
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
  await expect(proxyFetch(target.url, INPUT, { method: 'POST', body })).rejects.toThrow('the source is gone');
});

test('a target that speaks of no HTTP address is refused', async () => {
  await expect(proxyFetch('ftp://127.0.0.1', INPUT)).rejects.toThrow('not ftp:');
});
