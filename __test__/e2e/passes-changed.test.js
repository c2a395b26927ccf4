'use strict';

/** What a proxy does whose chain of passes the user has changed, and what the passes do as functions. */

const { createProxyServer } = require('../../index.js');
const webIncoming = require('../../lib/proxy-server/passes/web-incoming.js');
const { lastRequest } = require('../support/messages.js');
const { answeringTarget, closeAll, httpServer, rawExchange } = require('../support/peers.js');
const { webBench } = require('../support/web-bench.js');

afterEach(async () => {
  jest.restoreAllMocks();
  await closeAll();
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';
const GET = lastRequest('GET /a');

/** Ours, after `prepare` has changed its passes. */
const bench = (options, prepare) => webBench(options, { prepare });

describe('a chain that was changed', () => {
  const harmless = (proxy) => proxy.before('web', 'stream', () => {});
  const requests = {
    'a GET with x-forwarded fields': lastRequest('GET /a?b', [
      'X-Forwarded-For: 192.0.2.1',
      'X-Forwarded-Host: h',
    ]),
    'a DELETE': lastRequest('DELETE /a'),
    'an OPTIONS with a body in chunks': lastRequest(
      'OPTIONS /a',
      ['Transfer-Encoding: chunked'],
      '2\r\nhi\r\n0\r\n\r\n',
    ),
    'a POST': lastRequest('POST /a', ['Content-Length: 4'], 'body'),
    'an IPv6 host': 'GET /a HTTP/1.1\r\nHost: [::1]:7777\r\nConnection: close\r\n\r\n',
    'a host with a port': 'GET /a HTTP/1.1\r\nHost: me:7777\r\nConnection: close\r\n\r\n',
  };

  test.each(Object.keys(requests))('sends what one sends that was not: %s', async (name) => {
    const fields = ({ start, fields: all, body }) => ({ start, body, fields: [...all].sort() });
    const seen = [];
    for (const prepare of [() => {}, harmless]) {
      const { ask, sent } = await bench({ xfwd: true }, prepare);
      expect((await ask(requests[name])).body).toBe('good');
      seen.push(fields(sent()[0]));
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0].fields.map(([field]) => field)).toContain('x-forwarded-for');
  });

  test('emits the same events, and gives failures to the callback', async () => {
    const { ask, proxy } = await bench({}, harmless);
    const log = [];
    for (const event of ['start', 'proxyReq', 'proxyRes', 'end']) proxy.on(event, () => log.push(event));
    await ask();
    expect(log).toEqual(['start', 'proxyReq', 'proxyRes', 'end']);
    const { port } = await httpServer((req, res) =>
      proxy.web(req, res, { target: 'http://127.0.0.1:1' }, (error) => res.end(error.code)),
    );
    expect(await rawExchange(port, GET)).toMatch(/ECONNREFUSED$/);
  });

  test('does without what was taken away', async () => {
    const { ask, sent } = await bench({ xfwd: true }, (proxy) => {
      proxy.webPasses = proxy.webPasses.filter((pass) => pass.name !== 'XHeaders');
    });
    await ask();
    expect(sent()[0].values('x-forwarded-for')).toEqual([]);
  });

  test('does what has taken the place of stream, and no more', async () => {
    const { ask, sent, outcomes } = await bench({}, (proxy) => {
      proxy.webPasses[3] = (req, res) => void res.end('mine');
    });
    expect((await ask()).body).toBe('mine');
    expect(await outcomes[0]).toBeUndefined();
    expect(sent()).toEqual([]);
  });

  test('without a target tells whoever listens', async () => {
    const { ask, heard } = await bench({ target: undefined }, harmless);
    expect((await ask()).body).toBe('told');
    expect(heard).toMatchObject([{ message: 'Must set target or forward' }]);
  });
});

describe('the passes as functions', () => {
  test('timeout and XHeaders do to a request what those of http-proxy-3 do', () => {
    const play = ({ timeout, XHeaders }) => {
      const set = [];
      const socket = { remoteAddress: '192.0.2.7', setTimeout: (ms) => set.push(ms) };
      const req = { socket, connection: socket, headers: { host: 'me:81', 'x-forwarded-for': '192.0.2.1' } };
      timeout(req, {}, { timeout: 5 });
      timeout(req, {}, {});
      XHeaders(req, {}, { xfwd: true });
      XHeaders({ headers: null }, {}, {});
      return [set, req.headers];
    };
    const theirs = require('http-proxy-3/dist/lib/http-proxy/passes/web-incoming.js');
    expect(play(webIncoming)).toEqual(play(theirs));
  });

  test('deleteLength says that there is no body where none was declared, and leaves chunks alone', () => {
    const lengths = [
      ['DELETE', {}],
      ['OPTIONS', {}],
      ['GET', {}],
      ['DELETE', { 'content-length': '4' }],
      ['DELETE', { 'transfer-encoding': 'chunked' }],
    ].map(([method, headers]) => {
      webIncoming.deleteLength({ method, headers });
      return headers;
    });
    const chunked = { 'transfer-encoding': 'chunked' };
    expect(lengths).toEqual([
      { 'content-length': '0' },
      { 'content-length': '0' },
      {},
      { 'content-length': '4' },
      chunked,
    ]);
  });

  test('stream, called by hand', async () => {
    const target = await answeringTarget(OK);
    const proxy = createProxyServer();
    const started = jest.fn();
    proxy.on('start', started);
    const options = { target: new URL(target.url) };
    const { port } = await httpServer((req, res) => webIncoming.stream(req, res, options, undefined, proxy));
    expect(await rawExchange(port, GET)).toMatch(/good$/);
    expect(started).toHaveBeenCalledTimes(1);
    const bare = await httpServer((req, res) => webIncoming.stream(req, res, options));
    expect(await rawExchange(bare.port, GET)).toMatch(/good$/);
  });
});
