'use strict';

/** Options that are unknown, wrong, or meant to do harm (reliability rows K-04, K-05, K-08, K-11 and K-24). */

const http = require('node:http');
const { createProxyMiddleware, createProxyServer } = require('../../index.js');
const { certificate } = require('../support/certificates.js');
const { runChild } = require('../support/child.js');
const { FACES } = require('../support/faces.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');
const { answeringTarget, closeAll, httpServer, rawExchange, rawTarget } = require('../support/peers.js');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = lastRequest('GET /a');
const MAKERS = [
  ['createProxyServer', createProxyServer],
  ['createProxyMiddleware', createProxyMiddleware],
];

afterEach(closeAll);

/** What a maker throws when it is given an option. */
function thrownBy(make, options) {
  try {
    make({ target: 'https://127.0.0.1:1', ...options });
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Expects each of an option's values to be refused by name. */
function refuses(id, values) {
  const rows = Object.entries(values).flatMap(([name, all]) =>
    MAKERS.flatMap(([maker, make]) => all.map((value) => [maker, name, value, make])),
  );
  test.each(rows)(`${id} %s refuses %s: %p`, (_maker, name, value, make) => {
    const error = thrownBy(make, { [name]: value });
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code: 'ERR_PROXY_INVALID_OPTION', option: name });
    expect(error.message).toMatch(new RegExp(`\\b${name}\\b`));
  });
}

describe('K-04 unknown options', () => {
  const UNKNOWN = {
    targt: 'http://127.0.0.1:1',
    changeorigin: true,
    authToken: 'x',
    nested: { deep: [1] },
    fn() {},
  };

  test.each(FACES)('K-04 %s works as if they were not there', async (_name, face) => {
    const target = await answeringTarget(OK);
    const { port } = await face({ target: target.url, ...UNKNOWN });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'ok' });
    expect(readRequest(target.connections[0].text).values('host')).toEqual(['me']);
  });

  test('K-04 each is told of once, and only to those who debug', async () => {
    const args = [JSON.stringify({ target: 'http://127.0.0.1:1', targt: 1, changeorigin: true })];
    const quiet = await runChild('options.js', { args });
    expect(quiet).toMatchObject({ code: 0, stdout: 'made 3\n', stderr: '' });
    const told = await runChild('options.js', { args, env: { NODE_DEBUG: 'rs-proxy-middleware' } });
    expect(told).toMatchObject({ code: 0, stdout: 'made 3\n' });
    const lines = told.stderr.split('\n').filter((line) => line !== '');
    expect(lines.map((line) => /\b(targt|changeorigin)\b/.exec(line)?.[1]).sort()).toEqual([
      'changeorigin',
      'targt',
    ]);
  });
});

describe('K-05 time limits', () => {
  const BAD = [-1, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 31 + 1, '5', '', true, {}, [5], 5n];
  refuses('K-05', { connectTimeout: BAD, proxyTimeout: BAD, timeout: BAD });

  test.each(FACES)('K-05 %s: none at all is no limit', async (_name, face) => {
    const target = await rawTarget((connection) =>
      connection.onRequest(() => setTimeout(() => connection.socket.write(OK), 300)),
    );
    const none = { connectTimeout: 0, proxyTimeout: 0, timeout: 0 };
    const { port } = await face({ target: target.url, ...none });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'ok' });
  });

  test.each(FACES)('K-05 %s: the longest there is does not turn into the shortest', async (_name, face) => {
    const target = await rawTarget((connection) =>
      connection.onRequest(() => setTimeout(() => connection.socket.write(OK), 100)),
    );
    const longest = 2 ** 31 - 1;
    const limits = { connectTimeout: longest, proxyTimeout: longest, timeout: longest };
    const { port } = await face({ target: target.url, ...limits });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'ok' });
  });

  test.each(FACES)('K-05 %s: a fraction of a millisecond is a limit', async (_name, face) => {
    const target = await rawTarget(() => {});
    const { port } = await face({ target: target.url, proxyTimeout: 0.5 });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 504 });
  });
});

describe('K-08 agents', () => {
  refuses('K-08', {
    agent: [{ ...new http.Agent() }, true, 1, 'x', {}],
  });

  const values = FACES.flatMap(([name, face]) =>
    [
      ['undefined', undefined, false],
      ['null', null, false],
      ['false', false, true],
      ['plain', new http.Agent(), true],
      ['plain, and keeps', new http.Agent({ keepAlive: true, maxSockets: 1 }), false],
      ['of its own', new (class extends http.Agent {})({ keepAlive: true, timeout: 1000 }), false],
    ].map(([what, agent, closes]) => [name, what, agent, closes, face]),
  );

  test.each(values)('K-08 %s: an agent that is %s works', async (_name, _what, agent, closes, face) => {
    const target = await answeringTarget(OK);
    const { port } = await face({ target: target.url, agent });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200 });
    const connection = readRequest(target.connections[0].text).values('connection');
    expect(connection.includes('close')).toBe(closes);
  });
});

describe('K-11 keys and certificates', () => {
  const JUNK = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const CA = [5, true, [], [5], {}, 'no certificate', JUNK, Buffer.alloc(0), Buffer.from('junk'), [JUNK]];
  const CLIENT = ['x', Buffer.from('x'), 5];
  refuses('K-11', { ca: CA, cert: CLIENT, key: CLIENT, passphrase: [5], pfx: CLIENT, ssl: [5, true, 'x'] });

  test('K-11 an authority in the midst of other text is found', async () => {
    const { cert } = certificate(undefined, { names: 'DNS:localhost' });
    for (const ca of [`subject: me\n${cert}\nthe end`, [cert, cert], Buffer.from(cert), `${cert}${cert}`]) {
      expect(thrownBy(createProxyServer, { ca })).toBeUndefined();
    }
  });

  const one = certificate();
  const other = certificate();

  test.each([
    ['a pair that does not match', { key: one.key, cert: other.cert }],
    ['a key that is none', { key: 'x', cert: one.cert }],
    ['a certificate that is none', { key: one.key, cert: 'x' }],
    ['a key of a wrong type', { key: 5, cert: one.cert }],
  ])('K-11 ssl with %s is refused, when it is made or when it is to listen', (_case, ssl) => {
    let proxy;
    const listen = () => {
      proxy = createProxyServer({ target: 'http://127.0.0.1:1', ssl });
      proxy.listen(0, '127.0.0.1');
    };
    expect(listen).toThrow();
    expect(proxy?.address?.() ?? null).toBeNull();
  });
});

describe('K-24 options out of JSON', () => {
  const evil = (value) => JSON.parse(`{"__proto__": ${JSON.stringify(value)}}`);
  const clean = () => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect({}.target).toBeUndefined();
    expect({}.headers).toBeUndefined();
  };

  test.each(FACES)('K-24 %s: what stands in __proto__ is no option', async (_name, face) => {
    const good = await answeringTarget(OK);
    const bad = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    const inherited = { target: bad.url, headers: { 'x-evil': '1' }, changeOrigin: true, xfwd: true };
    const { port } = await face({ ...JSON.parse(JSON.stringify({ target: good.url })), ...evil(inherited) });
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'ok' });
    const request = readRequest(good.connections[0].text);
    expect(request.values('host')).toEqual(['me']);
    expect(request.fields.map(([name]) => name)).not.toContain('x-evil');
    expect(request.fields.map(([name]) => name)).not.toContain('x-forwarded-for');
    expect(bad.connections).toEqual([]);
    clean();
  });

  test('K-24 nor is it one of a call', async () => {
    const good = await answeringTarget(OK);
    const bad = await answeringTarget(OK);
    const proxy = createProxyServer({ target: good.url });
    const perCall = { ...evil({ target: bad.url, xfwd: true }) };
    const { port } = await httpServer((req, res) => proxy.web(req, res, perCall));
    expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'ok' });
    expect(good.connections[0].text).not.toMatch(/forwarded/);
    expect(bad.connections).toEqual([]);
    clean();
  });

  test.each([
    ['headers', (url) => ({ target: url, headers: evil({ 'x-evil': '1' }) })],
    [
      'a target',
      (url) => ({ target: { host: '127.0.0.1', port: new URL(url).port, ...evil({ path: '/evil' }) } }),
    ],
    ['a map', (url) => ({ target: url, cookieDomainRewrite: evil('x') })],
    ['a router', (url) => ({ target: url, router: evil('http://127.0.0.1:1/evil') })],
    ['rewrite rules', (url) => ({ target: url, pathRewrite: evil('/evil') })],
  ])('K-24 __proto__ within %s pollutes nothing', async (_case, of) => {
    const target = await answeringTarget(OK);
    for (const [, face] of FACES) {
      const { port } = await face(of(target.url));
      expect(readResponse(await rawExchange(port, GET)).status).toBe(200);
    }
    for (const { text } of target.connections) expect(text).not.toMatch(/^x-evil|\/evil/m);
    clean();
  });
});
