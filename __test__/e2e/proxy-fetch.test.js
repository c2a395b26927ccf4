'use strict';

/** `proxyFetch` beside that of httpxy: what the target receives, and what the caller gets. */

const http = require('node:http');
const https = require('node:https');
const path = require('node:path');
const os = require('node:os');
const { proxyFetch } = require('rs-proxy-middleware');
const { closeAll, listening, onCleanUp, rawTarget } = require('../support/peers.js');
const { CERTIFICATE, KEY } = require('../support/tls.js');
const { INPUT, recorder, stream } = require('../support/fetches.js');

let original;

beforeAll(async () => {
  original = (await import('httpxy')).proxyFetch;
});
afterEach(closeAll);

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
