'use strict';

/**
 * Options that cannot be honoured are refused by name, when a proxy is made and with every call. What is unknown is said once.
 */

const http = require('node:http');
const { createProxyMiddleware, createProxyServer } = require('../../index.js');
const { closeAll, httpServer, rawExchange } = require('../support/peers.js');
const { runChild } = require('../support/child.js');
const { lastRequest } = require('../support/messages.js');

afterEach(closeAll);

const GET = lastRequest('GET /a');

/** What cannot be honoured, under the name of the option that says so. */
const REFUSED = {
  agent: [new http.Agent(), true, 'x', {}, { addRequest: 5 }],
  allowDuplicateHost: [1, 'true'],
  auth: [5, true, {}],
  autoRewrite: ['true', 1],
  buffer: [{}, 'text', 5],
  ca: [
    5,
    true,
    [],
    [5],
    {},
    'no certificate',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  ],
  cert: ['x'],
  changeOrigin: ['true', 1, {}],
  ciphers: [5, true, 'no such cipher'],
  connectTimeout: ['5', -1, NaN, Infinity, 2 ** 31, true],
  cookieDomainRewrite: [true, 5, ['x'], { '*': 5 }, { '*': 'a\r\nb' }, 'caf\u0113', { old: 'a\0' }],
  cookiePathRewrite: [true, '/\n'],
  fetch: ['true', 5, {}],
  fetchOptions: [5, 'x', true],
  followRedirects: ['true', -1, 1.5],
  forward: [5, true, ['http://h', 'http://i']],
  headers: ['x: y', 5, true, { a: Symbol('s') }, { a: () => {} }, { a: ['1', Symbol('s')] }],
  hookTimeout: ['5', -1],
  hostRewrite: [5, 'a b', 'a/b', 'http://a', 'u@a', 'a:99999', 'a:x', '[::1', ':80'],
  http2: ['true', 'h2', 2, {}],
  ignorePath: ['false', 0],
  key: ['x'],
  localAddress: ['localhost', '127.0.0.256', '127.0.0.1:80', 5],
  maxVersion: [5, 'SSLv3', 'TLSv1.4'],
  method: ['PO ST', 'POST\r\n', 5],
  minVersion: [5, 'SSLv3'],
  pfx: ['x'],
  preserveHeaderKeyCase: ['yes', 1],
  prependPath: ['false', 0],
  protocolRewrite: ['ftp', 'https://', true],
  proxyTimeout: ['5', -1, NaN],
  retry: [
    5,
    true,
    [],
    { times: 3 },
    { attempts: 0 },
    { attempts: 1.5 },
    { attempts: '3' },
    { methods: 'GET' },
    { methods: ['PO ST'] },
    { statuses: 503 },
    { statuses: [200] },
    { statuses: ['503'] },
  ],
  secure: ['false', 0],
  secureProtocol: [5, true, 'no_method'],
  selfHandleResponse: ['yes'],
  ssl: ['x', true, { ca: 5 }, { ca: 'no certificate' }],
  target: [
    5,
    true,
    '',
    'no url',
    '/path',
    'localhost:80',
    'ftp://h',
    'http://h:99999',
    'http://',
    'http://h:0',
    { port: 'x' },
    { port: 0 },
    { port: NaN },
    { port: {} },
    { host: 5 },
    { host: 'a/b' },
    { host: 'u@h' },
    { host: 'fe80::1%eth0' },
    { protocol: 'ftp:', host: 'h' },
    { host: 'h', path: 5 },
    { host: 'h', socketPath: 5 },
    { host: 'h', auth: 5 },
    { host: 'h', ca: 5 },
    'unix+http:///path',
    [],
    [5],
    [['http://h']],
    ['http://h', 'ftp://h'],
  ],
  throwOnUnhandledError: [1],
  timeout: ['5', -1],
  timeouts: [5, 'x', [], { first: 5 }, { head: '5' }, { idle: -1 }, { total: NaN }, { connect: null }],
  toProxy: ['yes', 1],
  tunnelTimeout: ['5', -1],
  upgradeTimeout: ['5', -1],
  ws: ['yes', 1],
  xfwd: ['yes', 1],
  xfwdWsProtoAsHttp: ['yes', 1],
};

const ROWS = Object.entries(REFUSED).flatMap(([name, values]) => values.map((value) => [name, value]));
const GOOD_TARGET = { target: 'https://127.0.0.1:1' };

describe('what cannot be honoured is refused by name', () => {
  function expectRefusal(call, name) {
    let thrown;
    try {
      call();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(TypeError);
    expect(thrown).toMatchObject({ code: 'ERR_PROXY_INVALID_OPTION', option: name });
    expect(thrown.message).toMatch(new RegExp(`\\b${name}\\b`));
  }

  test.each(ROWS)('%s: %p', async (name, value) => {
    const bad = { ...GOOD_TARGET, [name]: value };
    expectRefusal(() => createProxyServer(bad), name);
    expectRefusal(() => createProxyMiddleware(bad), name);

    const proxy = createProxyServer(GOOD_TARGET);
    const { port } = await httpServer((req, res) => {
      expectRefusal(() => proxy.web(req, res, { [name]: value }), name);
      res.end('refused');
    });
    expect(await rawExchange(port, GET)).toMatch(/refused$/);
  });

  test.each([undefined, null, false])('what is %p asks for nothing', (value) => {
    const names = ['agent', 'auth', 'forward', 'nonsense', 'ssl', 'ws'];
    const options = Object.fromEntries(names.map((name) => [name, value]));
    expect(createProxyServer({ ...GOOD_TARGET, ...options }).options).toMatchObject(options);
  });

  test.each([
    ['logger', {}],
    ['on', { proxyReq: {} }],
    ['onProxyReq', {}],
    ['plugins', {}],
    ['router', new Map()],
  ])('the middleware refuses what it would otherwise let through: %s', (name, value) => {
    expectRefusal(() => createProxyMiddleware({ ...GOOD_TARGET, [name]: value }), name);
  });

  test('what is empty asks for nothing, where it is a text', () => {
    const names = ['auth', 'ca', 'hostRewrite', 'localAddress', 'method', 'protocolRewrite'];
    const options = Object.fromEntries(names.map((name) => [name, '']));
    expect(createProxyServer({ ...GOOD_TARGET, ...options }).options).toMatchObject(options);
  });

  test('what is unknown is passed by, and said once', async () => {
    const { code, stderr } = await runChild('unknown-options.js', {
      env: { NODE_DEBUG: 'rs-proxy-middleware' },
    });
    expect(code).toBe(0);
    expect(stderr.match(/The option nonsense is not known/g)).toHaveLength(1);
    expect(stderr.match(/The option __proto__ is not known/g)).toHaveLength(1);
    expect(stderr).not.toMatch(/The option (rewrite|target) /);
  });

  test.each(['cert', 'ciphers', 'key', 'pfx', 'secureProtocol'])(
    'the TLS setting %s of a target in parts',
    (name) => {
      const target = { protocol: 'https:', host: '127.0.0.1', port: 1, [name]: 'x' };
      expect(() => createProxyServer({ target })).toThrow(
        expect.objectContaining({ code: 'ERR_PROXY_INVALID_OPTION', message: expect.stringMatching(name) }),
      );
    },
  );

  test('an option that is added later', async () => {
    const proxy = createProxyServer({ ...GOOD_TARGET });
    proxy.options.http2 = 'h2';
    const { port } = await httpServer((req, res) => {
      expectRefusal(() => proxy.web(req, res), 'http2');
      res.end('refused');
    });
    expect(await rawExchange(port, GET)).toMatch(/refused$/);
  });
});
