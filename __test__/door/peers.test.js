'use strict';

/** Clients of others at the native door: curl, nghttp, h2load and the openssl command, which Debian has. */

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { execFile } = require('node:child_process');
const { closeAll, httpServer } = require('../support/peers.js');
const { authority, certificate } = require('../support/certificates.js');
const { openDoor } = require('../support/doors.js');

const ISSUER = authority('Of the tests');
const SSL = certificate(ISSUER, { names: 'DNS:localhost,IP:127.0.0.1' });
const BODY = crypto.randomBytes(512 * 1024).toString('hex');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'peers-'));
const CA = path.join(folder, 'ca.pem');
const UPLOAD = path.join(folder, 'body');
fs.writeFileSync(CA, ISSUER.cert);
fs.writeFileSync(UPLOAD, BODY);

afterEach(closeAll);
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** What a command says, once it has ended well. */
function say(command, args, input = '') {
  return new Promise((resolve, reject) => {
    const settings = { timeout: 60_000, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(command, args, settings, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command} ${args.join(' ')}: ${error.message} ${stderr}`));
      else resolve(`${stdout}${stderr}`);
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** A door with and one without TLS, to a target that sends back what it gets and says who has asked. */
async function doors() {
  const target = await httpServer((req, res) => {
    res.setHeader('x-via', req.headers.via ?? '');
    if (req.method === 'GET') res.end(BODY);
    else req.pipe(res);
  });
  const [secure, plain] = await Promise.all([
    openDoor({ target: target.url, ssl: SSL }),
    openDoor({ target: target.url }, { h2c: true }),
  ]);
  return {
    secure,
    plain,
    secureUrl: `https://localhost:${secure.port}/`,
    plainUrl: `http://127.0.0.1:${plain.port}/`,
  };
}

describe('curl', () => {
  const curl = (...args) => say('curl', ['-sS', '--fail', '--max-time', '30', '--cacert', CA, ...args]);

  test.each([
    ['HTTP/1.1 over TLS 1.2', ['--http1.1', '--tls-max', '1.2'], 'secureUrl', '1.1'],
    ['HTTP/1.1 over TLS 1.3', ['--http1.1', '--tlsv1.3'], 'secureUrl', '1.1'],
    ['HTTP/2', ['--http2'], 'secureUrl', '2'],
    ['HTTP/2 with prior knowledge', ['--http2-prior-knowledge'], 'plainUrl', '2'],
    ['HTTP/1.1', ['--http1.1'], 'plainUrl', '1.1'],
  ])('%s: a body down, and one up and down', async (_how, args, url, version) => {
    const where = (await doors())[url];
    const down = await curl(...args, '-w', '\n%{http_version} %{http_code}', where);
    expect(down === `${BODY}\n${version} 200`).toBe(true);
    const both = await curl(...args, '--data-binary', `@${UPLOAD}`, where);
    expect(both === BODY).toBe(true);
  });

  test('trusts no other certificate than that of the name', async () => {
    const { secure, secureUrl } = await doors();
    await expect(say('curl', ['-sS', secureUrl])).rejects.toThrow(/certificate/);
    const elsewhere = [
      '--resolve',
      `other.test:${secure.port}:127.0.0.1`,
      `https://other.test:${secure.port}/`,
    ];
    await expect(curl(...elsewhere)).rejects.toThrow(/name|certificate/i);
  });
});

test('nghttp: many streams at a time, with priorities and trailers of its own', async () => {
  const { plainUrl, secureUrl } = await doors();
  for (const url of [plainUrl, secureUrl]) {
    const text = await say('nghttp', ['-n', '-s', '-m', '20', '--trailer', 'x-sum: 1', '-d', UPLOAD, url]);
    expect(text).toContain('Statistics');
    expect(text.match(/^ +\d+ .* 200 +\S+ \/$/gm)).toHaveLength(20);
  }
});

test('h2load: thousands of requests, none of which fails', async () => {
  const { plain, secure, plainUrl, secureUrl } = await doors();
  for (const [door, url] of [
    [plain, plainUrl],
    [secure, secureUrl],
  ]) {
    const text = await say('h2load', ['-n', '2000', '-c', '10', '-m', '20', '-H', 'x-a: b', '-d', CA, url]);
    expect(text).toMatch(
      /2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout/,
    );
    expect(door.proxy.stats().door).toMatchObject({ forwarded: 2000, refused: 0, failed: 0, cut: 0 });
  }
});

test('openssl: what is agreed on, and nothing that it warns of', async () => {
  const { secure } = await doors();
  const connect = (...args) =>
    say('openssl', ['s_client', '-connect', `localhost:${secure.port}`, '-CAfile', CA, '-brief', ...args]);
  const best = await connect('-alpn', 'h2,http/1.1', '-servername', 'localhost', '-verify_return_error');
  expect(best).toMatch(/Protocol version: TLSv1\.3/);
  expect(best).toMatch(/Verification: OK/);
  expect(await connect('-tls1_2')).toMatch(/Protocol version: TLSv1\.2/);
  await expect(connect('-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0')).rejects.toThrow();
  await expect(connect('-tls1_2', '-cipher', 'AES128-SHA')).rejects.toThrow();
});
