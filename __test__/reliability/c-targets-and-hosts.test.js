'use strict';

/** Which host and which path a request is for (reliability rows C-05 to C-08). */

const express = require('express');
const { answeringTarget, closeAll, rawExchange } = require('../support/peers.js');
const { FACES } = require('../support/faces.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

afterEach(closeAll);

describe.each(FACES)('%s', (_name, face) => {
  /** The client's answer, and what the target got. */
  async function exchange(bytes, { base = '', settings, ...options } = {}) {
    const target = await answeringTarget(OK);
    const { port } = await face({ target: target.url + base, ...options }, settings);
    const answer = readResponse(await rawExchange(port, bytes));
    return { answer, target, seen: target.connections.map((connection) => connection.text).join('') };
  }

  async function forwarded(bytes, options) {
    const { answer, target, seen } = await exchange(bytes, options);
    expect(answer).toMatchObject({ status: 200, body: 'ok' });
    const request = readRequest(seen);
    expect(request).toMatchObject({ isComplete: true, rest: '' });
    return { line: request.start, host: request.values('host')[0], target };
  }

  async function refused(bytes, options) {
    const { answer, target } = await exchange(bytes, options);
    expect(answer).toMatchObject({ status: 400, isComplete: true, rest: '' });
    expect(target.connections).toHaveLength(0);
  }

  const hostRequest = (...hosts) =>
    ['GET / HTTP/1.1', ...hosts.map((host) => `Host: ${host}`), 'Connection: close', '', ''].join('\r\n');

  test.each([
    ['different', ['a', 'b']],
    ['equal', ['a', 'a']],
    ['empty first', ['', 'b']],
  ])('C-05 two Host fields, %s, are refused', async (_case, hosts) => {
    await refused(hostRequest(...hosts));
    await refused(hostRequest(...hosts), { changeOrigin: true });
  });

  test('C-05 with allowDuplicateHost the first of two Host fields is forwarded, alone', async () => {
    const { host } = await forwarded(hostRequest('a', 'b'), { allowDuplicateHost: true });
    expect(host).toBe('a');
  });

  const NO_HOSTS = [
    'a b',
    'a,b',
    'a/b',
    'u@h',
    'u:p@h',
    'a?b',
    'a#b',
    'a\\b',
    'a:99999',
    'a:8x',
    '[::1',
    '[zz]',
    ':80',
    'a\tb',
  ];

  test.each(NO_HOSTS)('C-06 the Host %j is refused', async (host) => {
    await refused(hostRequest(host));
    await refused(hostRequest(host), { on: { proxyReq: () => {} } });
  });

  test.each(NO_HOSTS)('C-06 the Host %j is not forwarded in any field with changeOrigin', async (host) => {
    const { seen } = await exchange(hostRequest(host), { changeOrigin: true, xfwd: true });
    expect(seen).not.toContain(host);
  });

  test.each([
    ['HTTP/1.0 without a Host', 'GET /x HTTP/1.0\r\n\r\n', '/x'],
    ['HTTP/1.0 with an empty Host', 'GET /x HTTP/1.0\r\nHost:\r\n\r\n', '/x'],
    ['HTTP/0.9', 'GET /x HTTP/0.9\r\n\r\n', '/x'],
  ])('C-06 a request of %s is for the target', async (_case, bytes, path) => {
    const { line, host, target } = await forwarded(bytes);
    expect(line).toBe(`GET ${path} HTTP/1.1`);
    expect(host).toBe(`127.0.0.1:${target.port}`);
  });

  test.each([
    ['http://evil/x', '/x', 'evil'],
    ['http://evil:81/x?y=http://z', '/x?y=http://z', 'evil:81'],
    ['HTTP://Evil/x', '/x', 'Evil'],
    ['http://evil', '/', 'evil'],
    ['http://evil?q', '/?q', 'evil'],
    ['https://evil/x', '/x', 'evil'],
    ['http://[::1]:81/x', '/x', '[::1]:81'],
    ['http://evil//x', '//x', 'evil'],
  ])('C-07 the absolute target %s becomes %s, and its host the Host', async (url, path, authority) => {
    const { line, host } = await forwarded(lastRequest(`GET ${url}`));
    expect([line, host]).toEqual([`GET ${path} HTTP/1.1`, authority]);
    const prepended = await forwarded(lastRequest(`GET ${url}`), { base: '/base', changeOrigin: true });
    expect(prepended.line).toBe(`GET /base${path} HTTP/1.1`);
    expect(prepended.host).toBe(`127.0.0.1:${prepended.target.port}`);
  });

  test.each(['http://u@evil/x', 'http://u:p@evil/x', 'http:///x', 'http://a:99999/', 'ftp://evil/x'])(
    'C-07 the absolute target %s is refused',
    async (url) => {
      // Node's parser refuses some of them itself, with the same status.
      await refused(lastRequest(`GET ${url}`));
    },
  );

  const TARGETS = [
    ['*', '/*'],
    ['//x', '//x'],
    ['//evil.example/x', '//evil.example/x'],
    ['///a//b', '///a//b'],
    ['/a#b', '/a'],
    ['/a#b?c', '/a'],
    ['?q', '/?q'],
    ['', '/'],
    ['x', '/x'],
    ['/%', '/%'],
    ['/%zz%00', '/%zz%00'],
    ['/a/%2e%2e/b', '/a/%2e%2e/b'],
    ['/a/../b', '/a/../b'],
    ['/a\\b\\..\\c', '/a\\b\\..\\c'],
    ['/"<>`{}|^\'', '/"<>`{}|^\''],
    ['/a?b?c', '/a?b?c'],
    ['/x:y', '/x:y'],
    ['//x:yy', '//x:yy'],
    ['/\u00e9', '/\u00e9'],
  ];
  const rewritten = (url) => ({
    settings: {
      app: (req, res, forward) => {
        req.url = url;
        return forward();
      },
    },
  });

  test.each(TARGETS)('C-08 the url %j is asked for as %j', async (url, path) => {
    const { line } = await forwarded(lastRequest('GET /original'), rewritten(url));
    expect(line).toBe(`GET ${path} HTTP/1.1`);
    const shown = await forwarded(lastRequest('GET /original'), {
      ...rewritten(url),
      on: { proxyReq: () => {} },
    });
    expect(shown.line).toBe(`GET ${path} HTTP/1.1`);
  });

  test.each([
    '/a b',
    '/a\tb',
    '/a\r\nX-Evil: 1',
    '/a\nX-Evil: 1',
    '/a\r\n\r\nGET /evil',
    '/\0',
    '/\u4e2d',
    '/\u{1f600}',
  ])('C-08 the url %j is refused', async (url) => {
    await refused(lastRequest('GET /original'), rewritten(url));
    await refused(lastRequest('GET /original'), { ...rewritten(url), on: { proxyReq: () => {} } });
  });

  test('C-08 the request OPTIONS * is forwarded', async () => {
    const { line } = await forwarded(lastRequest('OPTIONS *'));
    expect(line).toBe('OPTIONS /* HTTP/1.1');
  });

  test.each([
    ['/api', '/'],
    ['/api?q', '/?q'],
    ['/api//x', '//x'],
    ['/api/%', '/%'],
    ['/api/a/../b', '/a/../b'],
  ])('C-08 mounted in Express, %s is asked for as %s', async (url, path) => {
    const app = express();
    const mounted = (req, res, forward) => {
      req.forward = forward;
      app(req, res);
    };
    app.use('/api', (req) => req.forward());
    const { line } = await forwarded(lastRequest(`GET ${url}`), { settings: { app: mounted } });
    expect(line).toBe(`GET ${path} HTTP/1.1`);
  });
});
