'use strict';

/** TLS with targets: who we are (`key`, `cert`, `pfx`), what the target is called, which versions are spoken. */

const fs = require('node:fs');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { createProxyServer } = require('../../index.js');
const { authority, certificate } = require('../support/certificates.js');
const { FACES } = require('../support/faces.js');
const { lastRequest, readResponse } = require('../support/messages.js');
const { closeAll, listening, onCleanUp, rawExchange } = require('../support/peers.js');

afterEach(closeAll);

const GET = lastRequest('GET /a');
const WORDS = 'open sesame';

const ca = authority('authority');
const server = certificate(ca, { names: 'DNS:localhost,IP:127.0.0.1' });
const client = certificate(ca, { common: 'client' });
const other = certificate(ca, { common: 'other' });

/** What the openssl command makes of the client's key and certificate. */
function made(...args) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'client-'));
  try {
    for (const name of ['key', 'cert']) fs.writeFileSync(path.join(folder, name), client[name]);
    execFileSync('openssl', [...args, '-out', 'made'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    return fs.readFileSync(path.join(folder, 'made'));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const archive = (...how) =>
  made('pkcs12', '-export', '-inkey', 'key', '-in', 'cert', '-passout', `pass:${WORDS}`, ...how);
const encryptedKey = () => made('pkcs8', '-topk8', '-in', 'key', '-passout', `pass:${WORDS}`).toString();
const oldEncryptedKey = () => made('ec', '-in', 'key', '-aes128', '-passout', `pass:${WORDS}`).toString();

/** A target that answers with the name in the client's certificate. */
async function target(settings = {}) {
  const connections = [];
  const options = { key: server.key, cert: server.cert, ca: ca.cert, requestCert: true, ...settings };
  const one = await listening(
    https.createServer(options, (req, res) => {
      const { subject } = req.socket.getPeerCertificate();
      res.end(`${subject?.CN ?? 'nobody'} ${req.socket.getProtocol()} ${req.socket.servername}`);
    }),
  );
  one.on('secureConnection', (socket) => connections.push(socket));
  onCleanUp(() => {
    one.closeAllConnections();
    return new Promise((resolve) => one.close(resolve));
  });
  const { port } = one.address();
  return { port, connections, url: `https://localhost:${port}` };
}

describe.each(FACES)('%s', (_face, serve) => {
  /** Sends a request; gives the answer's body, or the error. */
  async function ask(options) {
    const errors = [];
    const on = { error: (error, req, res) => (errors.push(error), res.writeHead(502).end()) };
    const { port } = await serve({ ca: ca.cert, changeOrigin: true, on, ...options });
    const { body } = readResponse(await rawExchange(port, GET));
    return errors[0] ?? body.split(' ')[0];
  }

  const FORMS = [
    ['nothing', () => ({}), 'nobody'],
    ['key and cert', () => ({ key: client.key, cert: client.cert }), 'client'],
    ['buffers', () => ({ key: Buffer.from(client.key), cert: Buffer.from(client.cert) }), 'client'],
    ['arrays', () => ({ key: [client.key], cert: [client.cert] }), 'client'],
    ['several', () => ({ key: [client.key, other.key], cert: [client.cert, other.cert] }), 'client'],
    ['an encrypted key', () => ({ key: encryptedKey(), cert: client.cert, passphrase: WORDS }), 'client'],
    [
      'a key encrypted as of old',
      () => ({ key: oldEncryptedKey(), cert: client.cert, passphrase: WORDS }),
      'client',
    ],
    [
      'a key with its passphrase',
      () => ({ key: [{ pem: encryptedKey(), passphrase: WORDS }], cert: client.cert }),
      'client',
    ],
    ['a chain', () => ({ key: client.key, cert: `${client.cert}${ca.cert}` }), 'client'],
    ['an archive', () => ({ pfx: archive(), passphrase: WORDS }), 'client'],
    ['an archive in an array', () => ({ pfx: [{ buf: archive(), passphrase: WORDS }] }), 'client'],
    ['an archive with RC2', () => ({ pfx: archive('-legacy'), passphrase: WORDS }), 'client'],
    ['an archive with 3DES', () => ({ pfx: archive('-legacy', '-descert'), passphrase: WORDS }), 'client'],
  ];

  test.each(FORMS)('%s', async (_what, form, expected) => {
    const { url } = await target({ rejectUnauthorized: false });
    expect(await ask({ target: url, ...form() })).toBe(expected);
  });

  test('of a target in parts, and of an agent', async () => {
    const { port, url } = await target();
    const { key, cert } = client;
    const parts = { protocol: 'https:', host: 'localhost', port, ca: ca.cert };
    expect(await ask({ target: { ...parts, key, cert } })).toBe('client');
    expect(await ask({ target: { ...parts, pfx: archive(), passphrase: WORDS } })).toBe('client');
    const agent = new https.Agent({ keepAlive: true, key, cert });
    expect(await ask({ target: url, agent, key: other.key, cert: other.cert })).toBe('client');
  });

  test('connections of different people are not shared', async () => {
    const { url, connections } = await target({ rejectUnauthorized: false });
    const { key, cert } = client;
    for (const [options, expected] of [
      [{ key, cert }, 'client'],
      [{ key: other.key, cert: other.cert }, 'other'],
      [{}, 'nobody'],
      [{ key, cert }, 'client'],
    ]) {
      expect(await ask({ target: url, ...options })).toBe(expected);
    }
    expect(connections).toHaveLength(3);
  });

  test.each([
    ['TLSv1.2', 'EPROTO', /^write EPROTO error:0A000410:SSL routines:.*sslv3 alert handshake failure/],
    ['TLSv1.3', 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', /tlsv13 alert certificate required/],
  ])('a target that wants a certificate, over %s', async (version, code, message) => {
    const { url } = await target({ minVersion: version, maxVersion: version });
    const error = await ask({ target: url });
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await ask({ target: url, key: client.key, cert: client.cert })).toBe('client');
  });

  test('versions', async () => {
    const { url, connections } = await target({ rejectUnauthorized: false });
    for (const options of [{ maxVersion: 'TLSv1.2' }, { minVersion: 'TLSv1.3' }, { minVersion: 'TLSv1' }])
      expect(await ask({ target: url, ...options })).toBe('nobody');
    expect(connections.map((socket) => socket.getProtocol())).toEqual(['TLSv1.2', 'TLSv1.3', 'TLSv1.3']);
    const old = await target({ maxVersion: 'TLSv1.2' });
    expect(await ask({ target: old.url, minVersion: 'TLSv1.3' })).toMatchObject({
      code: 'EPROTO',
      message: expect.stringMatching(/tlsv1 alert protocol version/),
    });
  });

  test('servername is asked for and checked, whatever the Host says', async () => {
    const { port, connections } = await target({ rejectUnauthorized: false });
    const options = { target: `https://127.0.0.1:${port}`, changeOrigin: false };
    expect(await ask({ ...options, servername: 'localhost' })).toBe('nobody');
    expect(connections[0].servername).toBe('localhost');
    expect(await ask({ ...options, servername: 'elsewhere.test' })).toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    expect(await ask(options)).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  test('a redirect to another origin takes no certificate along', async () => {
    const elsewhere = await target({ rejectUnauthorized: false });
    const one = await listening(
      https.createServer({ key: server.key, cert: server.cert }, (req, res) =>
        res.writeHead(302, { location: elsewhere.url }).end(),
      ),
    );
    onCleanUp(() => (one.closeAllConnections(), one.close()));
    const options = { target: `https://localhost:${one.address().port}`, followRedirects: true };
    expect(await ask({ ...options, key: client.key, cert: client.cert })).toBe('nobody');
  });
});

describe('what cannot be used is refused, and it is said why', () => {
  const { key, cert } = client;
  test.each([
    ['key', 'a key that is none', () => ({ key: 'junk', cert })],
    ['key', 'a key without its passphrase', () => ({ key: encryptedKey(), cert })],
    ['key', 'a wrong passphrase', () => ({ key: encryptedKey(), cert, passphrase: 'x' })],
    ['key', 'the key of another', () => ({ key: other.key, cert })],
    ['key', 'a key without a certificate', () => ({ key })],
    ['cert', 'a certificate without a key', () => ({ cert })],
    ['cert', 'a certificate that is none', () => ({ key, cert: 'junk' })],
    ['pfx', 'an archive that is none', () => ({ pfx: Buffer.from('junk') })],
    ['pfx', 'an archive with another passphrase', () => ({ pfx: archive(), passphrase: 'x' })],
    ['target', 'a target in parts', () => ({ target: { protocol: 'https:', host: 'h', key: 'junk', cert } })],
    ['agent', 'an agent', () => ({ agent: new https.Agent({ key: 'junk', cert }) })],
    ['maxVersion', 'no version', () => ({ maxVersion: 'SSLv3' })],
    ['minVersion', 'no version', () => ({ minVersion: 'SSLv3' })],
    ['servername', 'no name', () => ({ servername: 'a b' })],
  ])('%s: %s', (option, _what, options) => {
    expect(() => createProxyServer({ target: 'https://h', ...options() })).toThrow(
      expect.objectContaining({ code: 'ERR_PROXY_INVALID_OPTION', option }),
    );
  });
});
