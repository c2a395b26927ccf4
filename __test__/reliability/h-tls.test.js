'use strict';

/** H-14 to H-16: TLS with targets, in both versions of HTTP. Who vouches for them, what they may do, and what is shared between requests. */

const fs = require('node:fs');
const http2 = require('node:http2');
const https = require('node:https');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');
const { execFileSync } = require('node:child_process');
const { createProxyServer } = require('../../index.js');
const { startChild } = require('../support/child.js');
const { authority, certificate } = require('../support/certificates.js');
const { faultBench, nodeError, request, statusOf, takeBaseline } = require('../support/faults.js');
const {
  closeAll,
  httpServer,
  keepingAgent,
  rawExchange,
  rawTarget,
  testServer,
} = require('../support/peers.js');

const ours = authority('ours');
const others = authority('others');
const LOCAL = 'DNS:localhost,IP:127.0.0.1';
const good = certificate(ours, { names: LOCAL });

beforeAll(takeBaseline);
afterEach(closeAll);

const GET = 'GET / HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n';
const VERSIONS = { 'HTTP/1.1': false, 'HTTP/2': 'auto' };

/** A target that answers in either version, with what it was asked in. */
async function target(options = good) {
  const sockets = [];
  const server = http2.createSecureServer({ allowHTTP1: true, ...options }, (req, res) => {
    const { socket } = req.stream?.session ?? req;
    res.end(`${req.httpVersion} ${socket.servername} ${socket.getProtocol()}`);
  });
  server.on('secureConnection', (socket) => {
    sockets.push({ protocol: socket.alpnProtocol, isResumed: socket.isSessionReused() });
  });
  server.on('sessionError', () => {});
  const { port } = await testServer(server);
  return { port, sockets, url: `https://localhost:${port}` };
}

/** The answer to one request, over a connection of its own to the proxy. */
async function answerTo(bench) {
  const text = await rawExchange(bench.port, GET);
  return [statusOf(text), text.split('\r\n\r\n')[1]];
}

const CERTIFICATES = {
  'of another name': () => certificate(ours, { names: 'DNS:other.test' }),
  'that has expired': () => certificate(ours, { names: LOCAL, days: -1 }),
  'that signs itself': () => certificate(undefined, { names: LOCAL }),
  'of an authority that nobody knows': () => certificate(others, { names: LOCAL }),
};

describe.each(Object.entries(VERSIONS))('H-14 over %s, a certificate', (version, wanted) => {
  const number = version.slice(5) === '2' ? '2.0' : '1.1';

  test.each(Object.entries(CERTIFICATES))(
    'H-14 %s is refused as by Node, unless `secure` is false',
    async (_name, make) => {
      const { port, url } = await target(make());
      const options = { target: url, changeOrigin: true, http2: wanted };
      const bench = await faultBench('event', { ...options, ca: ours.cert });
      expect((await answerTo(bench))[0]).toBe(502);
      const theirs = await nodeError(https, { host: 'localhost', port, ca: ours.cert });
      expect(bench.failures[0].error.code).toBe(theirs.code);
      const trusting = await faultBench('event', { ...options, secure: false });
      expect((await answerTo(trusting))[1]).toMatch(number);
      // What was not verified serves nobody who verifies.
      expect((await answerTo(bench))[0]).toBe(502);
    },
  );

  test('H-14 is good for the name that the target is asked for: its own, that of the request, or `servername`', async () => {
    const { port } = await target(certificate(ours, { names: 'DNS:inner.test,IP:127.0.0.1' }));
    const asks = {
      [`https://127.0.0.1:${port}`]: [{ changeOrigin: true }, 200],
      [`https://localhost:${port}`]: [{ changeOrigin: true }, 502],
      [`https://localhost:${port}/a`]: [{ changeOrigin: true, servername: 'inner.test' }, 200],
      [`https://localhost:${port}/b`]: [{ headers: { host: 'inner.test' } }, 200],
      [`https://localhost:${port}/c`]: [{}, 502],
    };
    for (const [url, [options, status]] of Object.entries(asks)) {
      const bench = await faultBench('event', { target: url, ca: ours.cert, http2: wanted, ...options });
      expect([url, (await answerTo(bench))[0]]).toEqual([url, status]);
    }
  });

  test('H-14 connections with different settings are never shared', async () => {
    const { url, sockets } = await target();
    const who = certificate(ours, { common: 'client' });
    const settings = [
      { ca: ours.cert },
      { ca: ours.cert + others.cert },
      { secure: false },
      { ca: ours.cert, servername: 'localhost' },
      { ca: ours.cert, key: who.key, cert: who.cert },
      { ca: ours.cert, maxVersion: 'TLSv1.2' },
      { ca: ours.cert, agent: new https.Agent({ keepAlive: true }) },
      { ca: ours.cert, ALPNProtocols: ['http/1.1'] },
    ];
    const agent = keepingAgent();
    const benches = [];
    for (const one of settings) {
      // The default would be `localhost`, too.
      benches.push(
        await faultBench('event', {
          target: url,
          changeOrigin: 'servername' in one,
          http2: wanted,
          headers: { host: 'localhost' },
          ...one,
        }),
      );
    }
    for (const bench of [...benches, ...benches]) expect((await request(agent, bench.port)).status).toBe(200);
    // All but one are different from each other: the name is the same, whoever names it.
    expect(sockets).toHaveLength(settings.length - 1);
  });

  test('H-15 a target that speaks TLS 1.2 only is asked in it', async () => {
    const { url } = await target({ ...good, maxVersion: 'TLSv1.2' });
    const bench = await faultBench('event', {
      target: url,
      changeOrigin: true,
      ca: ours.cert,
      http2: wanted,
    });
    expect((await answerTo(bench))[1]).toContain(`${number} localhost TLSv1.2`);
  });

  test('H-15 a plain answer is an error, and a handshake that stalls ends with the time to connect', async () => {
    const plain = await rawTarget(({ socket }) =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'),
    );
    const stalls = await rawTarget(() => {});
    for (const [{ port }, status] of [
      [plain, 502],
      [stalls, 504],
    ]) {
      const options = {
        target: `https://localhost:${port}`,
        ca: ours.cert,
        http2: wanted,
        connectTimeout: 500,
      };
      const bench = await faultBench('event', options);
      const [seen, text] = await answerTo(bench);
      expect(seen).toBe(status);
      expect(text).not.toContain('evil');
    }
  });

  test('H-16 sessions are resumed, but not under other settings', async () => {
    const { url, sockets } = await target({ ...good, maxVersion: 'TLSv1.3' });
    const options = { target: url, changeOrigin: true, http2: wanted, agent: false };
    const strict = await faultBench('event', { ...options, ca: ours.cert });
    const lax = await faultBench('event', { ...options, secure: false });
    for (const bench of [strict, strict, lax]) expect((await answerTo(bench))[0]).toBe(200);
    expect(sockets.map(({ isResumed }) => isResumed)).toEqual([false, true, false]);
  });
});

test('H-15 a target that asks for a new handshake is not followed', async () => {
  let outcome;
  const server = https.createServer({ ...good, maxVersion: 'TLSv1.2' }, (req, res) => {
    req.socket.renegotiate({ rejectUnauthorized: false }, (error) => (outcome = error ?? 'renegotiated'));
    setTimeout(() => res.end('asked'), 100);
  });
  server.on('tlsClientError', () => {});
  const { port } = await testServer(server);
  const bench = await faultBench('event', {
    target: `https://localhost:${port}`,
    changeOrigin: true,
    ca: ours.cert,
  });
  const [status, text] = await answerTo(bench);
  expect(status === 200 ? text : `${status}`).toMatch(/^asked$|^502$/);
  expect(outcome).not.toBe('renegotiated');
});

describe.each([
  ['the engine', {}],
  ['Node’s own client', { ciphers: 'DEFAULT' }],
])('H-14 who vouches, as %s sees it', (_whose, way) => {
  let folder;
  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'roots-'));
    for (const [name, { cert }] of Object.entries({ ours, others })) {
      fs.writeFileSync(path.join(folder, `${name}.pem`), `a comment\n${cert}`);
    }
    fs.writeFileSync(path.join(folder, 'none.pem'), 'nothing');
  });
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  const at = (name) => path.join(folder, name);
  const NO_ENV = { NODE_EXTRA_CA_CERTS: '', SSL_CERT_FILE: '', SSL_CERT_DIR: '' };

  /** The status that a proxy in an environment of its own gives. */
  async function statusIn(env, options = {}) {
    const { url } = await target();
    const child = startChild('proxy.js', {
      args: [JSON.stringify({ target: url, changeOrigin: true, ...way, ...options })],
      env: { ...NO_ENV, ...env },
    });
    const port = await child.ask('port');
    const answer = await rawExchange(port, GET);
    return [statusOf(answer), /^x-error: (.*)\r$/m.exec(answer)?.[1], child.output.stderr];
  }

  const ROWS = [
    ['nobody', () => ({}), 502],
    ['NODE_EXTRA_CA_CERTS', () => ({ NODE_EXTRA_CA_CERTS: at('ours.pem') }), 200],
    ['SSL_CERT_FILE', () => ({ SSL_CERT_FILE: at('ours.pem') }), 200],
    ['both', () => ({ NODE_EXTRA_CA_CERTS: at('others.pem'), SSL_CERT_FILE: at('ours.pem') }), 200],
    ['somebody else', () => ({ NODE_EXTRA_CA_CERTS: at('others.pem') }), 502],
  ];

  test.each(ROWS)('H-14 %s', async (_name, env, status) => {
    const [seen, code] = await statusIn(env());
    expect([seen, code]).toEqual([status, status === 200 ? undefined : 'UNABLE_TO_VERIFY_LEAF_SIGNATURE']);
  });

  test('H-14 the option ca replaces them all', async () => {
    const env = { NODE_EXTRA_CA_CERTS: at('ours.pem') };
    expect((await statusIn(env, { ca: others.cert }))[0]).toBe(502);
    expect((await statusIn({}, { ca: ours.cert }))[0]).toBe(200);
  });

  test('H-14 the system’s are asked with useSystemCa only', async () => {
    // Where the system keeps them is told by the same variable as OpenSSL is told; the proxy itself looks at a file alone.
    fs.mkdirSync(at('store'));
    fs.writeFileSync(path.join(at('store'), 'ours.pem'), ours.cert);
    execFileSync('openssl', ['rehash', at('store')]);
    const env = { SSL_CERT_DIR: at('store') };
    expect((await statusIn(env))[0]).toBe(502);
    expect((await statusIn(env, { useSystemCa: true }))[0]).toBe(200);
  });

  test('H-14 a file that cannot be used is said, and changes nothing else', async () => {
    const [status, , stderr] = await statusIn({ SSL_CERT_FILE: at('none.pem') });
    expect(status).toBe(502);
    expect(stderr).toMatch(
      /RS_PROXY_CERTIFICATES.*SSL_CERT_FILE are not used: .*none\.pem: it holds no PEM certificate/,
    );
    expect((await statusIn({ SSL_CERT_FILE: at('missing.pem') }))[2]).toMatch(/missing\.pem: ENOENT/);
  });
});

describe('H-14 ALPNProtocols', () => {
  test.each([
    [['h2', 'http/1.1'], '2.0'],
    [['http/1.1'], '1.1'],
    [[Buffer.from('h2')], '2.0'],
  ])('H-14 %s: the target chooses', async (ALPNProtocols, number) => {
    const { url, sockets } = await target();
    const options = { target: url, changeOrigin: true, ca: ours.cert };
    for (const how of [{ ALPNProtocols }, { agent: new https.Agent({ ALPNProtocols }) }]) {
      const bench = await faultBench('event', { ...options, ...how });
      expect((await answerTo(bench))[1]).toMatch(number);
    }
    expect(sockets[0].protocol).toBe(number === '2.0' ? 'h2' : 'http/1.1');
  });

  test('H-14 a target that knows none of them says so', async () => {
    const server = tls.createServer({ ...good, ALPNProtocols: ['other'] });
    server.on('tlsClientError', () => {});
    const { port } = await testServer(server);
    const bench = await faultBench('event', {
      target: `https://localhost:${port}`,
      changeOrigin: true,
      ca: ours.cert,
      ALPNProtocols: ['h2'],
    });
    expect((await answerTo(bench))[0]).toBe(502);
    expect(bench.failures[0].error.message).toMatch(/no application protocol/);
  });

  test('H-14 what is none is refused', async () => {
    for (const wrong of ['h2', [], [''], [5], ['x'.repeat(256)]]) {
      expect(() => createProxyServer({ target: 'https://h', ALPNProtocols: wrong })).toThrow(/ALPNProtocols/);
    }
    const { url } = await httpServer();
    expect(() => createProxyServer({ target: url, ALPNProtocols: ['h2'] })).not.toThrow();
  });
});
