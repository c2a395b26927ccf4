'use strict';

/** Targets that are reached otherwise than by plain TCP to an address: TLS, Unix sockets, IPv6, `localhost`. */

const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const theirs = require('http-proxy-3');
const ours = require('../../index.js');
const { authority, certificate } = require('../support/certificates.js');
const { FACES, proxyServer } = require('../support/faces.js');
const { nodeError, parts } = require('../support/faults.js');
const { closeAll, eventually, httpServer, rawExchange, testServer } = require('../support/peers.js');
const { lastRequest, readResponse, requestText } = require('../support/messages.js');
const { CERTIFICATE, KEY } = require('../support/tls.js');
const { stats } = require('../support/engine.js');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'targets-'));
const hasIpv6 = Object.values(os.networkInterfaces())
  .flat()
  .some(({ address }) => address === '::1');
const onIpv6 = hasIpv6 ? test : test.skip;

afterEach(closeAll);
afterAll(() => fs.rmSync(folder, { recursive: true }));

const GET = lastRequest('GET /a?q=1');

/** Answers with what it was asked: method, path, host, and the body. */
async function echo(req, res) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  res.setHeader('x-asked', `${req.method} ${req.url} ${req.headers.host}`);
  res.setHeader('x-server-name', `${req.socket.servername}`);
  res.end(Buffer.concat(chunks));
}

/** An HTTP or HTTPS server that echoes. */
async function echoTarget(tls, ...where) {
  const server = tls ? https.createServer(tls, echo) : http.createServer(echo);
  const tlsSockets = [];
  server.on('secureConnection', (socket) => tlsSockets.push(socket));
  server.on('tlsClientError', () => {});
  return { ...(await testServer(server, ...where)), tlsSockets };
}

async function ask(port, bytes = GET) {
  const answer = readResponse(await rawExchange(port, bytes));
  expect(answer.isComplete).toBe(true);
  return { status: answer.status, asked: answer.values('x-asked')[0], body: answer.body };
}

describe.each(FACES)('%s to a TLS target', (_name, face) => {
  test.each([
    ['a string', CERTIFICATE],
    ['a Buffer', Buffer.from(CERTIFICATE)],
    ['a Uint8Array', new Uint8Array(Buffer.from(CERTIFICATE))],
    ['a list', [authority('another').cert, Buffer.from(CERTIFICATE)]],
    ['a text with several certificates', `${authority('another').cert}\n# for tests\n${CERTIFICATE}`],
  ])('its certificate is trusted by ca, %s', async (_what, ca) => {
    const target = await echoTarget({ key: KEY, cert: CERTIFICATE });
    const { port } = await face({ target: `https://localhost:${target.port}/base`, ca, changeOrigin: true });
    const asked = `GET /base/a?q=1 localhost:${target.port}`;
    expect(await ask(port)).toEqual({ status: 200, asked, body: '' });
  });

  test.each([
    ['in parts', (port, ca) => ({ protocol: 'https:', host: 'localhost', port, pathname: '/base', ca })],
    ['in a URL', (port, ca) => Object.assign(new URL(`https://localhost:${port}/base`), { ca })],
  ])('its certificate is trusted by the ca of a target %s', async (_what, targetOf) => {
    const target = await echoTarget({ key: KEY, cert: CERTIFICATE });
    const options = { changeOrigin: true, ssl: { ca: authority('another').cert } };
    const { port } = await face({ ...options, target: targetOf(target.port, [CERTIFICATE]) });
    expect((await ask(port)).status).toBe(200);
    const { port: untrusting } = await face({
      ...options,
      target: targetOf(target.port, CERTIFICATE),
      ca: authority('another').cert,
    });
    expect((await ask(untrusting)).status).not.toBe(200);
  });

  test('its certificate is trusted by the ca of ssl, whose other settings stay with the server', async () => {
    const asked = [];
    const target = await echoTarget({
      key: KEY,
      cert: CERTIFICATE,
      requestCert: true,
      rejectUnauthorized: false,
    });
    const ssl = { key: KEY, cert: CERTIFICATE, ca: CERTIFICATE, rejectUnauthorized: false };
    const options = { target: `https://localhost:${target.port}`, changeOrigin: true, ssl };
    const { port } = await face(options);
    expect((await ask(port)).status).toBe(200);
    for (const socket of target.tlsSockets) asked.push(socket.getPeerCertificate());
    expect(asked).toEqual([{}]);
    expect(Object.keys(ssl)).toEqual(['key', 'cert', 'ca', 'rejectUnauthorized']);
  });

  test('bodies of some megabytes both ways', async () => {
    const target = await echoTarget({ key: KEY, cert: CERTIFICATE });
    const { port } = await face({ target: `https://127.0.0.1:${target.port}`, secure: false });
    const body = Buffer.alloc(3 << 20, 'a line of text\n').toString('latin1');
    const upload = lastRequest('POST /up', [`Content-Length: ${body.length}`], body);
    const answer = await ask(port, upload);
    expect([answer.status, answer.body === body]).toEqual([200, true]);
  });
});

describe('TLS', () => {
  test('one connection serves several requests', async () => {
    const target = await echoTarget({ key: KEY, cert: CERTIFICATE });
    const { port } = await proxyServer({
      target: `https://localhost:${target.port}`,
      changeOrigin: true,
      ca: CERTIFICATE,
    });
    for (let i = 0; i < 3; i += 1) expect((await ask(port)).status).toBe(200);
    expect(target.sockets).toHaveLength(1);
  });

  test('a connection made with secure false is not used by a call that verifies, nor is one with another ca', async () => {
    const target = await echoTarget({ key: KEY, cert: CERTIFICATE });
    const proxy = ours.createProxyServer({ target: `https://localhost:${target.port}`, changeOrigin: true });
    const calls = [
      { secure: false },
      {},
      { ca: authority('another').cert },
      { ca: CERTIFICATE },
      { secure: false },
    ];
    const { port } = await httpServer((req, res) => {
      void proxy.web(req, res, calls.shift(), (error) => res.writeHead(502).end(error.code));
    });
    const answers = [];
    while (calls.length > 0) answers.push(await ask(port));
    expect(answers.map(({ status }) => status)).toEqual([200, 502, 502, 200, 200]);
    expect(answers.slice(1, 3).map(({ body }) => body)).toEqual(Array(2).fill('DEPTH_ZERO_SELF_SIGNED_CERT'));
  });

  /** Which name is asked for and checked. As with the originals it is that of the `Host` field. */
  const NAMES = {
    'the client’s Host, without changeOrigin': { host: 'public.test:81' },
    'the target, with changeOrigin': { host: 'public.test', changeOrigin: true },
    'the Host among the headers': { host: 'public.test', headers: { host: 'chosen.test' } },
    'no name, where the Host is an address': { host: '127.0.0.1' },
  };

  test.each(Object.keys(NAMES))('the name that is asked for is as with http-proxy-3: %s', async (what) => {
    const { host, ...options } = NAMES[what];
    const target = await echoTarget({ key: KEY, cert: CERTIFICATE });
    const request = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    const seen = [];
    for (const { createProxyServer } of [ours, theirs]) {
      const proxy = createProxyServer({
        target: `https://localhost:${target.port}`,
        secure: false,
        ...options,
      });
      const { port } = await httpServer((req, res) => void proxy.web(req, res));
      seen.push(readResponse(await rawExchange(port, request)).values('x-server-name'));
    }
    expect(seen[0]).toEqual(seen[1]);
  });

  test('the name that is checked is the Host’s: the error is that of http-proxy-3', async () => {
    const issuer = authority('ours');
    const target = await echoTarget(certificate(issuer, { names: 'DNS:localhost' }));
    const errors = [];
    for (const { createProxyServer } of [ours, theirs]) {
      const proxy = createProxyServer({ target: `https://localhost:${target.port}`, ca: issuer.cert });
      proxy.on('error', (error, req, res) => {
        errors.push([error.code, error.message]);
        res.writeHead(502).end();
      });
      const { port } = await httpServer((req, res) => void proxy.web(req, res));
      expect((await ask(port)).status).toBe(502);
    }
    expect(errors[0]).toEqual(errors[1]);
    expect(errors[0][0]).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test('a certificate that nobody vouches for: the error of Node’s own client', async () => {
    const target = await echoTarget({ key: KEY, cert: CERTIFICATE });
    const { port, events } = await proxyServer({ target: `https://127.0.0.1:${target.port}` });
    expect((await ask(port)).status).toBe(502);
    const node = await nodeError(https, { host: '127.0.0.1', port: target.port });
    // Node 24 adds a hint about a flag of its own.
    const [message] = node.message.split('; if the root CA');
    expect(parts(events[0].error)).toEqual({ ...parts(node), message });
  });

  test('changeOrigin leaves out the default port of https', async () => {
    const socketPath = path.join(folder, 'tls');
    await echoTarget({ key: KEY, cert: CERTIFICATE }, socketPath);
    const target = { protocol: 'https:', host: 'localhost', port: 443, socketPath };
    const { port } = await proxyServer({ target, changeOrigin: true, ca: CERTIFICATE });
    expect(await ask(port)).toMatchObject({ status: 200, asked: 'GET /a?q=1 localhost' });
  });
});

describe('a Unix socket', () => {
  test.each([
    ['alone', {}, 'GET /a?q=1 me'],
    ['with a path', { pathname: '/base' }, 'GET /base/a?q=1 me'],
    ['with a host', { protocol: 'http:', host: 'service.test' }, 'GET /a?q=1 me'],
  ])('%s', async (what, rest, asked) => {
    const socketPath = path.join(folder, what);
    await echoTarget(undefined, socketPath);
    const { port } = await proxyServer({ target: { socketPath, ...rest } });
    expect(await ask(port)).toEqual({ status: 200, asked, body: '' });
  });

  test('with changeOrigin the Host is localhost, or the host that is named', async () => {
    const socketPath = path.join(folder, 'origin');
    await echoTarget(undefined, socketPath);
    const hosts = [];
    for (const target of [{ socketPath }, { host: 'service.test', port: 81, socketPath }]) {
      const { port } = await proxyServer({ target, changeOrigin: true });
      hosts.push((await ask(port)).asked);
    }
    expect(hosts).toEqual(['GET /a?q=1 localhost', 'GET /a?q=1 service.test:81']);
  });

  test('a URL that carries a socketPath, and a body both ways', async () => {
    const socketPath = path.join(folder, 'url');
    await echoTarget(undefined, socketPath);
    const target = Object.assign(new URL('http://nowhere.invalid/base'), { socketPath });
    const { port } = await proxyServer({ target });
    const body = 'x'.repeat(200_000);
    const answer = await ask(port, lastRequest('PUT /b', [`Content-Length: ${body.length}`], body));
    expect(answer).toEqual({ status: 200, asked: 'PUT /base/b me', body });
  });

  test('two sockets are two targets, and a connection is used again', async () => {
    const paths = ['one', 'two'].map((name) => path.join(folder, name));
    const targets = [];
    for (const socketPath of paths) targets.push(await echoTarget(undefined, socketPath));
    const proxy = ours.createProxyServer();
    const calls = [...paths, ...paths, ...paths];
    const { port } = await httpServer((req, res) => {
      void proxy.web(req, res, { target: { socketPath: calls.shift() } });
    });
    while (calls.length > 0) expect((await ask(port)).status).toBe(200);
    expect(targets.map(({ sockets }) => sockets.length)).toEqual([1, 1]);
  });
});

describe('IPv6', () => {
  const FORMS = {
    'in a string': (port) => `http://[::1]:${port}`,
    'in a URL': (port) => new URL(`http://[::1]:${port}`),
    'as a host': (port) => ({ host: '::1', port }),
    'as a hostname in brackets': (port) => ({ protocol: 'http:', hostname: '[::1]', port }),
    'as a host with a port': (port) => ({ host: `[::1]:${port}` }),
  };

  onIpv6.each(Object.keys(FORMS))('%s', async (form) => {
    const target = await echoTarget(undefined, 0, '::1');
    const { port } = await proxyServer({ target: FORMS[form](target.port), changeOrigin: true });
    expect(await ask(port)).toMatchObject({ status: 200, asked: `GET /a?q=1 [::1]:${target.port}` });
  });

  onIpv6('with TLS', async () => {
    const issuer = authority('ours');
    const target = await echoTarget(certificate(issuer, { names: 'IP:::1' }), 0, '::1');
    const options = { target: `https://[::1]:${target.port}`, ca: issuer.cert, changeOrigin: true };
    const { port } = await proxyServer(options);
    expect((await ask(port)).status).toBe(200);
  });
});

describe('localhost', () => {
  const FAMILIES = hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];

  test.each(FAMILIES)('where only %s listens, with TLS and kept connections', async (address) => {
    const target = await echoTarget({ key: KEY, cert: CERTIFICATE }, 0, address);
    const options = { target: { protocol: 'https:', host: 'localhost', port: target.port }, ca: CERTIFICATE };
    const { port } = await proxyServer({ ...options, changeOrigin: true });
    for (let i = 0; i < 2; i += 1) {
      expect(await ask(port, requestText('DELETE /a', ['Connection: close']))).toMatchObject({
        status: 200,
        asked: `DELETE /a localhost:${target.port}`,
      });
    }
    expect(target.sockets).toHaveLength(1);
    await eventually(() => stats().exchanges === 0);
  });
});
