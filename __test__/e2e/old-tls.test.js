'use strict';

/** TLS as the engine does not speak it: old versions, chosen ciphers, methods of OpenSSL. Node's TLS does. */

const https = require('node:https');
const { createProxyServer } = require('../../index.js');
const { FACES } = require('../support/faces.js');
const { stats } = require('../support/engine.js');
const { lastRequest, readResponse } = require('../support/messages.js');
const { closeAll, rawExchange, testServer } = require('../support/peers.js');
const { CERTIFICATE, KEY } = require('../support/tls.js');

afterEach(closeAll);

/** OpenSSL 3 takes what is that old only from those who insist. */
const ANY = 'DEFAULT@SECLEVEL=0';

/** Answers with the version and the cipher of the connection. */
async function tlsServer(settings) {
  const server = https.createServer({ key: KEY, cert: CERTIFICATE, ...settings }, (req, res) =>
    res.end(`${req.socket.getProtocol()} ${req.socket.getCipher().name}`),
  );
  const { port } = await testServer(server);
  return `https://localhost:${port}`;
}

const TRUST = { ca: CERTIFICATE, changeOrigin: true };

describe.each(FACES)('%s', (_face, serve) => {
  const ask = async (options) => {
    const { port } = await serve({ ...TRUST, ...options });
    return readResponse(await rawExchange(port, lastRequest('GET /a')));
  };

  test.each(['TLSv1', 'TLSv1.1'])('%s', async (version) => {
    const old = { minVersion: version, maxVersion: version, ciphers: ANY };
    const target = await tlsServer(old);
    expect((await ask({ target, ...old })).body).toMatch(new RegExp(`^${version} `));
    expect((await ask({ target, minVersion: version, ciphers: ANY })).body).toMatch(
      new RegExp(`^${version} `),
    );
  });

  test.each([
    ['an option', (settings, target) => ({ target, ...settings })],
    ['a part of the target', (settings, target) => ({ target: Object.assign(new URL(target), settings) })],
    ['a setting of an agent', (settings, target) => ({ target, agent: new https.Agent(settings) })],
  ])('ciphers, as %s', async (_where, made) => {
    const target = await tlsServer({ maxVersion: 'TLSv1.2' });
    const ciphers = 'ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0';
    const strange = await tlsServer({ maxVersion: 'TLSv1.2', ciphers });
    const options = (place, list) => made({ ciphers: list }, place);
    expect((await ask(options(target, 'ECDHE-ECDSA-CHACHA20-POLY1305'))).body).toBe(
      'TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305',
    );
    expect((await ask(options(strange, ciphers))).body).toBe('TLSv1.2 ECDHE-ECDSA-AES128-CCM8');
    expect(stats().node.targets[target]).toMatch(/ciphers/);
  });

  test('secureProtocol', async () => {
    const target = await tlsServer({});
    expect((await ask({ target, secureProtocol: 'TLSv1_2_method' })).body).toMatch(/^TLSv1\.2 /);
  });

  test('what it trusts is as ever', async () => {
    const target = await tlsServer({});
    const ciphers = 'TLS_AES_128_GCM_SHA256';
    expect((await ask({ target, ciphers, ca: undefined })).status).toBeGreaterThanOrEqual(500);
    expect(await ask({ target, ciphers, ca: undefined, secure: false })).toMatchObject({ status: 200 });
  });
});

test('the native door has no Node to do it, and says so', () => {
  const proxy = createProxyServer({ target: 'https://127.0.0.1:1', ciphers: ANY });
  expect(() => proxy.listen(0, { host: '127.0.0.1' })).toThrow(
    expect.objectContaining({ option: 'ciphers', message: expect.stringMatching(/HTTP client of Node/) }),
  );
});
