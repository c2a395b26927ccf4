'use strict';

/** Targets that are none, odd ones, and objects that are no plain data (reliability rows K-01 to K-03 and K-17). */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
// What users of http-proxy have in hand.
const { parse } = require('node:url');
const { createProxyMiddleware, createProxyServer } = require('../../index.js');
const {
  answeringTarget,
  closeAll,
  httpServer,
  onCleanUp,
  rawExchange,
  rawTarget,
} = require('../support/peers.js');
const { FACES, proxyServer } = require('../support/faces.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const MAKERS = [
  ['createProxyServer', createProxyServer],
  ['createProxyMiddleware', createProxyMiddleware],
];
/** Both, with the options object itself. */
const SERVERS = [
  [
    'createProxyServer',
    (options) => {
      const proxy = createProxyServer(options);
      return httpServer((req, res) => proxy.web(req, res));
    },
  ],
  ['createProxyMiddleware', (options) => httpServer(createProxyMiddleware(options))],
];
const REFUSAL = { name: 'TypeError', code: 'ERR_PROXY_INVALID_OPTION', option: 'target' };

afterEach(closeAll);

/** What a target gets of `GET /a?q=1` through a proxy. */
async function requestOf(target, options, face = proxyServer) {
  const { port } = await face(options);
  const answer = readResponse(await rawExchange(port, lastRequest('GET /a?q=1')));
  expect(answer).toMatchObject({ status: 200, body: 'ok' });
  return readRequest(target.connections.at(-1).text);
}

/** A target on a Unix socket. */
async function unixTarget() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'k-'));
  onCleanUp(() => fs.rmSync(folder, { recursive: true }));
  const socketPath = path.join(folder, 'socket');
  const target = await rawTarget(
    (connection) => connection.onRequest(() => connection.socket.write(OK)),
    socketPath,
  );
  return { ...target, socketPath };
}

describe('K-01 what is no target', () => {
  const NONE = [5, true, '', 'foo', '//x', '/x', 'http://', 'http://[::1', 'http://a b', 'http://a:b'];
  const OTHER_SCHEMES = ['ftp://x', 'file:///etc/passwd', 'javascript:1', 'data:,x', 'localhost:80'];
  const rows = MAKERS.flatMap(([name, make]) =>
    [...NONE, ...OTHER_SCHEMES].map((target) => [name, target, make]),
  );

  test.each(rows)('K-01 %s refuses the target %p at once', (_name, target, make) => {
    expect(() => make({ target })).toThrow(expect.objectContaining(REFUSAL));
  });

  test.each(NONE)(
    'K-01 web() refuses the target %p at once, and the request can still be answered',
    async (target) => {
      const { port } = await proxyServer(
        {},
        {
          app: (req, res) => {
            expect(() => proxy.web(req, res, { target })).toThrow(expect.objectContaining(REFUSAL));
            res.end('refused');
          },
        },
      );
      const proxy = createProxyServer();
      expect(readResponse(await rawExchange(port, lastRequest('GET /')))).toMatchObject({ body: 'refused' });
    },
  );

  test.each([[undefined], [null]])(
    'K-01 a target that is %p is missing: the request fails, nothing else',
    async (target) => {
      const { port, events } = await proxyServer({ target });
      expect(readResponse(await rawExchange(port, lastRequest('GET /')))).toMatchObject({ status: 500 });
      expect(events.map(({ error }) => [error instanceof Error, /target/.test(error.message)])).toEqual([
        [true, true],
      ]);
      const callback = await proxyServer(
        { target },
        { app: (req, res) => callback.proxy.web(req, res, (error) => res.end(`told ${error.code}`)) },
      );
      const told = readResponse(await rawExchange(callback.port, lastRequest('GET /')));
      expect(told).toMatchObject({ status: 200, body: 'told ERR_PROXY_NO_TARGET' });
    },
  );

  test.each([[undefined], [null]])(
    'K-01 createProxyMiddleware says at once that a target that is %p is missing',
    (target) => {
      expect(() => createProxyMiddleware({ target })).toThrow('[HPM] Missing "target" option.');
    },
  );
});

describe('K-02 odd targets', () => {
  test.each([
    ['port 0', 'http://127.0.0.1:0'],
    ['port 65536', 'http://127.0.0.1:65536'],
    ['a negative port', 'http://127.0.0.1:-1'],
    ['a port that is no number', 'http://127.0.0.1:80x'],
    ['an IPv6 zone', 'http://[fe80::1%25lo]:80'],
    ['port 0 in parts', { host: '127.0.0.1', port: 0 }],
    ['port 65536 in parts', { host: '127.0.0.1', port: 65536 }],
    ['port NaN in parts', { host: '127.0.0.1', port: NaN }],
    ['port Infinity in parts', { host: '127.0.0.1', port: Infinity }],
    ['a negative port in parts', { host: '127.0.0.1', port: -1 }],
    ['a fraction of a port in parts', { host: '127.0.0.1', port: 80.5 }],
    ['a port that is no number in parts', { host: '127.0.0.1', port: '80x' }],
    ['a port with credentials in parts', { host: '127.0.0.1', port: '80@evil.test' }],
    ['a port with a path in parts', { host: '127.0.0.1', port: '80/x' }],
    ['a protocol with a host in parts', { protocol: 'http://evil.test/', host: '127.0.0.1', port: 80 }],
    ['an IPv6 zone in parts', { host: 'fe80::1%lo', port: 80 }],
    ['a host with credentials in parts', { host: 'a@evil.test', port: 80 }],
    ['a host with a path in parts', { host: 'evil.test/', port: 80 }],
    ['a host with a query in parts', { host: 'evil.test?', port: 80 }],
    ['a host with a fragment in parts', { host: 'evil.test#', port: 80 }],
    ['a host with a backslash in parts', { host: 'evil.test\\', port: 80 }],
    ['a host with a space in parts', { host: 'a b', port: 80 }],
    ['a host with a line end in parts', { host: 'a\r\nX: y', port: 80 }],
  ])('K-02 %s is refused', (_case, target) => {
    for (const [, make] of MAKERS) expect(() => make({ target })).toThrow(expect.objectContaining(REFUSAL));
  });
});

describe.each(FACES)('%s', (_name, face) => {
  test.each([
    ['a path', '/base', 'GET /base/a?q=1 HTTP/1.1'],
    ['a path and a query', '/base?k=v', 'GET /base/a?k=v&q=1 HTTP/1.1'],
    ['a query', '?k=v', 'GET /a?k=v&q=1 HTTP/1.1'],
    ['a fragment, which is not sent', '/base#frag', 'GET /base/a?q=1 HTTP/1.1'],
  ])('K-02 %s', async (_case, suffix, line) => {
    const target = await answeringTarget(OK);
    const { start } = await requestOf(target, { target: `${target.url}${suffix}` }, face);
    expect(start).toBe(line);
  });

  test('K-02 credentials are sent as such, and are not part of the host', async () => {
    const target = await answeringTarget(OK);
    const where = `http://us%C3%A9r:s%3Acret@127.0.0.1:${target.port}`;
    const request = await requestOf(target, { target: where, changeOrigin: true }, face);
    const [scheme, value] = request.values('authorization')[0].split(' ');
    expect([scheme, Buffer.from(value, 'base64').toString()]).toEqual(['Basic', 'usér:s:cret']);
    expect(request.values('authorization')).toHaveLength(1);
    expect(request.values('host')).toEqual([`127.0.0.1:${target.port}`]);
    expect(request.start).toBe('GET /a?q=1 HTTP/1.1');
  });

  const SIX = (connection) => connection.onRequest(() => connection.socket.write(OK));

  test.each([
    ['a URL', ({ port }) => `http://[::1]:${port}`],
    ['parts with brackets', ({ port }) => ({ host: '[::1]', port })],
    ['parts without brackets', ({ port }) => ({ host: '::1', port })],
  ])('K-02 an IPv6 address in %s', async (_case, of) => {
    const target = await rawTarget(SIX, 0, '::1');
    const { start } = await requestOf(target, { target: of(target) }, face);
    expect(start).toBe('GET /a?q=1 HTTP/1.1');
  });

  test.each([
    ['alone', ({ socketPath }) => ({ socketPath })],
    ['with a host and a port', ({ socketPath }) => ({ host: 'localhost', port: 1, socketPath })],
    ['beside a URL', ({ socketPath }) => Object.assign(new URL('http://localhost:1'), { socketPath })],
    [
      'beside a URL of another scheme',
      ({ socketPath }) => Object.assign(new URL('http+unix://socket'), { socketPath }),
    ],
  ])('K-02 a Unix socket %s', async (_case, of) => {
    const target = await unixTarget();
    const { start } = await requestOf(target, { target: of(target) }, face);
    expect(start).toBe('GET /a?q=1 HTTP/1.1');
  });

  test('K-02 a Unix socket that is not there fails the request', async () => {
    const codes = [];
    const on = { error: ({ code }, _req, res) => [codes.push(code), res.writeHead(502).end()] };
    const { port } = await face({ target: { socketPath: '/nowhere/socket' }, on });
    expect(readResponse(await rawExchange(port, lastRequest('GET /')))).toMatchObject({ status: 502 });
    expect(codes).toEqual(['ENOENT']);
  });

  test.each([
    ['an IPv6 address', 'http://[::1]:8080', '[::1]:8080'],
    ['an IPv6 address and the default port', 'http://[::1]', '[::1]'],
    ['the default port', 'http://target.test', 'target.test'],
    ['the default port, said', 'http://target.test:80', 'target.test'],
    ['the other default port', 'http://target.test:443', 'target.test:443'],
    ['another port', 'http://target.test:8080', 'target.test:8080'],
    ['an international name', 'http://bücher.test', 'xn--bcher-kva.test'],
    ['parts', { host: 'target.test', port: 8080 }, 'target.test:8080'],
    ['parts with an IPv6 address', { host: '::1', port: 8080 }, '[::1]:8080'],
    ['parts with the default port', { host: 'target.test', port: 80 }, 'target.test'],
    ['nothing but the socket', {}, 'localhost'],
  ])('K-17 over a Unix socket with %s', async (_case, where, host) => {
    const { socketPath, ...target } = await unixTarget();
    const place =
      typeof where === 'string' ? Object.assign(new URL(where), { socketPath }) : { ...where, socketPath };
    const request = await requestOf(target, { target: place, changeOrigin: true }, face);
    expect(request.values('host')).toEqual([host]);
  });

  test('K-17 to an IPv6 address', async () => {
    const target = await rawTarget(
      (connection) => connection.onRequest(() => connection.socket.write(OK)),
      0,
      '::1',
    );
    const request = await requestOf(
      target,
      { target: `http://[::1]:${target.port}`, changeOrigin: true },
      face,
    );
    expect(request.values('host')).toEqual([`[::1]:${target.port}`]);
  });
});

describe('K-03 objects that are no plain data', () => {
  const parts = (url) => ({ protocol: 'http:', host: '127.0.0.1', port: new URL(url).port });
  const cyclic = (value) => Object.assign(value, { self: value, list: [value] });

  test.each([
    ['a URL', (url) => new URL(url)],
    ['a URL of the older kind', (url) => parse(url)],
    ['a frozen object', (url) => Object.freeze(parts(url))],
    ['an object without a prototype', (url) => Object.assign(Object.create(null), parts(url))],
    ['an object that inherits its parts', (url) => Object.create(parts(url))],
    ['a Proxy of an object', (url) => new Proxy(parts(url), {})],
    ['a Proxy of a URL of the older kind', (url) => new Proxy(parse(url), {})],
    ['a cyclic object', (url) => cyclic(parts(url))],
  ])('K-03 a target that is %s', async (_case, of) => {
    const target = await answeringTarget(OK);
    for (const [, face] of FACES) {
      const { start } = await requestOf(target, { target: of(target.url) }, face);
      expect(start).toBe('GET /a?q=1 HTTP/1.1');
    }
  });

  test.each([
    ['frozen', (options) => Object.freeze(options)],
    ['without a prototype', (options) => Object.assign(Object.create(null), options)],
    ['a Proxy', (options) => new Proxy(options, {})],
    ['cyclic', cyclic],
  ])('K-03 options that are %s', async (_case, of) => {
    const target = await answeringTarget(OK);
    for (const [, serve] of SERVERS) {
      const { start } = await requestOf(target, of({ target: target.url, xfwd: true }), serve);
      expect(start).toBe('GET /a?q=1 HTTP/1.1');
    }
  });

  const failing = (object, name) =>
    Object.defineProperty(object, name, {
      enumerable: true,
      get() {
        throw new RangeError(`of ${name}`);
      },
    });
  const deaf = new Proxy(
    {},
    {
      get() {
        throw new RangeError('of the trap');
      },
    },
  );

  test.each(
    MAKERS.flatMap(([name, make]) => [
      [name, 'an option that throws', make, () => failing({ target: 'http://127.0.0.1:1' }, 'xfwd')],
      [name, 'a target with a part that throws', make, () => ({ target: failing({ port: 1 }, 'host') })],
      [name, 'a target whose traps throw', make, () => ({ target: deaf })],
    ]),
  )('K-03 %s: what %s throws is thrown when the proxy is made', (_name, _case, make, options) => {
    expect(() => make(options())).toThrow(/^of /);
  });

  test('K-03 an option that throws later fails that call alone', async () => {
    const target = await answeringTarget(OK);
    let isBroken = false;
    const proxy = createProxyServer({
      target: target.url,
      get headers() {
        if (isBroken) throw new RangeError('of headers');
        return { 'x-a': '1' };
      },
    });
    const failed = (res) => (error) => res.writeHead(500).end(error.message);
    const { port } = await httpServer((req, res) => {
      isBroken = req.url === '/broken';
      try {
        proxy.web(req, res, failed(res));
      } catch (error) {
        failed(res)(error);
      }
    });
    const answers = [];
    for (const url of ['/a', '/broken', '/b']) {
      const { status, body } = readResponse(await rawExchange(port, lastRequest(`GET ${url}`)));
      answers.push(`${status} ${body}`);
    }
    expect(answers).toEqual(['200 ok', '500 of headers', '200 ok']);
  });
});
