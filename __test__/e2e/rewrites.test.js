'use strict';

/**
 * The options that rewrite responses: redirects, cookies, the case of names. On the wire, beside the originals that have them; each of ours with
 * and without `proxyRes` listeners, which are two ways through the engine.
 */

// What users of http-proxy have in hand.
const { parse } = require('node:url');
const h3 = require('http-proxy-3');
const ours = require('../../index.js');
const { closeAll, httpServer, rawExchange, rawTarget } = require('../support/peers.js');
const { lastRequest, readResponse } = require('../support/messages.js');
const { WAYS } = require('../support/ways.js');

afterEach(closeAll);

const ORIGINALS = {
  'http-proxy-3': async () => h3.createProxyServer,
  httpxy: async () => (await import('httpxy')).createProxyServer,
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
