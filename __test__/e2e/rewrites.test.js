'use strict';

/**
 * The options that rewrite: redirects, cookies, the case of names, method, credentials, the address that connections come from. On the wire,
 * beside the originals that have them; each of ours with and without `proxyRes` listeners, which are two ways through the engine.
 */

const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
// What users of http-proxy have in hand.
const { parse } = require('node:url');
const h3 = require('http-proxy-3');
const ours = require('../../index.js');
const { closeAll, httpServer, rawExchange, rawTarget } = require('../support/peers.js');
const { lastRequest, readRequest, readResponse, requestText } = require('../support/messages.js');
const { proxyServer } = require('../support/faces.js');

afterEach(closeAll);

const ORIGINALS = {
  'http-proxy-3': async () => h3.createProxyServer,
  httpxy: async () => (await import('httpxy')).createProxyServer,
};

/** The ways through ours: nobody listens, listeners that look on, that read the fields, that write them. */
const WAYS = {
  'nobody listens': {},
  'a listener that looks on': { proxyRes: () => {} },
  'a listener that reads the fields': { proxyRes: (proxyRes) => void proxyRes.headers },
  'a listener to the request': { proxyReq: () => {} },
  'listeners to both': { proxyReq: () => {}, proxyRes: (proxyRes) => void proxyRes.headers },
};

/** A target that answers with these field lines, in which `PORT` is its own. */
async function targetWith(status, lines) {
  const target = await rawTarget((connection) =>
    connection.onRequest(() => {
      const text = [`HTTP/1.1 ${status} Found`, ...lines, 'Content-Length: 2', '', 'ok'].join('\r\n');
      connection.socket.write(Buffer.from(text.replaceAll('PORT', target.port), 'latin1'));
    }),
  );
  return target;
}

/** The field lines, as they are on the wire, that a client gets. */
async function answered(createProxyServer, target, options, on = {}, client = { host: 'pub.test:8080' }) {
  const proxy = createProxyServer({ target: target.url, agent: false, ...options });
  for (const [event, listener] of Object.entries(on)) proxy.on(event, listener);
  const { port } = await httpServer((req, res) => void proxy.web(req, res));
  const request = `GET /a HTTP/1.1\r\nHost: ${client.host}\r\nConnection: close\r\n\r\n`;
  const text = await rawExchange(port, request);
  expect(readResponse(text)).toMatchObject({ body: 'ok', isComplete: true });
  return text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n').slice(1);
}

const startingWith = (lines, name) => lines.filter((line) => line.toLowerCase().startsWith(`${name}: `));

describe('redirects', () => {
  const AUTO = { autoRewrite: true };
  const HOST = { hostRewrite: 'new.test:81' };
  const HTTPS = { protocolRewrite: 'https' };

  /** Status, Location, options: the same as with these originals. */
  const SAME = [
    [302, 'http://127.0.0.1:PORT/x?y#z', AUTO, ['http-proxy-3', 'httpxy']],
    [301, 'http://127.0.0.1:PORT', AUTO, ['http-proxy-3', 'httpxy']],
    [201, 'http://127.0.0.1:PORT/', HOST, ['http-proxy-3', 'httpxy']],
    [307, 'http://127.0.0.1:PORT/', { ...HOST, ...AUTO, ...HTTPS }, ['http-proxy-3', 'httpxy']],
    [308, 'http://127.0.0.1:PORT/', { protocolRewrite: 'https:' }, ['http-proxy-3', 'httpxy']],
    [302, 'http://u:p@127.0.0.1:PORT/a b"c', AUTO, ['http-proxy-3', 'httpxy']],
    [303, 'http://127.0.0.1:PORT/', AUTO, ['httpxy']],
    [302, '/x?y', AUTO, ['httpxy']],
    [302, '/x?y', HTTPS, ['httpxy']],
    [302, '//127.0.0.1:PORT/x', AUTO, ['httpxy']],
    [302, '//127.0.0.1:PORT/x', { ...AUTO, ...HTTPS }, ['httpxy']],
    [302, '//other.test/x', AUTO, ['http-proxy-3', 'httpxy']],
    [302, 'http://other.test/x', { ...HOST, ...HTTPS }, ['http-proxy-3', 'httpxy']],
    [302, 'http://127.0.0.1/x', HOST, ['http-proxy-3', 'httpxy']],
    [300, 'http://127.0.0.1:PORT/', AUTO, ['http-proxy-3', 'httpxy']],
    [200, 'http://127.0.0.1:PORT/', AUTO, ['http-proxy-3', 'httpxy']],
    [302, 'http://127.0.0.1:PORT/x', {}, ['http-proxy-3', 'httpxy']],
    [302, 'http://127.0.0.1:PORT/x', { autoRewrite: false, hostRewrite: '' }, ['http-proxy-3', 'httpxy']],
  ].flatMap(([status, location, options, originals]) =>
    originals.map((original) => [original, status, location, options]),
  );

  test.each(SAME)('as with %s: %d %s, %j', async (original, status, location, options) => {
    const target = await targetWith(status, [`Location: ${location}`]);
    const theirs = startingWith(await answered(await ORIGINALS[original](), target, options), 'location');
    expect(theirs).toHaveLength(1);
    for (const on of Object.values(WAYS)) {
      expect(startingWith(await answered(ours.createProxyServer, target, options, on), 'location')).toEqual(
        theirs,
      );
    }
  });

  /** Where we do otherwise. */
  const OTHERWISE = [
    [
      'a new host without a port loses the target’s',
      { hostRewrite: 'new.test' },
      'http://127.0.0.1:PORT/x',
      'http://new.test/x',
    ],
    ['so does the client’s', AUTO, 'http://127.0.0.1:PORT/x', 'http://pub.test/x', 'pub.test'],
    [
      'a port that is no default of the new protocol',
      { hostRewrite: 'new.test:80', ...HTTPS },
      'http://127.0.0.1:PORT/x',
      'https://new.test:80/x',
    ],
    ['what cannot be parsed', AUTO, 'http://[bad', 'http://[bad'],
    ['a path that is relative to the request’s', AUTO, 'next?page=2', 'next?page=2'],
    ['an IPv6 host', AUTO, 'http://127.0.0.1:PORT/x', 'http://[::1]:99/x', '[::1]:99'],
  ];

  test.each(OTHERWISE)('%s', async (_what, options, location, wanted, host = 'pub.test') => {
    const target = await targetWith(302, [`Location: ${location}`]);
    for (const on of Object.values(WAYS)) {
      const lines = await answered(ours.createProxyServer, target, options, on, { host });
      expect(startingWith(lines, 'location')).toEqual([`location: ${wanted}`]);
    }
  });

  test.each([
    ['a URL', (url) => new URL(`${url}/base`)],
    ['parts', (url) => ({ host: '127.0.0.1', port: new URL(url).port })],
    ['an older URL', (url) => parse(url)],
  ])('a target in %s', async (_what, targetOf) => {
    const target = await targetWith(302, ['Location: http://127.0.0.1:PORT/x']);
    const options = { target: targetOf(target.url), ...AUTO };
    const lines = await answered(ours.createProxyServer, target, options);
    expect(startingWith(lines, 'location')).toEqual(['location: http://pub.test:8080/x']);
  });

  test('changeOrigin and headers do not change which host the client knows', async () => {
    const target = await targetWith(302, ['Location: http://127.0.0.1:PORT/x']);
    const options = { ...AUTO, changeOrigin: true, headers: { Host: 'chosen.test' } };
    for (const on of Object.values(WAYS)) {
      const lines = await answered(ours.createProxyServer, target, options, on);
      expect(startingWith(lines, 'location')).toEqual(['location: http://pub.test:8080/x']);
    }
  });

  test('a Location that a listener sets is rewritten, too', async () => {
    const target = await targetWith(200, []);
    const proxyRes = (response) => {
      response.statusCode = 302;
      response.headers.location = `${target.url}/set`;
    };
    const lines = await answered(ours.createProxyServer, target, AUTO, { proxyRes });
    expect(startingWith(lines, 'location')).toEqual(['location: http://pub.test:8080/set']);
  });
});

describe('cookies', () => {
  const COOKIES = [
    'Set-Cookie: a=1; Domain=old.test; Path=/base; Secure',
    'Set-Cookie: b=1;domain=.old.test;PATH=/base',
    'Set-Cookie: c=1; Path=/other; Domain=else.test; Domain=old.test',
    'Set-Cookie: d=1; Domain="old.test"; Path="/base"',
    'Set-Cookie: e=1; HttpOnly',
    'Set-Cookie: f=1; Domain=; Path=',
  ];
  const SAME = {
    'no rewriting': {},
    false: { cookieDomainRewrite: false, cookiePathRewrite: false },
    'one domain': { cookieDomainRewrite: 'new.test' },
    'no domain': { cookieDomainRewrite: '' },
    'one path': { cookiePathRewrite: '/new' },
    'no path': { cookiePathRewrite: '' },
    'domains by value': { cookieDomainRewrite: { 'old.test': 'new.test', '.old.test': '' } },
    'domains by value and all others': { cookieDomainRewrite: { 'old.test': 'new.test', '*': 'all.test' } },
    'all others without': {
      cookieDomainRewrite: { '*': null },
      cookiePathRewrite: { '/base': '/', '*': '' },
    },
    'a map of nothing': { cookieDomainRewrite: {}, cookiePathRewrite: {} },
    both: { cookieDomainRewrite: 'new.test', cookiePathRewrite: { '/base': '/new' } },
  };

  test.each(Object.keys(SAME))('as with the originals: %s', async (what) => {
    const target = await targetWith(200, COOKIES);
    const theirs = startingWith(await answered(h3.createProxyServer, target, SAME[what]), 'set-cookie');
    expect(theirs).toHaveLength(COOKIES.length);
    const httpxy = await ORIGINALS.httpxy();
    expect(startingWith(await answered(httpxy, target, SAME[what]), 'set-cookie')).toEqual(theirs);
    for (const on of Object.values(WAYS)) {
      const lines = await answered(ours.createProxyServer, target, SAME[what], on);
      expect(startingWith(lines, 'set-cookie')).toEqual(theirs);
    }
  });

  test('K-14 only what the map itself holds counts', async () => {
    const cookies = ['constructor', '__proto__', 'toString'].map((name) => `Set-Cookie: a=1; Domain=${name}`);
    const target = await targetWith(200, cookies);
    const unchanged = cookies.map((line) => line.replace('Set-Cookie', 'set-cookie'));
    const maps = [{}, { 'old.test': 'new.test' }, JSON.parse('{"__proto__":"evil.test"}')];
    for (const cookieDomainRewrite of maps) {
      const lines = await answered(ours.createProxyServer, target, { cookieDomainRewrite });
      const wanted = unchanged.map((line) =>
        Object.hasOwn(cookieDomainRewrite, '__proto__') ? line.replace('__proto__', 'evil.test') : line,
      );
      expect(startingWith(lines, 'set-cookie')).toEqual(wanted);
    }
  });

  test('a map that is edited counts from the next request on', async () => {
    const target = await targetWith(200, ['Set-Cookie: a=1; Domain=old.test']);
    const cookieDomainRewrite = { 'old.test': 'first.test' };
    const proxy = ours.createProxyServer({ target: target.url, cookieDomainRewrite });
    const { port } = await httpServer((req, res) => void proxy.web(req, res));
    const domain = async () =>
      readResponse(await rawExchange(port, lastRequest('GET /'))).values('set-cookie');
    expect(await domain()).toEqual(['a=1; Domain=first.test']);
    cookieDomainRewrite['old.test'] = 'second.test';
    expect(await domain()).toEqual(['a=1; Domain=second.test']);
    delete cookieDomainRewrite['old.test'];
    expect(await domain()).toEqual(['a=1; Domain=old.test']);
  });
});

describe('preserveHeaderKeyCase', () => {
  const FIELDS = [
    'X-Mixed-CASE: 1',
    'x-Twice: 1',
    'X-twice: 2',
    'SET-Cookie: a',
    'Set-COOKIE: b',
    'ETag: "x"',
  ];
  const shown = (lines) => lines.filter((line) => /^(x-|set-|etag|content-)/i.test(line)).sort();

  test.each([true, false])('%p: as with the originals', async (preserveHeaderKeyCase) => {
    const target = await targetWith(200, FIELDS);
    const options = { preserveHeaderKeyCase };
    const theirs = shown(await answered(h3.createProxyServer, target, options));
    expect(theirs).toHaveLength(6);
    expect(shown(await answered(await ORIGINALS.httpxy(), target, options))).toEqual(theirs);
    for (const [way, on] of Object.entries(WAYS)) {
      expect([way, shown(await answered(ours.createProxyServer, target, options, on))]).toEqual([
        way,
        theirs,
      ]);
    }
  });

  test('names that a listener writes stay as it wrote them', async () => {
    const target = await targetWith(200, FIELDS);
    const proxyRes = (response) => {
      response.headers['X-Written'] = 'here';
      delete response.headers.etag;
    };
    for (const preserveHeaderKeyCase of [true, false]) {
      const options = { preserveHeaderKeyCase };
      const theirs = shown(await answered(h3.createProxyServer, target, options, { proxyRes }));
      expect(theirs).toContain('X-Written: here');
      expect(shown(await answered(ours.createProxyServer, target, options, { proxyRes }))).toEqual(theirs);
    }
  });
});

/** What the target receives. */
async function received(createProxyServer, options, request, on = {}) {
  const target = await targetWith(200, []);
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
    const target = await targetWith(200, []);
    const proxy = ours.createProxyServer({ target: target.url, ssl: {} });
    const calls = [{ auth: 'user:secret' }, {}, undefined];
    const { port } = await httpServer((req, res) => void proxy.web(req, res, calls.shift()));
    while (calls.length > 0) await rawExchange(port, lastRequest('GET /'));
    const text = target.connections.map((connection) => connection.text).join('');
    expect(text.match(/^authorization/gim)).toHaveLength(1);
    expect(proxy.options.ssl).toEqual({});
  });

  test('it counts more than the target’s own credentials', async () => {
    const target = await targetWith(200, []);
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
    const target = await targetWith(200, []);
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
