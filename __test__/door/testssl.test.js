'use strict';

/** What testssl.sh finds at the native door (NIGHTLY=1): protocols, ciphers, ALPN, and every weakness of TLS that has a name. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { execFile } = require('node:child_process');
const { authority, certificate } = require('../support/certificates.js');
const { openDoor } = require('../support/doors.js');
const { closeAll, httpServer } = require('../support/peers.js');

afterAll(closeAll);

/** It takes a minute, and several beside something else. */
const MOST_MILLISECONDS = 600_000;
const CHECKS = ['--protocols', '--standard', '--vulnerable'];

/** Its findings by name. */
async function findings(port, folder) {
  const report = path.join(folder, 'report.json');
  const ca = path.join(folder, 'ca.pem');
  const how = ['--quiet', '--color', '0', '--warnings', 'off', '--nodns', 'none', '--ip', '127.0.0.1'];
  const args = [...how, ...CHECKS, '--add-ca', ca, '--jsonfile', report, `https://localhost:${port}/`];
  await new Promise((resolve, reject) => {
    // Its status is the number of findings that are no good ones.
    execFile('testssl', args, { timeout: MOST_MILLISECONDS }, (error) => {
      if (error?.code === 'ENOENT') reject(new Error('Please install: testssl.sh'));
      else if (error?.killed) reject(error);
      else resolve();
    });
  });
  const all = JSON.parse(fs.readFileSync(report, 'utf8'));
  return new Map(all.map(({ id, severity, finding }) => [id, { severity, finding }]));
}

if (process.env.NIGHTLY) {
  let found;

  beforeAll(async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'testssl-'));
    const issuer = authority('Of the tests');
    fs.writeFileSync(path.join(folder, 'ca.pem'), issuer.cert);
    const target = await httpServer((req, res) => res.end('ok'));
    const ssl = certificate(issuer, { names: 'DNS:localhost,IP:127.0.0.1' });
    const { port } = await openDoor({ target: target.url, ssl });
    try {
      found = await findings(port, folder);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  }, MOST_MILLISECONDS);

  test.each([
    ['SSLv2', /^not offered$/],
    ['SSLv3', /^not offered$/],
    ['TLS1', /^not offered$/],
    ['TLS1_1', /^not offered$/],
    ['TLS1_2', /^offered$/],
    ['TLS1_3', /^offered/],
    ['ALPN_HTTP2', /^h2$/],
    ['ALPN', /^http\/1\.1$/],
    ['cipherlist_NULL', /^not offered$/],
    ['cipherlist_aNULL', /^not offered$/],
    ['cipherlist_EXPORT', /^not offered$/],
    ['cipherlist_LOW', /^not offered$/],
    ['cipherlist_3DES_IDEA', /^not offered$/],
    ['cipherlist_AVERAGE', /^not offered$/],
    ['cipherlist_STRONG', /^offered$/],
  ])('%s: %s', (id, finding) => expect(found.get(id)?.finding).toMatch(finding));

  test.each([
    'heartbleed',
    'CCS',
    'ticketbleed',
    'ROBOT',
    'secure_client_renego',
    'CRIME_TLS',
    'BREACH',
    'POODLE_SSL',
    'SWEET32',
    'FREAK',
    'DROWN',
    'LOGJAM',
    'BEAST',
    'LUCKY13',
    'RC4',
  ])('%s: not vulnerable', (id) => {
    expect(found.get(id)).toEqual({ severity: 'OK', finding: expect.stringMatching(/not vulnerable|no /) });
  });

  test('nothing that it warns of', () => {
    // Of its own openssl.
    found.delete('engine_problem');
    const bad = [...found].filter(([, { severity }]) => severity !== 'OK' && severity !== 'INFO');
    expect(bad).toEqual([]);
  });
} else test.skip('testssl.sh (NIGHTLY=1)', () => {});
