'use strict';

/** `agent`: what a plain agent of Node's says is what the engine does. */

const http = require('node:http');
const https = require('node:https');
const { createProxyServer } = require('../../index.js');
const { FACES } = require('../support/faces.js');
const { stats } = require('../support/engine.js');
const { GOOD } = require('../support/faults.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');
const { closeAll, eventually, rawClient, rawExchange, rawTarget } = require('../support/peers.js');
const { CERTIFICATE, tlsTarget } = require('../support/tls.js');

afterEach(closeAll);

const GET = lastRequest('GET /a');

/** Answers each request at once. */
const goodTarget = () => rawTarget((connection) => connection.onRequest(() => connection.socket.write(GOOD)));

const statusOf = async (port) => readResponse(await rawExchange(port, GET)).status;

describe.each(FACES)('%s', (_face, serve) => {
  test.each([
    ['nothing', {}, 2, 'close'],
    ['keepAlive: false', { keepAlive: false, maxSockets: 5 }, 2, 'close'],
    ['keepAlive', { keepAlive: true, keepAliveMsecs: 500 }, 1, 'keep-alive'],
    ['keepAlive, and no free sockets', { keepAlive: true, maxFreeSockets: -1 }, 2, 'keep-alive'],
  ])('an agent that says %s', async (_what, settings, connections, field) => {
    const target = await goodTarget();
    const { port } = await serve({ target: target.url, agent: new http.Agent(settings) });
    for (let i = 0; i < 2; i++) expect(await statusOf(port)).toBe(200);
    expect(target.connections).toHaveLength(connections);
    expect(readRequest(target.connections[0].text).values('connection')).toEqual([field]);
  });

  test('maxSockets: the others wait, and each is answered', async () => {
    let open = 0;
    let most = 0;
    const target = await rawTarget((connection) =>
      connection.onRequest(() => {
        most = Math.max(most, ++open);
        setTimeout(() => {
          open -= 1;
          connection.socket.write(GOOD);
        }, 15);
      }),
    );
    const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
    const { port } = await serve({ target: target.url, agent });
    const statuses = await Promise.all(Array.from({ length: 8 }, () => statusOf(port)));
    expect(statuses).toEqual(Array.from({ length: 8 }, () => 200));
    expect(most).toBe(2);
    expect(target.connections).toHaveLength(2);
  });

  test('maxSockets: a client that leaves while it waits gives its place to the next', async () => {
    const target = await rawTarget(() => {});
    const agent = new http.Agent({ maxSockets: 1 });
    const { port } = await serve({ target: target.url, agent });
    const first = await rawClient(port, GET);
    const { socket } = await target.connected();
    const leaving = await rawClient(port, GET);
    const last = await rawClient(port, GET);
    await eventually(() => stats().exchanges === 3);
    leaving.socket.resetAndDestroy();
    await eventually(() => stats().exchanges === 2);
    socket.end(GOOD);
    await first.closed();
    (await target.connected(1)).socket.end(GOOD);
    await last.closed();
    expect(readResponse(last.text).status).toBe(200);
    expect(target.connections).toHaveLength(2);
  });

  test('timeout: an idle connection is kept no longer', async () => {
    const target = await goodTarget();
    const { port } = await serve({
      target: target.url,
      agent: new http.Agent({ keepAlive: true, timeout: 50 }),
    });
    expect(await statusOf(port)).toBe(200);
    await target.connections[0].closed();
    expect(await statusOf(port)).toBe(200);
    expect(target.connections).toHaveLength(2);
  });

  test('two agents share no connection', async () => {
    const target = await goodTarget();
    for (let i = 0; i < 2; i++) {
      const { port } = await serve({ target: target.url, agent: new http.Agent({ keepAlive: true }) });
      for (let j = 0; j < 2; j++) expect(await statusOf(port)).toBe(200);
    }
    expect(target.connections).toHaveLength(2);
  });

  test.each([
    ['nothing', {}, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['rejectUnauthorized: false', { rejectUnauthorized: false }, undefined],
    ['ca', { ca: CERTIFICATE }, undefined],
    [
      'ca, and what newer versions of Node say themselves',
      { ca: CERTIFICATE, defaultPort: 443, protocol: 'https:' },
      undefined,
    ],
  ])('an agent for TLS that says %s', async (_what, settings, code) => {
    const target = await tlsTarget((connection) => connection.onRequest(() => connection.socket.write(GOOD)));
    const errors = [];
    const on = {
      error(error, req, res) {
        errors.push(error.code);
        res.writeHead(502).end();
      },
    };
    const agent = new https.Agent(settings);
    const { port } = await serve({ target: target.url, changeOrigin: true, agent, on });
    expect(await statusOf(port)).toBe(code === undefined ? 200 : 502);
    expect(errors).toEqual(code === undefined ? [] : [code]);
    // The engine has done it, and not Node's client.
    expect(stats().node?.targets[target.url]).toBeUndefined();
  });

  test('what an agent says counts more than the options, as in Node', async () => {
    const target = await tlsTarget((connection) => connection.onRequest(() => connection.socket.write(GOOD)));
    const agent = new https.Agent({ ca: CERTIFICATE, rejectUnauthorized: true });
    const { port } = await serve({ target: target.url, secure: false, agent, on: { error: refuse } });
    // The certificate is not one for `me`.
    expect(await statusOf(port)).toBe(502);
  });
});

const refuse = (_error, _req, res) => res.writeHead(502).end();

const HTTP = 'http://127.0.0.1:1';

describe('an agent that cannot be honoured is refused, and it is said why', () => {
  test.each([
    ['no agent', HTTP, {}, /http\.Agent/],
    ['plain, for TLS', 'https://h', new http.Agent(), /takes an https\.Agent/],
    ['for TLS, and a plain target', 'http://h', new https.Agent(), /takes an http\.Agent/],
    ['no certificate', 'https://h', new https.Agent({ ca: 'junk' }), /certificate/],
    ['no ca', 'https://h', new https.Agent({ ca: 5 }), /ca\b/],
  ])('%s', (_what, target, agent, message) => {
    expect(() => createProxyServer({ target, agent })).toThrow(
      expect.objectContaining({
        code: 'ERR_PROXY_INVALID_OPTION',
        option: 'agent',
        message: expect.stringMatching(message),
      }),
    );
  });
});
