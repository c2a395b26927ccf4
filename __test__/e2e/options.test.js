'use strict';

/** The options that shape a request, as the target sees them: beside http-proxy-3, and alone where design and originals differ. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
// What users of http-proxy have in hand.
const { parse } = require('node:url');
const theirs = require('http-proxy-3');
const ours = require('../../index.js');
const { closeAll, httpServer, rawExchange, rawTarget } = require('../support/peers.js');
const { readRequest, readResponse, requestText } = require('../support/messages.js');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'options-'));

afterEach(closeAll);
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** A target on a port or a Unix socket. */
const okTarget = (...where) =>
  rawTarget(
    (connection) =>
      connection.onRequest(() => connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')),
    ...where,
  );

/**
 * What a target receives of a request through a proxy: its line, fields and body.
 *
 * @param {{ createProxyServer(options: object): object }} maker
 * @param {object} target
 * @param {{ options: object, perCall?: object, request?: string }} settings
 */
async function received(maker, target, { options, perCall, request = GET }) {
  // The originals have no pool unless an agent is given: so every connection is a fresh one here, too.
  const proxy = maker.createProxyServer({ agent: false, ...options });
  proxy.on('error', (error, req, res) => res.writeHead(502).end(String(error)));
  const rest = perCall === undefined ? [] : [perCall];
  const { port } = await httpServer((req, res) => void proxy.web(req, res, ...rest));
  const before = target.connections.length;
  const answer = readResponse(await rawExchange(port, request));
  expect(answer).toMatchObject({ status: 200, body: 'ok' });
  expect(target.connections).toHaveLength(before + 1);
  const { start, fields, body, isComplete, rest: more } = readRequest(target.connections[before].text);
  expect({ isComplete, more }).toEqual({ isComplete: true, more: '' });
  return { start, fields: fields.map(([name, value]) => `${name}: ${value}`).sort(), body };
}

const GET = requestText('GET /a?q=1', ['X-Seen: here', 'Connection: close']);
const POST = requestText('POST /a', ['Content-Length: 5', 'Connection: close'], 'hello');
const withFields = (...lines) => requestText('GET /a', [...lines, 'Connection: close']);

/** Options (or all settings, under `settings`) for a target, by what they are an example of. */
const SAME = {
  'a target in a string': ({ url }) => ({ target: url }),
  'a target in a string with a path': ({ url }) => ({ target: `${url}/base` }),
  'a target in a string with a path that ends in a slash': ({ url }) => ({ target: `${url}/base/` }),
  'a target in a string with path and query': ({ url }) => ({ target: `${url}/base?k=v` }),
  'a target in a string with a query alone': ({ url }) => ({ target: `${url}?k=v` }),
  'a target with a fragment': ({ url }) => ({ target: `${url}/base#f` }),
  'a target in a URL': ({ url }) => ({ target: new URL(`${url}/base?k=v`) }),
  'a target in a URL of the older kind': ({ url }) => ({ target: parse(`${url}/base?k=v`) }),
  'a target in a URL of the older kind without a path': ({ url }) => ({
    target: parse(url),
    changeOrigin: true,
  }),
  'a target in parts': ({ port }) => ({ target: { protocol: 'http:', host: '127.0.0.1', port } }),
  'a target in parts, the port a text': ({ port }) => ({ target: { host: '127.0.0.1', port: `${port}` } }),
  'a target in parts, hostname before host': ({ port }) => ({
    target: { protocol: 'http:', hostname: '127.0.0.1', host: 'nowhere.invalid', port },
  }),
  'a target in parts with a path': ({ port }) => ({
    target: { host: '127.0.0.1', port, pathname: '/base', search: '?k=v' },
  }),
  'a target in parts on a Unix socket': ({ socketPath }) => ({ target: { host: 'localhost', socketPath } }),
  'changeOrigin with another port': ({ url }) => ({ target: url, changeOrigin: true }),
  'changeOrigin with a URL object': ({ url }) => ({ target: new URL(url), changeOrigin: true }),
  'changeOrigin with a host of two ports': ({ port }) => ({
    target: { protocol: 'http:', host: `127.0.0.1:${port}`, hostname: '127.0.0.1', port },
    changeOrigin: true,
  }),
  'changeOrigin with no port': ({ socketPath }) => ({
    target: { protocol: 'http:', host: 'target.test', socketPath },
    changeOrigin: true,
  }),
  'changeOrigin with the default port': ({ socketPath }) => ({
    target: { protocol: 'http:', host: 'target.test', port: 80, socketPath },
    changeOrigin: true,
  }),
  'changeOrigin leaves Origin and Referer alone': ({ url }) => ({
    settings: {
      options: { target: url, changeOrigin: true },
      request: withFields('Origin: http://me', 'Referer: http://me/x'),
    },
  }),
  'changeOrigin before a host in lower case': ({ url }) => ({
    target: url,
    changeOrigin: true,
    headers: { host: 'chosen.test' },
  }),
  'changeOrigin behind a Host in another case': ({ url }) => ({
    target: url,
    changeOrigin: true,
    headers: { Host: 'chosen.test' },
  }),
  xfwd: ({ url }) => ({ target: url, xfwd: true }),
  'xfwd and changeOrigin': ({ url }) => ({ target: url, xfwd: true, changeOrigin: true }),
  'xfwd with the port of the Host': ({ url }) => ({
    settings: {
      options: { target: url, xfwd: true },
      request: 'GET / HTTP/1.1\r\nHost: me.test:8123\r\nConnection: close\r\n\r\n',
    },
  }),
  'xfwd with fields of another proxy': ({ url }) => ({
    settings: {
      options: { target: url, xfwd: true },
      request: withFields(
        'X-Forwarded-For: 1.1.1.1',
        'x-forwarded-for: 2.2.2.2',
        'X-Forwarded-Port: 8443',
        'X-Forwarded-Proto: https',
        'X-Forwarded-Host: first.test',
      ),
    },
  }),
  'xfwd off with fields of another proxy': ({ url }) => ({
    settings: { options: { target: url }, request: withFields('X-Forwarded-For: 1.1.1.1') },
  }),
  'headers that are new': ({ url }) => ({
    target: url,
    headers: { 'X-New': 'one', 'x-number': 5, 'X-Null': null },
  }),
  'headers that replace in another case': ({ url }) => ({ target: url, headers: { 'X-SEEN': 'replaced' } }),
  'headers with several values': ({ url }) => ({
    target: url,
    headers: { 'X-List': ['1', '2'], 'x-seen': ['a', 'b'] },
  }),
  'headers that choose the host': ({ url }) => ({ target: url, headers: { host: 'chosen.test' } }),
  'prependPath off': ({ url }) => ({ target: `${url}/base?k=v`, prependPath: false }),
  'ignorePath with a path': ({ url }) => ({ target: `${url}/base?k=v`, ignorePath: true }),
  'ignorePath without a path': ({ url }) => ({ target: url, ignorePath: true }),
  'ignorePath and prependPath off': ({ url }) => ({
    target: `${url}/base`,
    ignorePath: true,
    prependPath: false,
  }),
  'a request body': ({ url }) => ({
    settings: { options: { target: `${url}/base`, changeOrigin: true }, request: POST },
  }),
  'a target per call': ({ url }) => ({ settings: { options: {}, perCall: { target: url } } }),
  'a target per call instead of another': ({ url }) => ({
    settings: { options: { target: 'http://127.0.0.1:1/other' }, perCall: { target: `${url}/base` } },
  }),
  'prependPath off per call': ({ url }) => ({
    settings: { options: { target: `${url}/base` }, perCall: { prependPath: false } },
  }),
  'headers per call instead of the others': ({ url }) => ({
    settings: { options: { target: url, headers: { a: '1', b: '2' } }, perCall: { headers: { b: '3' } } },
  }),
  'options per call that turn off': ({ url }) => ({
    settings: {
      options: { target: url, xfwd: true, changeOrigin: true, ignorePath: true },
      perCall: { xfwd: false, changeOrigin: false, ignorePath: false },
    },
  }),
};

test.each(Object.keys(SAME))('as with http-proxy-3: %s', async (what) => {
  const target = await targetOf(SAME[what]);
  const settings = () => {
    const { settings: all, ...options } = SAME[what](target);
    return all ?? { options };
  };
  const seen = await received(ours, target, settings());
  expect(seen).toEqual(await received(theirs, target, settings()));
});

/** With a socket for options that ask for one. */
async function targetOf(example) {
  if (!/socketPath/.test(example)) return okTarget();
  const socketPath = path.join(folder, `${(sockets += 1)}`);
  return { ...(await okTarget(socketPath)), socketPath };
}

let sockets = 0;

/** Where we do otherwise: options, the request, and the line and fields that are to be seen. */
const OTHERWISE = {
  // Theirs leaves the port out, which names another server.
  'changeOrigin without a protocol names the port': ({ port }) => ({
    options: { target: { host: '127.0.0.1', port }, changeOrigin: true },
    fields: [`host: 127.0.0.1:${port}`],
  }),
  'a target in parts without host or protocol is localhost': ({ port }) => ({
    options: { target: { host: null, hostname: null, protocol: null, port }, changeOrigin: true },
    fields: [`host: localhost:${port}`],
  }),
  // http-proxy takes the path from `path`, http-proxy-3 from `pathname`.
  'a target in parts with path': ({ port }) => ({
    options: { target: { host: '127.0.0.1', port, path: '/base?k=v' } },
    start: 'GET /base/a?k=v&q=1 HTTP/1.1',
  }),
  // The originals do not look at them.
  'a target with credentials': ({ port }) => ({
    options: { target: `http://u%40:p@127.0.0.1:${port}/base` },
    fields: [`authorization: Basic ${Buffer.from('u@:p').toString('base64')}`],
  }),
  'a target with credentials for a client with its own': ({ port }) => ({
    options: { target: { host: '127.0.0.1', port, auth: 'u:p' } },
    request: withFields('Authorization: Bearer mine'),
    fields: ['authorization: Bearer mine'],
  }),
  'a target that is called otherwise': ({ port }) => ({
    options: { target: { hostname: '127.0.0.1', host: 'called.test', port }, changeOrigin: true },
    fields: [`host: called.test:${port}`],
  }),
  'a target in parts, the path without a slash': ({ port }) => ({
    options: { target: { host: '127.0.0.1', port, pathname: 'base', search: 'k=v' } },
    start: 'GET /base/a?k=v&q=1 HTTP/1.1',
  }),
  'a target of a WebSocket': ({ port }) => ({
    options: { target: `ws://127.0.0.1:${port}/base` },
    start: 'GET /base/a?q=1 HTTP/1.1',
  }),
  'xfwd with an IPv6 Host': ({ url }) => ({
    options: { target: url, xfwd: true },
    request: 'GET / HTTP/1.1\r\nHost: [::1]:7777\r\nConnection: close\r\n\r\n',
    fields: ['x-forwarded-host: [::1]:7777', 'x-forwarded-port: 7777'],
  }),
  // Theirs resolves and encodes behind the application's back.
  'the path byte for byte': ({ url }) => ({
    options: { target: `${url}/base` },
    request: requestText('GET /x/../%2e/\'|^"//y?"<>\'', ['Connection: close']),
    start: 'GET /base/x/../%2e/\'|^"//y?"<>\' HTTP/1.1',
  }),
  'headers that concern the connection are not taken over': ({ url }) => ({
    options: { target: url, headers: { Connection: 'upgrade', 'Transfer-Encoding': 'chunked' } },
    fields: ['connection: close'],
    without: ['transfer-encoding'],
  }),
};

test.each(Object.keys(OTHERWISE))('other than http-proxy-3: %s', async (what) => {
  const target = await okTarget();
  const { start, fields = [], without = [], ...settings } = OTHERWISE[what](target);
  const seen = await received(ours, target, settings);
  if (start !== undefined) expect(seen.start).toBe(start);
  expect(seen.fields).toEqual(expect.arrayContaining(fields));
  expect(seen.fields.filter((line) => without.includes(line.split(':')[0]))).toEqual([]);
});

test('a header that is undefined is the error of its request', async () => {
  const target = await okTarget();
  const proxy = ours.createProxyServer({ target: target.url, headers: { 'x-missing': undefined } });
  const codes = [];
  proxy.on('error', (error, req, res) => {
    codes.push(error.code);
    res.writeHead(500).end();
  });
  const { port } = await httpServer((req, res) => void proxy.web(req, res));
  expect(readResponse(await rawExchange(port, GET)).status).toBe(500);
  expect(codes).toEqual(['ERR_HTTP_INVALID_HEADER_VALUE']);
  expect(target.connections).toEqual([]);
});

test('options that are edited between two requests take effect with the second', async () => {
  const [first, second] = [await okTarget(), await okTarget()];
  const options = { agent: false, target: { host: '127.0.0.1', port: first.port } };
  const proxy = ours.createProxyServer(options);
  expect(proxy.options).toBe(options);
  const { port } = await httpServer((req, res) => void proxy.web(req, res));
  const seen = async (target) => {
    const answer = await rawExchange(port, GET);
    expect(readResponse(answer)).toMatchObject({ status: 200, body: 'ok' });
    const { start, fields } = readRequest(target.connections.at(-1).text);
    return { start, ...Object.fromEntries(fields) };
  };
  expect(await seen(first)).toMatchObject({ start: 'GET /a?q=1 HTTP/1.1', host: 'me', 'x-seen': 'here' });

  options.target.port = second.port;
  expect(await seen(second)).toMatchObject({ start: 'GET /a?q=1 HTTP/1.1', host: 'me' });

  options.target = new URL(`${first.url}/one`);
  expect(await seen(first)).toMatchObject({ start: 'GET /one/a?q=1 HTTP/1.1' });
  options.target.pathname = '/two';
  expect(await seen(first)).toMatchObject({ start: 'GET /two/a?q=1 HTTP/1.1' });

  Object.assign(options, { changeOrigin: true, xfwd: true, ignorePath: true, headers: { 'X-Seen': 'once' } });
  expect(await seen(first)).toMatchObject({
    start: 'GET /two HTTP/1.1',
    host: `127.0.0.1:${first.port}`,
    'x-forwarded-host': 'me',
    'x-seen': 'once',
  });
  options.headers['X-Seen'] = 'twice';
  delete options.xfwd;
  const last = await seen(first);
  expect(last['x-seen']).toBe('twice');
  expect(last).not.toHaveProperty('x-forwarded-host');
  expect([first.connections.length, second.connections.length]).toEqual([5, 1]);
});

test('options per call are for that call alone, and the others are left as they are', async () => {
  const target = await okTarget();
  const options = { target: target.url, headers: { a: '1' } };
  const proxy = ours.createProxyServer(options);
  const calls = [{ headers: { a: '2' }, xfwd: true }, undefined];
  const { port } = await httpServer((req, res) => void proxy.web(req, res, calls.shift()));
  await rawExchange(port, GET);
  await rawExchange(port, GET);
  const text = target.connections.map((connection) => connection.text).join('');
  expect(text.match(/^(a: .*|x-forwarded-for)/gm)).toEqual(['x-forwarded-for', 'a: 2', 'a: 1']);
  expect(options).toEqual({ target: target.url, headers: { a: '1' } });
});
