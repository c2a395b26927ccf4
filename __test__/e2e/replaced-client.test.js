'use strict';

/** Where `http.request` is replaced, requests go over it: so libraries that mock answers work in the tests of those who use a proxy. */

const http = require('node:http');
const https = require('node:https');
const nock = require('nock');
const { FACES } = require('../support/faces.js');
const { GOOD } = require('../support/faults.js');
const { stats } = require('../support/engine.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');
const { closeAll, rawExchange, rawTarget } = require('../support/peers.js');
const { isClientReplaced } = require('../../lib/transport-node/replaced-client.js');

// It replaces Node's client as soon as it is loaded.
nock.restore();

afterEach(closeAll);

const GET = lastRequest('GET /a?b');
const HOST = 'http://nowhere.invalid';
const started = () => stats().node?.exchangesStarted ?? 0;

const onGood = (connection) => connection.onRequest(() => connection.socket.write(GOOD));

test('Node’s own client is known for it, whatever was in its place before', () => {
  expect(isClientReplaced()).toBe(false);
  for (const [module, name] of [
    [http, 'request'],
    [https, 'request'],
    [http, 'ClientRequest'],
  ]) {
    const own = module[name];
    module[name] = (...args) => own(...args);
    expect(isClientReplaced()).toBe(true);
    module[name] = own;
    expect(isClientReplaced()).toBe(false);
  }
});

describe.each(FACES)('%s', (_face, serve) => {
  describe('nock', () => {
    beforeEach(() => nock.activate());
    afterEach(() => {
      nock.cleanAll();
      nock.restore();
    });

    test.each([HOST, 'https://nowhere.invalid'])('answers for %s', async (target) => {
      const scope = nock(target, { reqheaders: { 'x-own': '1' } })
        .get('/base/a?b')
        .reply(201, { hello: 'there' }, { 'x-b': '2', 'set-cookie': 'a=1; Domain=nowhere.invalid' });
      const { port } = await serve({
        target: `${target}/base`,
        changeOrigin: true,
        headers: { 'x-own': '1' },
        cookieDomainRewrite: 'here',
      });
      const response = readResponse(await rawExchange(port, GET));
      expect(response).toMatchObject({ status: 201, body: '{"hello":"there"}' });
      expect([response.values('x-b'), response.values('set-cookie')]).toEqual([['2'], ['a=1; Domain=here']]);
      expect(scope.isDone()).toBe(true);
    });

    test.each([
      ['of a known length', lastRequest('POST /b', ['Content-Length: 5'], 'hello')],
      ['in chunks', lastRequest('POST /b', ['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n')],
    ])('is given a body %s', async (_how, request) => {
      const bodies = [];
      nock(HOST)
        .post('/b', (body) => bodies.push(body) > 0)
        .reply(204);
      const { port } = await serve({ target: HOST, changeOrigin: true });
      expect(readResponse(await rawExchange(port, request)).status).toBe(204);
      expect(bodies.at(-1)).toBe('hello');
    });

    test('events, and what their listeners edit', async () => {
      const seen = [];
      const on = {
        proxyReq: (proxyReq) => void (seen.push('proxyReq'), proxyReq.setHeader('x-own', '1')),
        proxyRes: (proxyRes) =>
          void (seen.push(`proxyRes ${proxyRes.statusCode}`), delete proxyRes.headers['x-b']),
        end: () => void seen.push('end'),
      };
      nock(HOST, { reqheaders: { 'x-own': '1' } })
        .get('/a?b')
        .reply(200, 'hello', { 'x-b': '2' });
      const { port } = await serve({ target: HOST, changeOrigin: true, on });
      const response = readResponse(await rawExchange(port, GET));
      expect(response).toMatchObject({ status: 200, body: 'hello' });
      expect(response.values('x-b')).toEqual([]);
      expect(seen).toEqual(['proxyReq', 'proxyRes 200', 'end']);
    });

    test.each([
      ['an error', new Error('of mine'), { message: 'of mine', status: 502 }],
      ['what is none', { message: 'reset', code: 'ECONNRESET' }, { code: 'ECONNRESET', status: 502 }],
    ])('fails with %s', async (_what, failure, expected) => {
      const errors = [];
      const on = { error: (error, _req, res) => void (errors.push(error), res.writeHead(502).end()) };
      nock(HOST).get('/a?b').replyWithError(failure);
      const { port } = await serve({ target: HOST, changeOrigin: true, on });
      expect(readResponse(await rawExchange(port, GET)).status).toBe(502);
      expect(errors).toEqual([expect.objectContaining(expected)]);
    });

    test('lets the others through', async () => {
      const target = await rawTarget(onGood);
      nock(HOST).get('/').reply(200);
      const { port } = await serve({ target: target.url });
      expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'good' });
      expect(readRequest(target.connections[0].text).start).toBe('GET /a?b HTTP/1.1');
      expect(stats().node.targets[target.url]).toBe('http.request was replaced');
    });

    test('once it has given the client back, the engine sends again', async () => {
      nock.restore();
      const target = await rawTarget(onGood);
      const before = started();
      const { port } = await serve({ target: target.url });
      expect(readResponse(await rawExchange(port, GET)).status).toBe(200);
      expect(started()).toBe(before);
    });
  });

  describe('msw', () => {
    let HttpResponse;
    let mocked;
    let passthrough;
    let server;
    beforeAll(async () => {
      ({ HttpResponse, http: mocked, passthrough } = await import('msw'));
      server = (await import('msw/node')).setupServer();
    });
    beforeEach(() => server.listen({ onUnhandledRequest: 'error' }));
    afterEach(() => server.close());

    test('answers, and is given the body', async () => {
      const bodies = [];
      server.use(
        mocked.post(`${HOST}/b`, async ({ request }) => {
          bodies.push(await request.text(), request.headers.get('x-forwarded-host'));
          return HttpResponse.json({ hello: 'there' }, { status: 201, headers: { 'x-b': '2' } });
        }),
      );
      const { port } = await serve({ target: HOST, changeOrigin: true, xfwd: true });
      const request = lastRequest('POST /b', ['Content-Length: 5'], 'hello');
      const response = readResponse(await rawExchange(port, request));
      expect(response).toMatchObject({ status: 201, body: '{"hello":"there"}' });
      expect(response.values('x-b')).toEqual(['2']);
      expect(bodies).toEqual(['hello', 'me']);
    });

    test('an answer without a body, and one that fails', async () => {
      server.use(
        mocked.get(`${HOST}/a`, () => new HttpResponse(null, { status: 204 })),
        mocked.get(`${HOST}/c`, () => HttpResponse.error()),
      );
      const { port } = await serve({ target: HOST, changeOrigin: true });
      expect(readResponse(await rawExchange(port, GET)).status).toBe(204);
      expect(readResponse(await rawExchange(port, lastRequest('GET /c'))).status).toBeGreaterThanOrEqual(500);
    });

    test('lets the others through', async () => {
      const target = await rawTarget(onGood);
      server.use(mocked.all(`${target.url}/*`, () => passthrough()));
      const { port } = await serve({ target: target.url, changeOrigin: true });
      expect(readResponse(await rawExchange(port, GET))).toMatchObject({ status: 200, body: 'good' });
    });
  });
});
