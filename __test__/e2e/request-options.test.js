'use strict';

/** The options about what a target is asked, and from where: credentials, method, absolute URLs, local address, Unix sockets; beside http-proxy-3. */

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const h3 = require('http-proxy-3');
const ours = require('../../index.js');
const { answeringTarget, closeAll, httpServer, rawExchange, rawTarget } = require('../support/peers.js');
const { lastRequest, readRequest, readResponse, requestText } = require('../support/messages.js');
const { proxyServer } = require('../support/faces.js');
const { WAYS } = require('../support/ways.js');

afterEach(closeAll);

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** What the target receives. */
async function received(createProxyServer, options, request, on = {}) {
  const target = await answeringTarget(OK);
  const proxy = createProxyServer({ target: target.url, agent: false, ...options });
  for (const [event, listener] of Object.entries(on)) proxy.on(event, listener);
  const { port } = await httpServer((req, res) => void proxy.web(req, res));
  const text = await rawExchange(port, request);
  const sent = readRequest(target.connections[0].text);
  return { sent, answer: text, address: target.connections[0].socket.remoteAddress };
}

describe('auth', () => {
  const credentials = `Basic ${Buffer.from('user:päß').toString('base64')}`;

  test.each([
    ['a client without credentials', [], {}],
    ['a client with its own', ['Authorization: Bearer mine'], {}],
    ['headers in lower case', [], { headers: { authorization: 'Bearer options' } }],
    ['headers in another case', [], { headers: { Authorization: 'Bearer options' } }],
  ])('as with http-proxy-3: %s', async (_what, lines, more) => {
    const options = { auth: 'user:päß', ...more };
    const request = lastRequest('GET /', lines);
    const theirs = await received(h3.createProxyServer, options, request);
    for (const on of [{}, { proxyReq: () => {} }]) {
      const { sent } = await received(ours.createProxyServer, options, request, on);
      expect(sent.values('authorization')).toEqual(theirs.sent.values('authorization'));
      expect(sent.values('authorization')).toEqual([more.headers?.Authorization ?? credentials]);
    }
  });

  test('one call’s is not sent with the next one’s, whatever ssl they share', async () => {
    const target = await answeringTarget(OK);
    const proxy = ours.createProxyServer({ target: target.url, ssl: {} });
    const calls = [{ auth: 'user:secret' }, {}, undefined];
    const { port } = await httpServer((req, res) => void proxy.web(req, res, calls.shift()));
    while (calls.length > 0) await rawExchange(port, lastRequest('GET /'));
    const text = target.connections.map((connection) => connection.text).join('');
    expect(text.match(/^authorization/gim)).toHaveLength(1);
    expect(proxy.options.ssl).toEqual({});
  });

  test('it counts more than the target’s own credentials', async () => {
    const target = await answeringTarget(OK);
    const url = target.url.replace('//', '//a:b@');
    const proxy = ours.createProxyServer({ target: url, auth: 'c:d' });
    const { port } = await httpServer((req, res) => void proxy.web(req, res));
    await rawExchange(port, lastRequest('GET /'));
    expect(target.connections[0].text).toContain('Authorization: Basic Yzpk\r\n');
  });
});

describe('method', () => {
  test.each([
    ['POST', requestText('GET /a', ['Connection: close'])],
    ['post', requestText('GET /a', ['Connection: close'])],
    ['GET', requestText('POST /a', ['Content-Length: 5', 'Connection: close'], 'hello')],
    ['DELETE', requestText('GET /a', ['Connection: close'])],
    ['PROPFIND', requestText('PUT /a', ['Content-Length: 5', 'Connection: close'], 'hello')],
  ])('as with http-proxy-3: %s', async (method, request) => {
    const theirs = await received(h3.createProxyServer, { method }, request);
    for (const on of [{}, { proxyReq: () => {} }]) {
      const { sent, answer } = await received(ours.createProxyServer, { method }, request, on);
      const { start, body } = theirs.sent;
      expect(sent).toMatchObject({ start, body, isComplete: true });
      expect(readResponse(answer)).toMatchObject({ status: 200, body: 'ok' });
    }
    expect(theirs.sent.start).toBe(`${method.toUpperCase()} /a HTTP/1.1`);
  });

  test('HEAD: the client is told of no body that it would wait for', async () => {
    const target = await rawTarget((connection) =>
      connection.onRequest(() => connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')),
    );
    for (const on of Object.values(WAYS)) {
      const { port } = await proxyServer({ target: target.url, method: 'HEAD', on });
      const answer = readResponse(await rawExchange(port, lastRequest('GET /')));
      expect(answer).toMatchObject({ status: 200, body: '', isComplete: true });
    }
  });
});

describe('toProxy', () => {
  const absolute =
    'GET http://other.test:81/x?y HTTP/1.1\r\nHost: other.test:81\r\nConnection: close\r\n\r\n';

  test.each([
    ['an absolute URL', absolute],
    ['a path', lastRequest('GET /x?y')],
    ['an asterisk', lastRequest('OPTIONS *')],
  ])('as with http-proxy-3: %s', async (_what, request) => {
    const theirs = await received(h3.createProxyServer, { toProxy: true }, request);
    const { sent } = await received(ours.createProxyServer, { toProxy: true }, request);
    expect([sent.start, sent.values('host')]).toEqual([theirs.sent.start, theirs.sent.values('host')]);
  });
});

describe('localAddress', () => {
  test('is where connections come from, and those of two are not mixed', async () => {
    const target = await answeringTarget(OK);
    const proxy = ours.createProxyServer({ target: target.url });
    const calls = ['127.0.0.2', '127.0.0.3', undefined, '127.0.0.2'];
    const { port } = await httpServer((req, res) => {
      void proxy.web(req, res, { localAddress: calls.shift() });
    });
    while (calls.length > 0) await rawExchange(port, lastRequest('GET /'));
    const from = target.connections.map(({ socket }) => socket.remoteAddress);
    expect(from).toEqual(['127.0.0.2', '127.0.0.3', '127.0.0.1']);
  });

  test('that is not here is the error of Node', async () => {
    const { port, events } = await proxyServer({ target: 'http://127.0.0.1:1', localAddress: '192.0.2.1' });
    await rawExchange(port, lastRequest('GET /'));
    const node = await new Promise((resolve) => {
      const socket = net.connect({ host: '127.0.0.1', port: 1, localAddress: '192.0.2.1' });
      socket.on('error', resolve);
    });
    const shown = ({ code, message, errno, syscall, address }) => ({
      code,
      message,
      errno,
      syscall,
      address,
    });
    expect(shown(events[0].error)).toEqual(shown(node));
  });
});

describe('a Unix socket in a URL', () => {
  test.each(['unix+http', 'http+unix'])('%s', async (scheme) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rewrites-'));
    const socketPath = path.join(folder, 'socket');
    const target = await rawTarget((connection) => {
      connection.onRequest(() => connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    }, socketPath);
    const url = `${scheme}://${encodeURIComponent(socketPath)}/base?k=v`;
    const targets = [
      url,
      new URL(url),
      Object.assign(new URL(`${scheme}://ignored/base?k=v`), { socketPath }),
    ];
    for (const one of targets) {
      const { port } = await proxyServer({ target: one, changeOrigin: true, agent: false });
      expect(readResponse(await rawExchange(port, lastRequest('GET /a')))).toMatchObject({
        status: 200,
        body: 'ok',
      });
      const { start, values } = readRequest(target.connections.at(-1).text);
      expect([start, values('host')]).toEqual(['GET /base/a?k=v HTTP/1.1', ['localhost']]);
    }
    await closeAll();
    fs.rmSync(folder, { recursive: true });
  });
});
