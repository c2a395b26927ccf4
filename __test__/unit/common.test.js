'use strict';

/**
 * `lib/http-proxy/common` beside that of the originals. Each row says what ours gives and which of the originals give the same; the
 * others must give something else, so that the table stays true.
 */

const url = require('node:url');
const ours = require('rs-proxy-middleware/lib/http-proxy/common');
const HttpProxy = require('rs-proxy-middleware');

const ORIGINALS = {
  'http-proxy': { common: require('http-proxy/lib/http-proxy/common'), parse: legacyUrl },
  'http-proxy-3': {
    common: require('http-proxy-3/dist/lib/http-proxy/common'),
    parse: (text) => new URL(text),
  },
};
const BOTH = Object.keys(ORIGINALS);
const [HP, H3] = BOTH;

/** The form of target that http-proxy's own `web()` passes on. */
function legacyUrl(text) {
  return url.parse(text);
}

/** What a function gives, or the code of what it throws. */
function outcome(call) {
  try {
    return call();
  } catch (error) {
    return `throws ${error.code ?? error.name}`;
  }
}

/** @param {(common: object, original: object) => unknown} call */
function check(call, wanted, agreeing) {
  expect(outcome(() => call(ours, { parse: (text) => new URL(text) }))).toEqual(wanted);
  const same = Object.entries(ORIGINALS)
    .filter(([, original]) =>
      isEqual(
        outcome(() => call(original.common, original)),
        wanted,
      ),
    )
    .map(([name]) => name);
  expect(same).toEqual(agreeing);
}

function isEqual(a, b) {
  try {
    expect(a).toEqual(b);
    return true;
  } catch {
    return false;
  }
}

describe('urlJoin', () => {
  test.each([
    [['/base', '/a'], '/base/a', BOTH],
    [['/base/', '/a'], '/base/a', BOTH],
    [['/base', 'a'], '/base/a', BOTH],
    [['/base', '/'], '/base/', BOTH],
    [['/base', ''], '/base', BOTH],
    [['', '/a'], '/a', BOTH],
    [['/', '/a'], '/a', BOTH],
    [['/base', '/a?b=c'], '/base/a?b=c', BOTH],
    [['/base', '/a?b?c'], '/base/a?b?c', BOTH],
    // Queries belong behind the whole path, and slashes are the request's own.
    [['/base?k=v', '/a?q=1'], '/base/a?k=v&q=1', [H3]],
    [['/', '//x//y'], '//x//y', [H3]],
    [['/p', '/http://x.example//y'], '/p/http://x.example//y', [H3]],
    // A query that is empty is one all the same.
    [['/base', '/a?'], '/base/a?', [HP]],
  ])('of %j is %s', (parts, wanted, agreeing) => {
    check((common) => common.urlJoin(...parts), wanted, agreeing);
  });
});

describe('getPort', () => {
  test.each([
    ['a port', { host: 'example.com:8080' }, {}, '8080', BOTH],
    ['none', { host: 'example.com' }, {}, '80', BOTH],
    ['no host', {}, {}, '80', BOTH],
    ['none, encrypted', { host: 'example.com' }, { pair: true }, '443', BOTH],
    ['an authority', { ':authority': 'example.com:81' }, {}, '81', [H3]],
    // The originals take the second part of the address for the port.
    ['an IPv6 address with a port', { host: '[::1]:7777' }, {}, '7777', []],
    ['an IPv6 address without', { host: '[2001:db8::1]' }, {}, '80', []],
  ])('of a request with %s', (_what, headers, connection, wanted, agreeing) => {
    check((common) => common.getPort({ headers, connection }), wanted, agreeing);
  });
});

describe('hasEncryptedConnection', () => {
  test.each([
    ['a plain one', {}, false, BOTH],
    ['one with a pair', { pair: {} }, true, BOTH],
    // http-proxy-3 knows sockets of its own realm alone.
    ['one that says so', { encrypted: true }, true, [HP]],
  ])('%s', (_what, connection, wanted, agreeing) => {
    check((common) => common.hasEncryptedConnection({ connection }), wanted, agreeing);
  });
});

test('setupSocket sets what a tunnel needs and gives the socket back', () => {
  for (const { setupSocket } of [ours, ...Object.values(ORIGINALS).map(({ common }) => common)]) {
    const socket = { setTimeout: jest.fn(), setNoDelay: jest.fn(), setKeepAlive: jest.fn() };
    expect(setupSocket(socket)).toBe(socket);
    expect(socket.setTimeout).toHaveBeenCalledWith(0);
    expect(socket.setNoDelay).toHaveBeenCalledWith(true);
    expect(socket.setKeepAlive).toHaveBeenCalledWith(true, 0);
  }
});

describe('rewriteCookieProperty', () => {
  test.each([
    [
      'a=b; Domain=old.example; Path=/',
      { '*': 'new.example' },
      'domain',
      'a=b; Domain=new.example; Path=/',
      BOTH,
    ],
    ['a=b; domain=old.example', { 'old.example': 'new.example' }, 'domain', 'a=b; domain=new.example', BOTH],
    [
      'a=b; Domain=other.example',
      { 'old.example': 'new.example' },
      'domain',
      'a=b; Domain=other.example',
      BOTH,
    ],
    ['a=b; Domain=old.example; Secure', { '*': '' }, 'domain', 'a=b; Secure', BOTH],
    ['a=b;Path=/old', { '/old': '/new', '*': '/' }, 'path', 'a=b;Path=/new', BOTH],
    ['a=b; Path=/x', { '/old': '/new', '*': '/' }, 'path', 'a=b; Path=/', BOTH],
    ['a=b', { '*': 'new.example' }, 'domain', 'a=b', BOTH],
    [['a=b; Path=/a', 'c=d; Path=/b'], { '/a': '/z' }, 'path', ['a=b; Path=/z', 'c=d; Path=/b'], BOTH],
    // What every object inherits is in no map.
    ['a=b; Domain=constructor', { 'old.example': 'x' }, 'domain', 'a=b; Domain=constructor', []],
    ['a=b; Path=toString', { '*': '/' }, 'path', 'a=b; Path=/', []],
  ])('%j with %j', (header, config, property, wanted, agreeing) => {
    check((common) => common.rewriteCookieProperty(header, config, property), wanted, agreeing);
  });
});

describe('setupOutgoing', () => {
  const HOST = { host: 'me:8000' };
  const request = (more) => ({
    method: 'GET',
    url: '/a',
    headers: HOST,
    httpVersionMajor: 1,
    connection: {},
    ...more,
  });

  const PATHS = [
    ['http://t/base', '/a', {}, '/base/a', BOTH],
    ['http://t/base/', '/a', {}, '/base/a', BOTH],
    ['http://t/base', '/?q=1', {}, '/base/?q=1', BOTH],
    ['http://t/base?k=v', '/a?q=1', {}, '/base/a?k=v&q=1', [H3]],
    ['http://t/base?k=v', '/a', { ignorePath: true }, '/base?k=v', BOTH],
    ['http://t', '/a', { ignorePath: true }, '/', BOTH],
    ['http://t/base', '/a', { prependPath: false }, '/a', BOTH],
    ['http://t', '/a#b', {}, '/a', BOTH],
    ['http://t', '*', {}, '/*', BOTH],
    ['http://t/base', '', {}, '/base', BOTH],
    ['http://t/base', '?b=c', {}, '/base?b=c', BOTH],
    ['http://t', 'http://other/x?y', {}, '/x?y', BOTH],
    ['http://t', 'http://other', {}, '/', BOTH],
    ['http://t', 'http://other/x?y', { toProxy: true }, '/http://other/x?y', BOTH],
    ['http://t', '//x//y', {}, '//x//y', [H3]],
    // Nothing is resolved or encoded behind the application's back.
    ['http://t', '/a//b/../c%2Fd', {}, '/a//b/../c%2Fd', []],
    ['http://t', '/a/%2e%2e/c', {}, '/a/%2e%2e/c', [HP]],
    ['http://t', '/a"<>|^`{}', {}, '/a"<>|^`{}', [HP]],
    ['http://t', '/?p=%zz+\'"<>', {}, '/?p=%zz+\'"<>', [HP]],
    ['http://t', '/a?', {}, '/a?', [HP]],
    // A URL that is none is a path like any other.
    ['http://t', 'http://[/x', {}, '/x', []],
  ];
  test.each(PATHS)('%s and %s with %j: %s', (target, path, options, wanted, agreeing) => {
    const call = (common, { parse }) =>
      common.setupOutgoing({}, { target: parse(target), ...options }, request({ url: path })).path;
    check(call, wanted, agreeing);
  });

  const HOSTS = [
    ['http://t.example', 't.example', BOTH],
    ['http://t.example:8080', 't.example:8080', BOTH],
    ['https://t.example:8443', 't.example:8443', BOTH],
    ['http://[::1]:8080', '[::1]:8080', BOTH],
    // http-proxy keeps a port that says nothing.
    ['http://t.example:80', 't.example', [H3]],
    ['wss://t.example:443', 't.example', [H3]],
  ];
  test.each(HOSTS)('changeOrigin to %s sends Host: %s', (target, wanted, agreeing) => {
    const call = (common, { parse }) =>
      common.setupOutgoing({}, { target: parse(target), changeOrigin: true }, request()).headers.host;
    check(call, wanted, agreeing);
  });

  test.each([
    [{ host: 't.example', port: 8080, protocol: 'http:' }, 't.example:8080', BOTH],
    [{ host: 't.example', port: 80, protocol: 'http:' }, 't.example', BOTH],
    // Without a protocol it is http:, and without a host there is the name to connect to.
    [{ host: 't.example', port: 8080 }, 't.example:8080', []],
    [{ hostname: 't.example', port: 8080, protocol: 'http:' }, 't.example:8080', []],
    [{ hostname: '::1', port: 8080, protocol: 'http:' }, '[::1]:8080', []],
  ])('changeOrigin to %j sends Host: %s', (target, wanted, agreeing) => {
    const call = (common) => common.setupOutgoing({}, { target, changeOrigin: true }, request()).headers.host;
    check(call, wanted, agreeing);
  });

  test.each([
    ['https://t.example/x', { hostname: 't.example', rejectUnauthorized: true }, {}],
    ['https://t.example/x', { rejectUnauthorized: false, ca: 'PEM' }, { secure: false, ca: 'PEM' }],
    ['http://t.example:9000', { host: 't.example:9000', agent: false }, {}],
    [
      'http://t.example:9000',
      { method: 'PUT', localAddress: '127.0.0.2' },
      { method: 'PUT', localAddress: '127.0.0.2' },
    ],
    ['http://[::1]:9000', { hostname: '::1' }, {}],
  ])('%s gives %j, as the originals do', (target, wanted, options) => {
    const call = (common, { parse }) => {
      const outgoing = common.setupOutgoing({}, { target: parse(target), ...options }, request());
      return Object.fromEntries(Object.keys(wanted).map((name) => [name, outgoing[name]]));
    };
    check(call, wanted, BOTH);
  });

  // A text in http-proxy, which Node takes as well.
  test.each([
    ['http://t.example:9000', 9000, [H3]],
    // 0 stands for the usual one in http-proxy-3.
    ['https://t.example', 443, [HP]],
    ['ws://t.example', 80, [HP]],
  ])('%s is port %i', (target, wanted, agreeing) => {
    const call = (common, { parse }) => common.setupOutgoing({}, { target: parse(target) }, request()).port;
    check(call, wanted, agreeing);
  });

  const FIELDS = [
    ['nothing but a host', {}, {}, { host: 'me:8000', connection: 'close' }, BOTH],
    [
      'added ones',
      {},
      { headers: { 'x-a': ['b', 'c'] } },
      { host: 'me:8000', 'x-a': ['b', 'c'], connection: 'close' },
      BOTH,
    ],
    [
      'replaced ones',
      { 'x-a': '1' },
      { headers: { 'x-a': '2' } },
      { host: 'me:8000', 'x-a': '2', connection: 'close' },
      BOTH,
    ],
    // On the wire there is one field of that name in the originals, too: the last.
    [
      'ones of another case',
      { 'x-a': '1' },
      { headers: { 'X-A': '2' } },
      { host: 'me:8000', 'X-A': '2', connection: 'close' },
      [],
    ],
    // Node does not send what is not set; it throws.
    [
      'ones that are not set',
      {},
      { headers: { 'x-a': undefined } },
      { host: 'me:8000', connection: 'close' },
      BOTH,
    ],
    [
      'a body',
      { 'content-length': '3' },
      {},
      { host: 'me:8000', 'content-length': '3', connection: 'close' },
      BOTH,
    ],
    [
      'a chunked body',
      { 'transfer-encoding': 'chunked' },
      {},
      { host: 'me:8000', 'transfer-encoding': 'chunked', connection: 'close' },
      BOTH,
    ],
    [
      'an upgrade',
      { connection: 'keep-alive, Upgrade', upgrade: 'websocket' },
      {},
      { host: 'me:8000', upgrade: 'websocket', connection: 'keep-alive, Upgrade' },
      BOTH,
    ],
    [
      'credentials of ours',
      { authorization: 'Bearer x' },
      { auth: 'a:b' },
      { host: 'me:8000', connection: 'close' },
      [H3],
    ],
    // Fields about one connection stay there.
    [
      'fields about the connection',
      {
        connection: 'keep-alive, x-secret',
        'x-secret': '1',
        te: 'trailers',
        trailer: 'x',
        'keep-alive': '5',
        'proxy-authorization': 'x',
        cookie: 'a=b',
      },
      {},
      { host: 'me:8000', cookie: 'a=b', connection: 'close' },
      [],
    ],
    [
      'a Connection that nominates what is needed',
      { connection: 'host, cookie, content-length', cookie: 'a=b', 'content-length': '1' },
      {},
      { host: 'me:8000', cookie: 'a=b', 'content-length': '1', connection: 'close' },
      BOTH,
    ],
  ];
  test.each(FIELDS)('sends %s', (_what, headers, options, wanted, agreeing) => {
    const call = (common, { parse }) =>
      common.setupOutgoing(
        {},
        { target: parse('http://t'), ...options },
        request({ headers: { ...HOST, ...headers } }),
      ).headers;
    check(call, wanted, agreeing);
  });

  test('sends no pseudo fields of HTTP/2, and the authority as the host', () => {
    const headers = { ':method': 'GET', ':path': '/', ':scheme': 'https', ':authority': 'me', 'x-a': 'b' };
    const call = (common, { parse }) =>
      common.setupOutgoing({}, { target: parse('http://t') }, request({ headers, httpVersionMajor: 2 }))
        .headers;
    // http-proxy-3 leaves it to Node to say `connection: close`.
    check(call, { host: 'me', 'x-a': 'b', connection: 'close' }, []);
  });

  test('a Host in another case than changeOrigin writes is the last word', () => {
    const options = { target: new URL('http://t'), changeOrigin: true, headers: { Host: 'chosen' } };
    expect(ours.setupOutgoing({}, options, request()).headers).toEqual({
      Host: 'chosen',
      connection: 'close',
    });
  });

  test('an agent leaves the connection to Node', () => {
    const agent = {};
    const outgoing = ours.setupOutgoing({}, { target: new URL('http://t'), agent }, request());
    expect(outgoing.agent).toBe(agent);
    expect(outgoing.headers).toEqual(HOST);
  });

  test('takes the forward leg, edits the object it is given, and leaves the request alone', () => {
    const outgoing = { kept: true };
    const req = request({ headers: { ...HOST, te: 'trailers' } });
    const options = { target: new URL('http://t'), forward: new URL('http://f:9001/base') };
    expect(ours.setupOutgoing(outgoing, options, req, 'forward')).toBe(outgoing);
    expect(outgoing).toMatchObject({
      kept: true,
      hostname: 'f',
      port: 9001,
      path: '/base/a',
      url: 'http://f:9001/base',
    });
    expect(req.headers).toEqual({ ...HOST, te: 'trailers' });
  });
});

test('lib/http-proxy is the main entry, and its index the constructor and what makes web and ws', () => {
  expect(require('rs-proxy-middleware/lib/http-proxy')).toBe(HttpProxy);
  const { Server, createRightProxy } = require('rs-proxy-middleware/lib/http-proxy/index.js');
  expect(Server).toBe(HttpProxy);
  expect(createRightProxy('web')({ target: 'http://127.0.0.1:1' })).toBeInstanceOf(Function);
  expect(createRightProxy('ws')({ target: 'http://127.0.0.1:1' })).toBeInstanceOf(Function);
  expect(() => createRightProxy('wss')).toThrow('type must be');
});
