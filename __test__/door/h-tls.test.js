'use strict';

/** TLS with clients at the native door (rows H of docs/reliability-rows.md): who the door is, what is agreed on, whom it turns away. */

const { execFile } = require('node:child_process');
const net = require('node:net');
const tls = require('node:tls');
const { once } = require('node:events');
const { createProxyServer } = require('../../index.js');
const {
  answeringTarget,
  closeAll,
  eventually,
  onCleanUp,
  rawClient,
  rawExchange,
} = require('../support/peers.js');
const { archive, authority, certificate, encryptedKey } = require('../support/certificates.js');
const { doorTo, openDoor } = require('../support/doors.js');
const { lastRequest, readRequest, readResponse, requestText } = require('../support/messages.js');
const { CERTIFICATE, KEY, tlsClient, tlsExchange } = require('../support/tls.js');

afterEach(closeAll);

const GET = lastRequest('GET /');
const TARGET = 'http://127.0.0.1:1';
const SSL = { key: KEY, cert: CERTIFICATE };

const ISSUER = authority('Of the tests');
const OTHER = authority('Of others');
const named = (name) => certificate(ISSUER, { common: name, names: `DNS:${name}` });
const [A, B] = [named('a.test'), named('*.b.test')];

const secureDoor = (ssl, more) => doorTo(undefined, { options: { ssl: { ...SSL, ...ssl } }, ...more });

/** Whose certificate a client is shown. */
async function shown(port, options) {
  const { socket } = await tlsClient(port, options);
  return socket.getPeerCertificate().subject.CN;
}

/** How a handshake fails. */
async function refusal(port, options) {
  const settled = await tlsClient(port, options).then(
    // With TLS 1.3 the client is through before the server has looked at its certificate.
    async (client) => {
      client.socket.write(GET);
      await client.closed();
      return client.text === '' ? client.ending : client.text;
    },
    (error) => error.code,
  );
  return settled;
}

describe('a request over TLS', () => {
  test.each(['TLSv1.2', 'TLSv1.3'])('by %s is forwarded', async (version) => {
    const { target, port } = await secureDoor({}, { settings: { trustProxy: true } });
    const text = await tlsExchange(port, GET, { minVersion: version, maxVersion: version });
    expect(readResponse(text)).toMatchObject({ status: 200, body: 'ok', rest: '' });
    expect(readRequest(target.connections[0].text)).toMatchObject({ start: 'GET / HTTP/1.1' });
  });

  test('says so to the target, with xfwd', async () => {
    const { target, port } = await doorTo(undefined, { options: { ssl: SSL, xfwd: true } });
    await tlsExchange(port, GET);
    const request = readRequest(target.connections[0].text);
    expect(request.values('x-forwarded-proto')).toEqual(['https']);
    expect(request.values('x-forwarded-port')).toEqual(['443']);
  });

  test('is one of several of its connection, and ends in good order', async () => {
    const { port, proxy } = await secureDoor({}, { settings: { keepAliveTimeout: 100 } });
    const client = await tlsClient(port);
    for (let i = 1; i <= 3; i++) {
      client.socket.write(requestText('GET /'));
      await client.until(({ text }) => text.split('ok').length === i + 1);
    }
    await client.closed();
    // Not `ECONNRESET`: the end was said.
    expect(client.ending).toBe('fin');
    expect(proxy.stats().door).toMatchObject({ accepted: 1, forwarded: 3, handshakeFailures: 0 });
  });

  test('carries large bodies both ways', async () => {
    const body = 'abcdefghij'.repeat(200_000);
    const { port } = await doorTo(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`, {
      options: { ssl: SSL },
    });
    const request = lastRequest('POST /', [`Content-Length: ${body.length}`], body);
    expect(readResponse(await tlsExchange(port, request)).body === body).toBe(true);
  });
});

describe('who the door is', () => {
  test('key and certificate as text, as bytes, in lists, encrypted, in an archive', async () => {
    const encrypted = encryptedKey(A.key, 'words');
    for (const ssl of [
      { key: A.key, cert: A.cert },
      { key: Buffer.from(A.key), cert: Buffer.from(A.cert) },
      { key: [A.key], cert: [A.cert] },
      { key: encrypted, cert: A.cert, passphrase: 'words' },
      { key: [{ pem: encrypted, passphrase: 'words' }], cert: [A.cert] },
      { pfx: archive(A, 'words'), passphrase: 'words' },
      { pfx: [{ buf: archive(A, 'words'), passphrase: 'words' }] },
    ]) {
      const { port } = await doorTo(undefined, { options: { ssl } });
      expect(await shown(port)).toBe('a.test');
    }
  });

  test('the name that is asked for chooses the certificate', async () => {
    const { port } = await secureDoor({ contexts: { 'A.test': A, '*.b.test': B } });
    expect(await shown(port)).toBe('localhost');
    for (const [servername, name] of [
      ['a.test', 'a.test'],
      ['A.TEST', 'a.test'],
      ['x.b.test', '*.b.test'],
      ['x.y.b.test', 'localhost'],
      ['b.test', 'localhost'],
      ['c.test', 'localhost'],
    ])
      expect([servername, await shown(port, { servername })]).toEqual([servername, name]);
  });

  test('of a list of certificates the one that has the name', async () => {
    const { port } = await doorTo(undefined, {
      options: { ssl: { key: [KEY, A.key, B.key], cert: [CERTIFICATE, A.cert, B.cert] } },
    });
    expect(await shown(port, { servername: 'a.test' })).toBe('a.test');
    expect(await shown(port, { servername: 'x.b.test' })).toBe('*.b.test');
    expect(await shown(port, { servername: 'c.test' })).toBe('localhost');
  });

  test('H-01 strange names get the usual certificate, or an alert', async () => {
    const { port, proxy } = await secureDoor({ contexts: { 'a.test': A } });
    for (const servername of [
      'a.test.',
      `${'a'.repeat(63)}.${'b'.repeat(63)}.test`,
      'xn--a',
      '-',
      '_a',
      'a..b',
      'a b',
      '%',
    ])
      expect(await refusal(port, { servername })).toMatch(/^HTTP\/1\.1 (200|421)|^ERR_SSL|^rst$|^fin$/);
    expect(readResponse(await tlsExchange(port, GET, { servername: 'a.test', ca: ISSUER.cert })).status).toBe(
      421,
    );
    expect(proxy.stats().panics).toBe(0);
  });

  test('H-02 a request for a host of another context is misdirected', async () => {
    const { port, proxy } = await secureDoor({ contexts: { 'a.test': A, '*.b.test': B } });
    const ask = async (servername, host) => {
      const text = `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
      return readResponse(await tlsExchange(port, text, { servername })).status;
    };
    expect(await ask('a.test', 'a.test:8443')).toBe(200);
    expect(await ask('x.b.test', 'y.b.test')).toBe(200);
    expect(await ask(undefined, 'a.test')).toBe(200);
    expect(proxy.stats().door.forwarded).toBe(3);
    expect(await ask('a.test', 'x.b.test')).toBe(421);
    expect(await ask('a.test', 'c.test')).toBe(421);
    expect(await ask('c.test', 'a.test')).toBe(421);
    expect(proxy.stats().door.forwarded).toBe(3);
  });

  test('H-17 what cannot be used is said when the door is opened', async () => {
    const encrypted = encryptedKey(A.key, 'words');
    for (const [ssl, message] of [
      [{}, 'The option ssl needs a key with its cert, or a pfx'],
      [{ key: KEY }, 'The option ssl.key cannot be used'],
      [{ cert: CERTIFICATE }, 'The option ssl.cert cannot be used'],
      [{ key: KEY, cert: 'junk' }, 'The option ssl cannot be used: its cert: it holds no PEM certificate'],
      [{ key: 'junk', cert: CERTIFICATE }, 'The option ssl.key cannot be used'],
      [{ key: A.key, cert: CERTIFICATE }, 'The option ssl cannot be used: its key'],
      [{ key: encrypted, cert: A.cert }, 'The option ssl.key cannot be used'],
      [{ pfx: Buffer.from('junk') }, 'The option ssl cannot be used: its pfx'],
      [{ ...SSL, requestCert: true, ca: 'junk' }, 'The option ssl cannot be used: its ca'],
      [{ ...SSL, ciphers: 'ALL' }, 'The native door cannot honour ssl.ciphers'],
      [{ ...SSL, maxVersion: 'TLSv1.1' }, 'The option ssl.maxVersion must be TLSv1.2 or TLSv1.3'],
      [
        { ...SSL, minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' },
        'The option ssl cannot be used: its minVersion',
      ],
      [{ ...SSL, ALPNProtocols: ['spdy/3'] }, 'The option ssl.ALPNProtocols must be an array of'],
      [{ ...SSL, contexts: { 'a.test': {} } }, 'The option ssl.contexts["a.test"] needs a key with its cert'],
      [{ ...SSL, contexts: { 'a/b': A } }, 'The option ssl.contexts must be an object from names'],
      [{ ...SSL, contexts: { '127.0.0.1': A } }, 'The option ssl.contexts must be an object from names'],
      [{ ...SSL, handshakeTimeout: 0 }, 'The option ssl.handshakeTimeout must be a number of milliseconds'],
    ]) {
      await expect(openDoor({ target: TARGET, ssl })).rejects.toMatchObject({
        code: 'ERR_PROXY_INVALID_OPTION',
        message: expect.stringContaining(message),
      });
    }
  });
});

test.each([
  ['H-03 a function that chooses the certificate', 'SNICallback', () => {}],
  ['H-18 a list of revoked certificates', 'crl', 'junk'],
])('%s is refused', async (_what, name, value) => {
  const opening = openDoor({ target: TARGET, ssl: { ...SSL, [name]: value } });
  await expect(opening).rejects.toThrow(`The native door cannot honour ssl.${name}`);
});

describe('setSecureContext', () => {
  test('H-17 exchanges the certificate for those to come, and cuts nobody off', async () => {
    const { proxy, port } = await secureDoor({ contexts: { 'a.test': A } });
    const client = await tlsClient(port);
    client.socket.write(requestText('GET /'));
    await client.received('ok');
    proxy.setSecureContext({ key: B.key, cert: B.cert });
    expect(await shown(port)).toBe('*.b.test');
    expect(await shown(port, { servername: 'a.test' })).toBe('a.test');
    client.socket.write(GET);
    await client.closed();
    expect(client.text.split('ok')).toHaveLength(3);
  });

  test('H-17 with something that cannot be used changes nothing', async () => {
    const { proxy, port } = await secureDoor({});
    for (const bad of [
      {},
      { key: '', cert: '' },
      { key: KEY, cert: 'junk' },
      { key: A.key, cert: CERTIFICATE },
    ])
      expect(() => proxy.setSecureContext(bad)).toThrow(/The option ssl/);
    expect(await shown(port)).toBe('localhost');
    proxy.setSecureContext({ pfx: archive(A, 'words'), passphrase: 'words' });
    expect(await shown(port)).toBe('a.test');
  });

  test('of a door without TLS throws', async () => {
    const { proxy } = await openDoor({ target: TARGET });
    expect(() => proxy.setSecureContext(SSL)).toThrow(/without the option ssl/);
    expect(() => createProxyServer({ ssl: SSL }).setSecureContext(SSL)).toThrow(/needs a server/);
  });
});

describe('what is agreed on', () => {
  const OLD = /^ERR_SSL_.*ALERT_(PROTOCOL_VERSION|HANDSHAKE_FAILURE)$/;

  test('H-04 versions before 1.2, and those that the options exclude, are refused', async () => {
    const { port, proxy } = await secureDoor({});
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    expect(await refusal(port, old)).toMatch(OLD);
    expect(await refusal(port, { ciphers: 'AES128-SHA', maxVersion: 'TLSv1.2' })).toMatch(
      /^ERR_SSL|^ECONNRESET/,
    );
    await eventually(() => proxy.stats().door.handshakeFailures === 2);
    const least = await secureDoor({ minVersion: 'TLSv1.3' });
    expect(await refusal(least.port, { maxVersion: 'TLSv1.2' })).toMatch(OLD);
    const most = await secureDoor({ minVersion: 'TLSv1', maxVersion: 'TLSv1.2' });
    expect(await refusal(most.port, { minVersion: 'TLSv1.3' })).toMatch(OLD);
  });

  test('H-10 HTTP/1.1 without ALPN, or if it is all that there is in common', async () => {
    const { port } = await secureDoor({ ALPNProtocols: ['http/1.1'] });
    const agreed = async (options) => (await tlsClient(port, options)).socket.alpnProtocol;
    expect(await agreed({})).toBe(false);
    expect(await agreed({ ALPNProtocols: ['h2', 'http/1.1'] })).toBe('http/1.1');
    const many = Array.from({ length: 200 }, (_, i) => `x${i}`);
    expect(await agreed({ ALPNProtocols: [...many, 'http/1.1'] })).toBe('http/1.1');
    expect(await refusal(port, { ALPNProtocols: many })).toBe('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL');
    expect(await refusal(port, { ALPNProtocols: ['h2'] })).toBe(
      'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
    );
  });

  test('H-16 a session is resumed for the same name alone', async () => {
    const { port } = await secureDoor({ contexts: { 'a.test': A } });
    const client = await tlsClient(port, { servername: 'a.test' });
    const gotSession = once(client.socket, 'session');
    client.socket.write(requestText('GET /'));
    const [session] = await gotSession;
    const resumes = async (servername) =>
      (await tlsClient(port, { servername, session })).socket.isSessionReused();
    expect(await resumes('a.test')).toBe(true);
    expect(await resumes('c.test')).toBe(false);
  });
});

describe('H-11 client certificates', () => {
  const own = certificate(ISSUER, { common: 'client' });
  const foreign = certificate(OTHER, { common: 'client' });
  const itself = certificate(undefined, { common: 'client' });
  const ALLOWED = /^HTTP\/1\.1 200/;
  const TURNED_AWAY = /^ERR_SSL|^rst$|^fin$|^ECONNRESET$/;

  test.each(['TLSv1.2', 'TLSv1.3'])('are asked for, and checked, by %s', async (maxVersion) => {
    const { port, proxy } = await secureDoor({ requestCert: true, ca: ISSUER.cert });
    const with_ = (identity) => refusal(port, { ...identity, maxVersion });
    expect(await with_(own)).toMatch(ALLOWED);
    for (const bad of [{}, foreign, itself]) expect(await with_(bad)).toMatch(TURNED_AWAY);
    await eventually(() => proxy.stats().door.handshakeFailures === 3);
    expect(proxy.stats().door.forwarded).toBe(1);
  });

  test('are not needed with rejectUnauthorized: false', async () => {
    const { port } = await secureDoor({ requestCert: true, rejectUnauthorized: false, ca: ISSUER.cert });
    for (const any of [own, {}, foreign, itself]) expect(await refusal(port, any)).toMatch(ALLOWED);
  });
});

describe('what is no handshake', () => {
  test('H-05 plain HTTP is told so', async () => {
    const { port, proxy, target } = await secureDoor({});
    const answer = readResponse(await rawExchange(port, GET));
    expect(answer).toMatchObject({ status: 400, isComplete: true, rest: '' });
    expect(answer.body).toContain('HTTPS');
    expect(target.connections).toHaveLength(0);
    await eventually(() => proxy.stats().door.connections === 0);
    expect(proxy.stats().door).toMatchObject({ handshakeFailures: 1, forwarded: 0 });
  });

  test.each([
    ['an SSLv2 hello', '\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10'],
    ['an empty record', '\x16\x03\x01\x00\x00'],
    ['a record that is too long', `\x16\x03\x01\xff\xff${'x'.repeat(70_000)}`],
    ['H-07 an end of the connection', '\x15\x03\x01\x00\x02\x01\x00'],
    ['nonsense', '\x00\x01\x02\x03\x04\x05\x06\x07'],
    ['a handshake message of another kind', '\x16\x03\x01\x00\x04\x0e\x00\x00\x00'],
  ])('%s is refused', async (_what, bytes) => {
    const { port, proxy } = await secureDoor({});
    const client = await rawClient(port, bytes);
    client.socket.end();
    await client.closed();
    await eventually(() => proxy.stats().door.connections === 0);
    expect(proxy.stats().door).toMatchObject({ handshakeFailures: 1, forwarded: 0 });
    expect(client.text).not.toContain('HTTP/');
  });

  test('H-08 one that stops at any byte is given up', async () => {
    const { port, proxy } = await secureDoor({ handshakeTimeout: 300 });
    const hello = await clientHello();
    const lengths = [0, 1, 5, 6, 50, hello.length - 1, hello.length];
    const clients = await Promise.all(lengths.map((length) => rawClient(port, hello.subarray(0, length))));
    await Promise.all(clients.map((client) => client.closed()));
    await eventually(() => proxy.stats().door.connections === 0);
    expect(proxy.stats().door).toMatchObject({ handshakeFailures: lengths.length, forwarded: 0, refused: 0 });
  });

  test('H-09 hundreds at a time leave the others their turn', async () => {
    const { port, proxy } = await secureDoor({});
    const client = await tlsClient(port);
    const handshakes = Promise.all(Array.from({ length: 300 }, () => tlsExchange(port, GET)));
    client.socket.write(requestText('GET /'));
    await client.received('ok');
    expect(new Set((await handshakes).map((text) => readResponse(text).status))).toEqual(new Set([200]));
    expect(proxy.stats().door).toMatchObject({ accepted: 301, forwarded: 301, handshakeFailures: 0 });
  });

  test('H-06 records of a byte each are put together', async () => {
    const { port } = await secureDoor({});
    const hello = await clientHello();
    const records = [];
    for (const byte of hello.subarray(5)) records.push(0x16, 0x03, 0x01, 0x00, 0x01, byte);
    const client = await rawClient(port, Buffer.from(records));
    // ServerHello in a record of its own.
    await client.until(({ bytes }) => bytes.length > 100);
    expect([...client.bytes.subarray(0, 3), client.bytes[5]]).toEqual([0x16, 0x03, 0x03, 0x02]);
  });

  test('H-12 renegotiation is refused', async () => {
    const { port, proxy } = await secureDoor({}, { settings: { headersTimeout: 500 } });
    const said = await openssl(['s_client', '-tls1_2', '-connect', `127.0.0.1:${port}`], 'R\n');
    expect(said).toContain('RENEGOTIATING');
    expect(said).toMatch(/no renegotiation/i);
    expect(proxy.stats().door).toMatchObject({ accepted: 1, forwarded: 0 });
  });

  test('H-13 a response that is cut does not end in good order', async () => {
    const target = await answeringTarget('HTTP/1.1 200 OK\r\n\r\nhalf');
    const { port, proxy } = await openDoor({ target: target.url, ssl: SSL });
    const client = await tlsClient(port);
    client.socket.write('GET / HTTP/1.0\r\n\r\n');
    await client.received('half');
    target.connections[0].socket.resetAndDestroy();
    await client.closed();
    expect(client.ending).not.toBe('fin');
    expect(proxy.stats().door.cut).toBe(1);
  });

  test('does not hold up a door that closes', async () => {
    const { port, proxy } = await secureDoor({}, { settings: { grace: 60_000 } });
    await rawClient(port);
    await eventually(() => proxy.stats().door.connections === 1);
    await new Promise((resolve) => proxy.close(resolve));
    expect(proxy.stats().door).toBeUndefined();
  });
});

/** The first bytes of a client that would speak TLS. */
async function clientHello() {
  const server = net.createServer().listen(0, '127.0.0.1');
  onCleanUp(() => server.close());
  await once(server, 'listening');
  const socket = tls.connect({ port: server.address().port, host: '127.0.0.1' });
  socket.on('error', () => {});
  const [accepted] = await once(server, 'connection');
  const [hello] = await once(accepted, 'data');
  socket.destroy();
  accepted.destroy();
  return hello;
}

/** What the openssl command says, given this to read. */
function openssl(args, input) {
  return new Promise((resolve) => {
    const child = execFile('openssl', args, { timeout: 10_000 }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
    child.stdin.on('error', () => {});
    child.stdin.write(input);
  });
}
