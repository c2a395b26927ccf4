'use strict';

/** F-07: TLS targets that cannot be trusted, or do not speak it. What is wrong is said in the words of Node's own client. */

const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');
const { closeAll, onCleanUp, rawExchange, testServer } = require('../support/peers.js');
const { authority, certificate } = require('../support/certificates.js');
const {
  EARS,
  GOOD,
  checkAfterwards,
  faultBench,
  faultyTarget,
  hears,
  nodeError,
  parts,
  statusOf,
  takeBaseline,
} = require('../support/faults.js');

const ours = authority('ours');
const others = authority('others');
const LOCAL = 'DNS:localhost,IP:127.0.0.1';

beforeAll(takeBaseline);
afterEach(closeAll);

const get = 'GET / HTTP/1.1\r\nHost: me\r\nConnection: close\r\n\r\n';

/** A TLS server that answers with 200. */
async function tlsTarget(options) {
  const server = tls.createServer(options, (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(GOOD));
  });
  server.on('tlsClientError', () => {});
  const { port } = await testServer(server);
  return port;
}

const REFUSED = {
  'another name': { options: () => certificate(ours, { names: 'DNS:other.test,DNS:*.else.test' }) },
  'another address': {
    host: '127.0.0.1',
    options: () => certificate(ours, { names: 'DNS:localhost,IP:127.0.0.9' }),
  },
  'another common name, and no alternative names': {
    options: () => certificate(ours, { common: 'other.test' }),
  },
  'a date that has passed': { options: () => certificate(ours, { names: LOCAL, days: -1 }) },
  'its own signature': { options: () => certificate(undefined, { names: LOCAL }) },
  'the signature of nobody we know': { options: () => certificate(others, { names: LOCAL }) },
  'the signature of nobody we know, who came along': {
    options() {
      const { key, cert } = certificate(others, { names: LOCAL });
      return { key, cert: cert + others.cert };
    },
  },
};

describe('F-07 certificates', () => {
  test.each(Object.keys(REFUSED))("F-07 %s: 502, and the error of Node's client", async (what) => {
    const { host = 'localhost', options } = REFUSED[what];
    const port = await tlsTarget(options());
    const target = `https://${host}:${port}`;
    const bench = await faultBench('event', { target, changeOrigin: true, ca: ours.cert });
    expect(statusOf(await rawExchange(bench.port, get))).toBe(502);
    const theirs = await nodeError(https, { host, port, ca: ours.cert });
    const { error } = bench.failures[0];
    // Newer versions of Node add advice after a semicolon.
    expect(error.message.replace(/;.*$/, '')).toBe(theirs.message.replace(/;.*$/, ''));
    expect({ ...parts(error), message: '' }).toEqual({ ...parts(theirs), message: '' });
    expect(error).toMatchObject({ phase: 'tls', side: 'upstream' });
    const trusting = await faultBench('event', { target, changeOrigin: true, secure: false });
    expect(statusOf(await rawExchange(trusting.port, get))).toBe(200);
    await checkAfterwards(bench, { failures: 1 });
  });

  const TRUSTED = {
    'an alternative name': { names: 'DNS:localhost' },
    'a common name': { common: 'localhost' },
    'an address': { names: 'IP:127.0.0.1', host: '127.0.0.1' },
  };

  test.each(Object.keys(TRUSTED))('F-07 the right certificate, by %s', async (what) => {
    const { host = 'localhost', ...subject } = TRUSTED[what];
    const port = await tlsTarget(certificate(ours, subject));
    const target = `https://${host}:${port}`;
    const bench = await faultBench('event', { target, changeOrigin: true, ca: ours.cert });
    expect(statusOf(await rawExchange(bench.port, get))).toBe(200);
    await checkAfterwards(bench, { failures: 0 });
  });
});

describe('F-07 handshakes', () => {
  const onHello = (then) => ({
    onConnection: (connection) => void connection.until(({ bytes }) => bytes.length > 0).then(then, () => {}),
  });
  const FAULTS = {
    'the connection closed': { fault: onHello(({ socket }) => socket.end()) },
    'the connection reset': { fault: onHello(({ socket }) => socket.resetAndDestroy()) },
    // Which words OpenSSL has for these is its own affair: only the code is compared.
    'a plain HTTP answer': { fault: onHello(({ socket }) => socket.write(GOOD)), onlyCode: true },
    'an alert': { fault: onHello(({ socket }) => socket.write(ALERT)), onlyCode: true },
    'an alert, then the end': { fault: onHello(({ socket }) => socket.end(ALERT)), onlyCode: true },
  };
  /** A fatal handshake_failure. */
  const ALERT = Buffer.from([21, 3, 3, 0, 2, 2, 40]);

  test.each(Object.keys(FAULTS))('F-07 %s', async (what) => {
    const { fault, onlyCode } = FAULTS[what];
    const target = await faultyTarget(fault);
    const bench = await faultBench('event', { target: `https://127.0.0.1:${target.port}`, ca: ours.cert });
    expect(statusOf(await rawExchange(bench.port, get))).toBe(502);
    const theirs = await nodeError(https, { host: '127.0.0.1', port: target.port, ca: ours.cert });
    const { error } = bench.failures[0];
    if (onlyCode) expect(error.code).toBe(theirs.code);
    else expect([error.code, error.message]).toEqual([theirs.code, theirs.message]);
    await checkAfterwards(bench, { failures: 1 });
  });

  test.each(EARS)(
    'F-07 a handshake that stalls is given up after connectTimeout, told by %s',
    async (ear) => {
      const target = await faultyTarget({});
      const options = { target: `https://127.0.0.1:${target.port}`, ca: ours.cert, connectTimeout: 300 };
      const bench = await faultBench(ear, options);
      const began = Date.now();
      expect(statusOf(await rawExchange(bench.port, get))).toBe(504);
      expect(Date.now() - began).toBeLessThan(8000);
      if (hears(ear)) {
        expect(bench.failures[0].error).toMatchObject({ code: 'ECONNECT_TIMEOUT', timeout: 'connect' });
      }
      await checkAfterwards(bench, { failures: 1 });
    },
  );

  test('F-07 what is sent before the handshake is never taken for an answer', async () => {
    const { key, cert } = certificate(ours, { names: LOCAL });
    const context = tls.createSecureContext({ key, cert });
    const server = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.write(GOOD);
      const secure = new tls.TLSSocket(socket, { isServer: true, secureContext: context });
      secure.on('error', () => {});
      onCleanUp(() => socket.destroy());
    });
    const { port } = await testServer(server);
    const options = { target: `https://127.0.0.1:${port}`, ca: ours.cert };
    const bench = await faultBench('event', options);
    expect(statusOf(await rawExchange(bench.port, get))).toBe(502);
    await checkAfterwards(bench, { failures: 1 });
  });
});
