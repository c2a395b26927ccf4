'use strict';

/** Options that cannot be honoured are refused by name, when a proxy is made and with every call, and never ignored. */

const http = require('node:http');
const { createProxyMiddleware, createProxyServer } = require('../../index.js');
const { closeAll, httpServer, rawExchange } = require('../support/peers.js');
const { lastRequest } = require('../support/messages.js');

afterEach(closeAll);

const GET = lastRequest('GET /a');

/** What cannot be honoured, under the name of the option that says so. */
const REFUSED = {
  agent: [new http.Agent(), true, 'x'],
  allowDuplicateHost: [1, 'true'],
  auth: ['user:password'],
  autoRewrite: [true],
  buffer: [{}],
  ca: [
    5,
    true,
    [],
    [5],
    {},
    'no certificate',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
  ],
  changeOrigin: ['true', 1, {}],
  connectTimeout: ['5', -1, NaN, Infinity, 2 ** 31, true],
  cookieDomainRewrite: ['x', { '*': '' }],
  cookiePathRewrite: ['/'],
  fetch: [true, () => {}],
  fetchOptions: [{}],
  followRedirects: [true, 5],
  forward: ['http://127.0.0.1:1'],
  headers: ['x: y', 5, true],
  hookTimeout: ['5', -1],
  hostRewrite: ['x'],
  http2: [true],
  ignorePath: ['false', 0],
  localAddress: ['127.0.0.1'],
  method: ['POST'],
  nonsense: [1, 'x', {}],
  preserveHeaderKeyCase: [true],
  prependPath: ['false', 0],
  protocolRewrite: ['https'],
  proxyTimeout: ['5', -1, NaN],
  secure: ['false', 0],
  selfHandleResponse: ['yes'],
  ssl: [{}],
  target: [
    5,
    true,
    () => {},
    '',
    'no url',
    '/path',
    'localhost:80',
    'ftp://h',
    'http://h:99999',
    'http://',
    { port: 'x' },
  ],
  throwOnUnhandledError: [1],
  timeout: ['5', -1],
  toProxy: [true],
  ws: [true],
  xfwd: ['yes', 1],
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

  test.each(['ca', 'cert', 'ciphers', 'key', 'passphrase', 'pfx', 'secureProtocol'])(
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
    proxy.options.followRedirects = true;
    const { port } = await httpServer((req, res) => {
      expectRefusal(() => proxy.web(req, res), 'followRedirects');
      res.end('refused');
    });
    expect(await rawExchange(port, GET)).toMatch(/refused$/);
  });
});
