'use strict';

/**
 * What the engine tells Node of clients beside the pairs of sockets, and is told: what their TLS has come to, answers that break off, clients
 * that Node gives up.
 */

const https = require('node:https');
const { once } = require('node:events');
const { createProxyMiddleware } = require('../../index.js');
const { authority, certificate } = require('../support/certificates.js');
const { OK, doorTo, openDoor } = require('../support/doors.js');
const { ERROR, frameClient, requestFields } = require('../support/h2-frames.js');
const { http2Client, http2Exchange } = require('../support/http2.js');
const { lastRequest, readResponse } = require('../support/messages.js');
const {
  closeAll,
  eventually,
  onCleanUp,
  rawClient,
  rawExchange,
  rawTarget,
  testServer,
} = require('../support/peers.js');
const { CERTIFICATE, KEY, tlsClient } = require('../support/tls.js');

afterEach(closeAll);

const GET = lastRequest('GET /');
const SSL = { key: KEY, cert: CERTIFICATE };
const CHUNKS = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';

describe('the socket of a client that speaks TLS', () => {
  const ISSUER = authority('Of the tests');
  const OURS = certificate(ISSUER, { common: 'client', names: 'DNS:client.test' });
  const THEIRS = certificate(undefined, { common: 'stranger' });

  /** Node looks for issuers among its own authorities as well. */
  const isChain = ({ servername }) => servername === 'chain.test';
  const issuersOf = ({ fingerprint256, issuerCertificate: issuer }) =>
    issuer === undefined || issuer.fingerprint256 === fingerprint256
      ? [fingerprint256]
      : [fingerprint256, ...issuersOf(issuer)];

  /** All that there is to be asked, in a form that can be compared. */
  const facts = (socket) => ({
    encrypted: socket.encrypted,
    authorized: socket.authorized,
    authorizationError: socket.authorizationError,
    alpnProtocol: socket.alpnProtocol,
    servername: socket.servername,
    protocol: socket.getProtocol(),
    cipher: socket.getCipher(),
    peer: socket.getPeerCertificate(),
    x509: socket.getPeerX509Certificate()?.toString(),
    issuers: isChain(socket) ? issuersOf(socket.getPeerCertificate(true)) : [],
  });

  /** What Node's server and a door's fallback see of a client that comes like this. */
  async function seen(ssl, client) {
    const sockets = [];
    const app = (req, res) => {
      sockets.push(facts(req.socket));
      res.end('ok');
    };
    const { port } = await testServer(
      https.createServer({ ALPNProtocols: ['http/1.1'], ...SSL, ...ssl }, app),
    );
    const door = await openDoor(
      { ssl: { ...SSL, ...ssl } },
      { routes: [{ path: '/api', target: 'http://127.0.0.1:1' }], fallback: app },
    );
    for (const where of [port, door.port]) {
      const { socket, ...connection } = await tlsClient(where, client);
      socket.write(GET);
      await once(socket, 'close').catch(() => connection);
    }
    return sockets;
  }

  const ASKING = { requestCert: true, rejectUnauthorized: false, ca: ISSUER.cert };
  const suites = ['AES256-GCM-SHA384', 'AES128-GCM-SHA256', 'CHACHA20-POLY1305'];

  test.each([
    ['that offers nothing', {}, {}],
    ['that asks for a name and a protocol', {}, { servername: 'a.test', ALPNProtocols: ['http/1.1'] }],
    ...suites.map((suite) => [
      `with ECDHE-ECDSA-${suite}`,
      {},
      { maxVersion: 'TLSv1.2', ciphers: `ECDHE-ECDSA-${suite}` },
    ]),
    ['without a certificate', ASKING, {}],
    ['with a good certificate', ASKING, OURS],
    ['with a good certificate that it must have', { ...ASKING, rejectUnauthorized: true }, OURS],
    ['with all of its chain', ASKING, { ...OURS, cert: OURS.cert + ISSUER.cert, servername: 'chain.test' }],
    ['with a certificate of its own', ASKING, { ...THEIRS, servername: 'chain.test' }],
    ['with a certificate of its own, by TLS 1.2', ASKING, { ...THEIRS, maxVersion: 'TLSv1.2' }],
  ])('says of a client %s what a socket of Node’s says', async (_who, ssl, client) => {
    const [nodes, doors] = await seen(ssl, client);
    expect(nodes.encrypted).toBe(true);
    expect(doors).toEqual(nodes);
  });

  test('says of HTTP/2 that it was agreed on, and listeners see it as well', async () => {
    const { port, proxy } = await doorTo(OK, { options: { ssl: { ...SSL, ...ASKING } } });
    const sockets = [];
    proxy.on('proxyReq', (proxyReq, req) => sockets.push(facts(req.socket)));
    const session = await http2Client(port, { isSecure: true, ...OURS });
    expect((await http2Exchange(session, { ':path': '/' })).body).toBe('ok');
    expect(sockets).toMatchObject([
      { alpnProtocol: 'h2', authorized: true, protocol: 'TLSv1.3', peer: { subject: { CN: 'client' } } },
    ]);
  });

  test('has nothing of it without TLS', async () => {
    const { port, proxy } = await doorTo();
    const seenSocket = new Promise((resolve) => proxy.on('proxyReq', (_, req) => resolve(req.socket)));
    await rawExchange(port, GET);
    const socket = await seenSocket;
    expect([socket.encrypted, socket.authorized, socket.getPeerCertificate]).toEqual(
      Array(3).fill(undefined),
    );
  });
});

describe('an answer that breaks off', () => {
  /** A target that begins its answer, and then resets. */
  const breaking = () =>
    rawTarget((connection) =>
      connection.onRequest(() => {
        connection.socket.write(CHUNKS);
        setTimeout(() => connection.socket.resetAndDestroy(), 100);
      }),
    );

  test('is told to error listeners as behind a server of Node’s, and costs them nothing before', async () => {
    const target = await breaking();
    const { port, proxy } = await openDoor({ target: target.url });
    const told = [];
    proxy.on('error', (error, req, res, failed) => {
      told.push([
        error.code,
        req.method,
        req.url,
        req.headers['x-a'],
        res.headersSent,
        res.statusCode,
        failed.href,
      ]);
      expect(() => res.setHeader('x-late', 'yes')).toThrow(/after they are sent/);
      res.end('not any more');
    });
    const client = await rawClient(port, lastRequest('POST /a?b', ['X-A: 1', 'Content-Length: 4'], 'body'));
    await client.closed();
    expect(client.text).toMatch(/hello\r\n$/);
    await eventually(() => told.length > 0);
    expect(told).toEqual([['ECONNRESET', 'POST', '/a?b', '1', true, 200, `${target.url}/`]]);
    expect(proxy.stats().door).toMatchObject({ forwarded: 1, handedOver: 0, cut: 1, failed: 0 });
  });

  test('over HTTP/2 as well, and its stream alone is reset', async () => {
    const target = await breaking();
    const { port, proxy } = await openDoor({ target: target.url }, { h2c: true });
    const told = once(proxy, 'error');
    const session = await http2Client(port);
    const answer = await http2Exchange(session, { ':path': '/a', 'x-a': '1' });
    expect(answer).toMatchObject({
      headers: { ':status': 200 },
      body: 'hello',
      error: { code: 'ERR_HTTP2_STREAM_ERROR' },
    });
    const [error, req, res] = await told;
    expect([error.code, req.url, req.headers['x-a'], res.headersSent]).toEqual([
      'ECONNRESET',
      '/a',
      '1',
      true,
    ]);
    expect(session.destroyed).toBe(false);
  });

  test('is told to the listeners of a middleware', async () => {
    const target = await breaking();
    const told = [];
    const on = { error: (error, req, res) => told.push([error.code, req.url, res.headersSent]) };
    const door = createProxyMiddleware({ target: target.url, on }).listen(0, { host: '127.0.0.1', grace: 0 });
    onCleanUp(() => new Promise((resolve) => door.close(resolve)));
    await once(door, 'listening');
    expect(await rawExchange(door.address().port, GET)).toMatch(/hello\r\n$/);
    await eventually(() => told.length > 0);
    expect(told).toEqual([['ECONNRESET', '/', true]]);
  });

  test('is nothing to those who listen to something else, or no more', async () => {
    const target = await breaking();
    const { port, proxy } = await openDoor({ target: target.url });
    const listener = jest.fn();
    proxy.on('error', listener).off('error', listener);
    expect(await rawExchange(port, GET)).toMatch(/hello\r\n$/);
    // Another failure that is told comes after it would have.
    proxy.once('error', (error, req, res) => res.writeHead(418).end());
    target.server.close();
    for (const { socket } of target.connections) socket.destroy();
    await eventually(async () => readResponse(await rawExchange(port, GET)).status === 418);
    expect(listener).not.toHaveBeenCalled();
  });
});

describe('a client that reads nothing of what Node has for it', () => {
  /** A target whose answer has no end. */
  function pouring() {
    const piece = Buffer.alloc(0x10000, 'x');
    return rawTarget((connection) =>
      connection.onRequest(() => {
        connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n');
        const go = () => {
          while (!connection.socket.destroyed && connection.socket.write(piece));
        };
        connection.socket.on('drain', go);
        go();
      }),
    );
  }

  test('is let go of soon after the option timeout has struck', async () => {
    const target = await pouring();
    const { port, proxy } = await openDoor({ target: target.url, timeout: 500 });
    const client = await rawClient(port, GET);
    await client.received('\r\n\r\n');
    client.socket.pause();
    expect(proxy.stats().door.connections).toBe(1);
    // writeTimeout is a minute.
    await eventually(() => proxy.stats().door.connections === 0, undefined, 20_000);
    expect(proxy.stats()).toMatchObject({ exchanges: 0, door: { handedOver: 1, abandoned: 1 } });
  });

  test('over HTTP/2 its stream is, and the connection is kept', async () => {
    const target = await pouring();
    const { port, proxy } = await openDoor({ target: target.url, timeout: 500 }, { h2c: true });
    // Its windows are never opened any further: that of the connection has no room for another body, either.
    const client = await frameClient(port);
    client.request(1);
    expect(await client.reset(1)).toBe(ERROR.CANCEL);
    expect(proxy.stats().door).toMatchObject({ connections: 1, abandoned: 1 });
    client.request(3, requestFields([], { method: 'OPTIONS', path: '*' }));
    await client.frame('HEADERS', 3);
  }, 30_000);
});
