'use strict';

/** Targets, hosts, and what a request says of its way, through the native door (reliability rows A-54 to A-62 and A-70 to A-78). */

const { closeAll, closedPort, rawExchange } = require('../support/peers.js');
const { doorTo, forwarded, isOverTls, openDoor, refused } = require('../support/doors.js');
const { lastRequest, readResponse } = require('../support/messages.js');

afterEach(closeAll);

const get = (...lines) => lastRequest('GET /', lines);
const withHost = (...hosts) =>
  `GET / HTTP/1.1\r\n${hosts.map((host) => `Host: ${host}\r\n`).join('')}Connection: close\r\n\r\n`;
const VIA = /^1\.1 rs-proxy-[0-9a-f]{8}$/;

describe('hosts and targets', () => {
  test.each([
    [],
    ['a', 'a'],
    ['a', 'b'],
    ...['a,b', 'a b', 'a/b', 'u@a', 'a:99999', '[::1', '', 'a'.repeat(300), 'a\0', 'a.kallus\0.b'].map(
      (host) => [host],
    ),
  ])('A-54 the hosts %j %s are refused', async (...hosts) => {
    expect(await refused(withHost(...hosts))).toBe(400);
  });

  test('A-54 HTTP/1.0 needs no host: the target is named', async () => {
    const { target, port } = await doorTo();
    await rawExchange(port, 'GET / HTTP/1.0\r\n\r\n');
    expect(target.connections[0].text).toContain(`host: 127.0.0.1:${target.port}\r\n`);
  });

  test('A-55 the host of an absolute target counts', async () => {
    const { request } = await forwarded(lastRequest('GET http://other:81/a?b'));
    expect(request.start).toBe('GET /a?b HTTP/1.1');
    expect(request.values('host')).toEqual(['other:81']);
  });

  test.each(['ftp://me/', 'https://me/', 'http://u@me/', 'http://', 'http:///a'])(
    'A-56 %s is refused',
    async (url) => {
      expect(await refused(lastRequest(`GET ${url}`))).toBe(400);
    },
  );

  test.each(['*', 'me:80', 'admin', '?a', ''])('A-57 the target %j of a GET is refused', async (target) => {
    expect(await refused(lastRequest(`GET ${target}`))).toBe(400);
  });

  test.each(['me:80', '/', 'http://me/'])('A-57 CONNECT %s is not offered', async (target) => {
    expect(await refused(lastRequest(`CONNECT ${target}`))).toBe(405);
  });

  test.each([
    '//evil/x',
    '/a/../b',
    '/a/%2e%2e/b',
    '/a/..%2fb',
    '/a/..;/b',
    '/%00',
    '/%zz',
    '/%25%32%65',
    '/a|b^c',
  ])('A-58 A-59 the path %s is forwarded byte for byte', async (path) => {
    expect((await forwarded(lastRequest(`GET ${path}`))).request.start).toBe(`GET ${path} HTTP/1.1`);
  });

  test('A-59 a backslash in a path is refused', async () => {
    expect(await refused(lastRequest('GET /a\\..\\b'))).toBe(400);
  });

  test.each(['/a#b', '/a?b#c', 'http://me/#a', 'http://me#a'])(
    'A-60 the fragment of %s is refused',
    async (target) => {
      expect(await refused(lastRequest(`GET ${target}`))).toBe(400);
    },
  );

  test.each(['/\xe9', '/"', '/<', '/>', '/{', '/}', '/`', '/?\xe9', '/?"', '/?<', '/?>'])(
    'A-61 the characters of %s must be encoded',
    async (target) => {
      expect(await refused(lastRequest(`GET ${target}`))).toBe(400);
    },
  );

  test('A-61 a query may have what browsers leave in it', async () => {
    const target = "/?a={b|c}^d`e\\f'g[h]";
    expect((await forwarded(lastRequest(`GET ${target}`))).request.start).toBe(`GET ${target} HTTP/1.1`);
  });

  test.each(['ME', 'me.', 'me:80', 'xn--bcher-kva.example', '[::1]:80'])(
    'A-62 the host %s is forwarded',
    async (host) => {
      expect((await forwarded(withHost(host))).request.values('host')).toEqual([host]);
    },
  );
});

describe('semantics and trust', () => {
  test('A-70 a client cannot nominate our fields away', async () => {
    const { request } = await forwarded(
      lastRequest('GET /', ['Connection: X-Forwarded-For, X-Auth, Via', 'X-Auth: 1', 'Via: 1.1 a']),
      { options: { xfwd: true, headers: { 'x-added': '1' } } },
    );
    expect(request.values('x-auth')).toEqual([]);
    expect(request.values('x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(request.values('x-added')).toEqual(['1']);
    expect(request.values('via')).toEqual([expect.stringMatching(/^1\.1 a, 1\.1 rs-proxy-[0-9a-f]{8}$/)]);
  });

  test('A-71 what a request cannot do without stays', async () => {
    const lines = [
      'Connection: host, content-length, cookie, authorization',
      'Cookie: a=1',
      'Authorization: x',
    ];
    const { request } = await forwarded(lastRequest('POST /', [...lines, 'Content-Length: 5'], 'hello'));
    expect(request).toMatchObject({ framing: 'length', body: 'hello' });
    expect(request.values('cookie')).toEqual(['a=1']);
    expect(request.values('authorization')).toEqual(['x']);
  });

  test('A-72 a thousand nominations, and some that are no names', async () => {
    const names = Array.from({ length: 1000 }, (_, i) => `X-${i}`).join(', ');
    const { request } = await forwarded(
      get(`Connection: ${names}`, 'Connection: \xe9\xff', 'X-0: 1', 'Y: 1'),
    );
    expect(request.values('x-0')).toEqual([]);
    expect(request.values('y')).toEqual(['1']);
  });

  test('A-73 fields of one hop end here', async () => {
    const lines = [
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'TE: gzip',
      'Proxy-Authorization: x',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABk',
      'Connection: Upgrade, HTTP2-Settings',
    ];
    const { request } = await forwarded(get(...lines));
    expect(request.fields.map(([name]) => name).sort()).toEqual(['connection', 'host', 'via']);
  });

  const CLAIMS = ['For', 'Proto', 'Host', 'Port', 'Prefix'].map((what) => `X-Forwarded-${what}: 1`);
  const MORE_CLAIMS = [
    'X-Real-IP: 1',
    'Forwarded: for=1',
    'Early-Data: 1',
    'X_Forwarded_For: 1',
    'X-Forwarded_Host: 1',
  ];

  test('A-74 what an untrusted client claims is removed, and said anew', async () => {
    const { request } = await forwarded(get(...CLAIMS, ...MORE_CLAIMS), { options: { xfwd: true } });
    expect(request.fields.filter(([name]) => /forwarded|real|early/.test(name))).toEqual([
      ['x-forwarded-for', '127.0.0.1'],
      ['x-forwarded-port', isOverTls() ? '443' : '80'],
      ['x-forwarded-proto', isOverTls() ? 'https' : 'http'],
      ['x-forwarded-host', 'me'],
    ]);
  });

  test('A-74 what a trusted one claims is added to', async () => {
    const settings = { trustProxy: true };
    const { request } = await forwarded(get(...CLAIMS, ...MORE_CLAIMS), {
      options: { xfwd: true },
      settings,
    });
    expect(request.values('x-forwarded-for')).toEqual(['1,127.0.0.1']);
    expect(request.values('x-real-ip')).toEqual(['1']);
    expect(request.fields.map(([name]) => name).filter((name) => name.includes('_'))).toEqual([]);
  });

  test('A-75 long and odd lists do no harm', async () => {
    const list = `${'1.2.3.4, '.repeat(2000)}[fe80::1%25eth0]:80, "x`;
    const settings = { trustProxy: true };
    const { request } = await forwarded(get(`X-Forwarded-For: ${list}`), {
      options: { xfwd: true },
      settings,
    });
    expect(request.values('x-forwarded-for')).toEqual([`${list},127.0.0.1`]);
  });

  test('A-76 a request that goes round in circles is ended', async () => {
    const first = await forwarded(get());
    expect(first.request.values('via')).toEqual([expect.stringMatching(VIA)]);
    // A door that is its own target.
    const port = await closedPort();
    const target = `${isOverTls() ? 'https' : 'http'}://127.0.0.1:${port}`;
    const circle = await openDoor({ target, secure: false }, { port });
    expect(readResponse(await rawExchange(circle.port, get()))).toMatchObject({
      status: 508,
      isComplete: true,
    });
    expect(circle.proxy.stats().door).toMatchObject({ forwarded: 5, refused: 1 });
  });

  test('A-77 OPTIONS ends where Max-Forwards says', async () => {
    const { target, port } = await doorTo();
    for (const bytes of [lastRequest('OPTIONS /', ['Max-Forwards: 0']), lastRequest('OPTIONS *')])
      expect(readResponse(await rawExchange(port, bytes))).toMatchObject({
        status: 200,
        isComplete: true,
        rest: '',
      });
    expect(target.connections).toHaveLength(0);
    const { request } = await forwarded(lastRequest('OPTIONS /', ['Max-Forwards: 3']));
    expect(request.values('max-forwards')).toEqual(['2']);
    expect(await refused(lastRequest('TRACE /', ['Max-Forwards: 0']))).toBe(405);
  });

  test('A-78 fields with names of Object.prototype are fields', async () => {
    const names = ['__proto__', 'constructor', 'hasownproperty'];
    const { request } = await forwarded(get(...names.map((name) => `${name}: 1`)));
    for (const name of names) expect(request.values(name)).toEqual(['1']);
  });
});
