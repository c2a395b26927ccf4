'use strict';

/** The TLS flags of `rs-proxy serve`: towards the public, the API and targets; and the way from HTTP to HTTPS. */

const { once } = require('node:events');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');
const { authority, certificate, encryptedKey } = require('../support/certificates.js');
const { TOKEN, ask, echo, either, file, open } = require('../support/configurable.js');
const { closeAll, closedPort, listening, onCleanUp } = require('../support/peers.js');

afterEach(closeAll);

const NAMES = 'DNS:localhost,IP:127.0.0.1';
let ca, server, client, stranger;

beforeAll(() => {
  ca = authority('one');
  server = certificate(ca, { names: NAMES });
  client = certificate(ca, { common: 'client' });
  stranger = certificate(authority('another'), { common: 'stranger' });
});

/** The flags of one of the sets. */
function flagsOf(set, { key, cert }, more = []) {
  const files = { key: file('key', key), cert: file('cert', cert), ca: file('ca', ca.cert) };
  return [...Object.entries(files).flatMap(([name, place]) => [`--${set}-${name}`, place]), ...more];
}

/** The status and the version that a client gets, or why it gets none. */
function asked(port, options = {}) {
  return new Promise((resolve) => {
    const headers = { authorization: `token ${TOKEN}`, connection: 'close' };
    const req = https.get(
      { host: '127.0.0.1', port, ca: ca.cert, headers, agent: false, ...options },
      (res) => {
        const version = res.socket.getProtocol();
        const cipher = res.socket.getCipher().name;
        res.resume().on('end', () => resolve({ status: res.statusCode, version, cipher }));
      },
    );
    req.on('error', ({ code }) => resolve({ code }));
  });
}

const REFUSED = { code: expect.stringMatching(/ECONNRESET|EPIPE|EPROTO|ERR_SSL_TLSV1.*ALERT.*/) };

test.each([
  ['--ssl', 'ssl', (proxy) => proxy.port, '/_chp_healthz'],
  ['--api-ssl', 'api-ssl', (proxy) => proxy.apiPort, '/api/routes'],
])('%s: a certificate, and those of clients', async (_title, set, portOf, place) => {
  const plain = portOf(await open(flagsOf(set, server)));
  expect(await asked(plain, { path: place })).toMatchObject({ status: 200, version: 'TLSv1.3' });
  expect(await asked(plain, { path: place, ca: [] })).toEqual({
    code: expect.stringMatching(/^(?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN)$/),
  });
  const mutual = [`--${set}-request-cert`, `--${set}-reject-unauthorized`];
  const guarded = portOf(await open(flagsOf(set, server, mutual)));
  expect(await asked(guarded, { path: place, ...client })).toMatchObject({ status: 200 });
  expect(await asked(guarded, { path: place, ...stranger })).toEqual(REFUSED);
  expect(await asked(guarded, { path: place })).toEqual(REFUSED);
});

test('keys that are encrypted', async () => {
  const encrypted = { ...server, key: encryptedKey(server.key, 'open sesame') };
  const flags = [...flagsOf('ssl', encrypted), ...flagsOf('api-ssl', encrypted)];
  const env = {
    CONFIGPROXY_SSL_KEY_PASSPHRASE: 'open sesame',
    CONFIGPROXY_API_SSL_KEY_PASSPHRASE: 'open sesame',
  };
  const { port, apiPort } = await open(flags, { CONFIGPROXY_AUTH_TOKEN: TOKEN, ...env });
  expect(await asked(port, { path: '/_chp_healthz' })).toMatchObject({ status: 200 });
  expect(await asked(apiPort, { path: '/api/routes' })).toMatchObject({ status: 200 });
});

/** A target that says whose certificate it was shown. */
async function guardedTarget() {
  const options = { ...server, ca: ca.cert, requestCert: true, rejectUnauthorized: false };
  const target = https.createServer(options, (req, res) =>
    res.end(req.socket.getPeerCertificate().subject?.CN ?? 'a stranger'),
  );
  await listening(target);
  onCleanUp(() => {
    target.closeAllConnections();
    return new Promise((resolve) => target.close(resolve));
  });
  return `https://127.0.0.1:${target.address().port}`;
}

test('--client-ssl: who we are to targets, and whom we trust; --insecure trusts all', async () => {
  const url = await guardedTarget();
  const seen = async (flags) => {
    const { add, request } = await open(flags);
    await add('/a', url);
    const { status, body } = await request('GET /a');
    return [status, status === 200 ? body : ''];
  };
  expect(await seen(flagsOf('client-ssl', client))).toEqual([200, 'client']);
  expect(
    await seen(
      flagsOf('client-ssl', client, ['--client-ssl-request-cert', '--client-ssl-reject-unauthorized']),
    ),
  ).toEqual([200, 'client']);
  expect(await seen([])).toEqual([503, '']);
  expect(await seen(['--insecure'])).toEqual([200, 'a stranger']);
});

test('an error page over TLS, asked for as we are', async () => {
  const url = await guardedTarget();
  const { request } = await open([...flagsOf('client-ssl', client), '--error-target', url]);
  expect(await request('GET /nowhere')).toMatchObject({ status: 404, body: 'client' });
});

test('what only OpenSSL can do, Node does: ciphers, parameters, old versions', async () => {
  const target = await echo('target');
  const served = async (...flags) => {
    const { add, apiPort, port } = await open([...flagsOf('ssl', server), ...flags]);
    await add('/a', target.url);
    expect(await ask(apiPort, 'GET /api/routes', { lines: [`Authorization: token ${TOKEN}`] })).toMatchObject(
      { status: 200 },
    );
    return (options) => asked(port, { path: '/a/x', ...options });
  };
  const ciphers = await served('--ssl-ciphers', 'ECDHE-ECDSA-AES256-GCM-SHA384');
  expect(await ciphers({ maxVersion: 'TLSv1.2' })).toMatchObject({
    status: 200,
    cipher: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  });
  expect(await ciphers({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).toEqual(REFUSED);
  const version = await served('--ssl-protocol', 'TLSv1_2', '--ssl-allow-rc4');
  expect(await version()).toMatchObject({ status: 200, version: 'TLSv1.2' });
  expect(await version({ minVersion: 'TLSv1.3' })).toEqual(REFUSED);
  const any = await served('--ssl-protocol', 'TLS');
  expect(await any()).toMatchObject({ status: 200, version: 'TLSv1.3' });
  // Who does not leave is left: closing ends all the same.
  const staying = new net.Socket();
  onCleanUp(() => staying.destroy());
  const { port } = await open([...flagsOf('ssl', server), '--ssl-ciphers', 'HIGH']);
  const over = tls.connect({ socket: staying.connect(port, '127.0.0.1'), host: '127.0.0.1', ca: ca.cert });
  await once(over, 'secureConnect');
  expect(await (await served('--ssl-dhparam', file('dh', DH)))()).toMatchObject({ status: 200 });
});

/** The group of 2048 bits of RFC 3526. */
const DH = `-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA///////////JD9qiIWjCNMTGYouA3BzRKQJOCIpnzHQCC76mOxOb
IlFKCHmONATd75UZs806QxswKwpt8l8UN0/hNW1tUcJF5IW1dmJefsb0TELppjft
awv/XLb0Brft7jhr+1qJn6WunyQRfEsf5kkoZlHs5Fs9wgB8uKFjvwWY2kg2HFXT
mmkWP6j9JM9fg2VdI9yjrZYcYvNWIIVSu57VKQdwlpZtZww1Tkq8mATxdGwIyhgh
fDKQXkYuNs474553LBgOhgObJ4Oi7Aeij7XFXfBvTFLJ3ivL9pVYFxg5lUl86pVq
5RXSJhiY+gUQFXKOWoqsqmj//////////wIBAg==
-----END DH PARAMETERS-----
`;

test('--redirect-port: from HTTP to HTTPS, as the original', async () => {
  const flags = (name) => ['--redirect-port', name, ...flagsOf('ssl', server)];
  const rows = [
    ['GET /a?b', 'me.test'],
    ['GET /', 'me.test:80'],
    ['POST /x', '127.0.0.1:8000'],
  ];
  const seen = async (name) => {
    const port = String(await closedPort());
    const proxy = await either(name, flags(port));
    const answers = [];
    for (const [line, host] of rows) {
      const { status, values } = await ask(Number(port), line, { host });
      answers.push([status, values('location').map((text) => text.replace(`:${proxy.port}`, ':PUBLIC'))]);
    }
    return answers;
  };
  const [original, ours] = await Promise.all([seen('original'), seen('ours')]);
  expect(ours).toEqual(original);
  const { others } = await open(['--redirect-port', '0', '--redirect-to', '443', ...flagsOf('ssl', server)]);
  const answer = await ask(others[0], 'GET http://evil.test/x', { host: '[::1]:80' });
  expect([answer.status, answer.values('location')]).toEqual([301, ['https://[::1]/x']]);
  for (const host of ['', 'a b', 'evil.test/', 'a@b'])
    expect([host, (await ask(others[0], 'GET /', { host })).status]).toEqual([host, 400]);
});

test('clients of the public may speak HTTP/2', async () => {
  const { port } = await open(flagsOf('ssl', server));
  const socket = tls.connect({ port, host: '127.0.0.1', ca: ca.cert, ALPNProtocols: ['h2'] });
  onCleanUp(() => socket.destroy());
  await once(socket, 'secureConnect');
  expect(socket.alpnProtocol).toBe('h2');
});
