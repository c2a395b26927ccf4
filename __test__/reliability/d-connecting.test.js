'use strict';

/** Names without an address, and bytes before the TLS handshake (reliability rows D-45 and D-46). */

const { closeAll, rawExchange, rawTarget } = require('../support/peers.js');
const { FACES } = require('../support/faces.js');
const { tlsTarget } = require('../support/tls.js');
const { lastRequest, readRequest, readResponse } = require('../support/messages.js');

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

afterEach(closeAll);

describe.each(FACES)('%s', (_name, face) => {
  /** What a failure of this target is, and how it is answered by whoever does not listen. */
  async function failure(options) {
    const failures = [];
    const on = {
      error: (error, _req, res) => {
        failures.push(error);
        res.writeHead(error.status).end();
      },
    };
    const { port } = await face({ ...options, on });
    const answer = readResponse(
      await rawExchange(port, lastRequest('POST /', ['Content-Length: 5'], 'hello')),
    );
    expect(failures).toHaveLength(1);
    return { error: failures[0], status: answer.status };
  }

  // No look-up of them leaves this machine: one is longer than a name can be, the other is never anybody's (RFC 6761).
  test.each([`${'a'.repeat(70)}.invalid`, 'no-such-host.invalid'])(
    'D-45 the name %s has no address',
    async (host) => {
      const { error, status } = await failure({ target: `http://${host}:1`, connectTimeout: 3000 });
      expect(status).toBe(error.code === 'ECONNECT_TIMEOUT' ? 504 : 502);
      expect(['ENOTFOUND', 'EAI_AGAIN', 'ECONNECT_TIMEOUT']).toContain(error.code);
      if (error.code === 'ECONNECT_TIMEOUT') return;
      expect(error).toMatchObject({ syscall: 'getaddrinfo', hostname: host });
      expect(error.message).toBe(`getaddrinfo ${error.code} ${host}`);
    },
  );

  test.each(['127.0.0.1', '::1'])('D-45 localhost is found where only %s listens', async (address) => {
    const target = await rawTarget(
      (connection) => connection.onRequest(() => connection.socket.write(OK)),
      0,
      address,
    );
    const { port } = await face({ target: `http://localhost:${target.port}` });
    const answer = readResponse(await rawExchange(port, lastRequest('GET /')));
    expect(answer).toMatchObject({ status: 200, body: 'ok' });
  });

  const INJECTED = [
    ['a response', OK],
    ['a response without an end', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['one byte', 'H'],
    ['a TLS alert', '\x15\x03\x03\x00\x02\x02\x28'],
  ];

  test.each(INJECTED)('D-46 %s before the TLS handshake is no answer', async (_case, bytes) => {
    const target = await rawTarget(({ socket }) => socket.end(bytes, 'latin1'));
    const { error, status } = await failure({ target: `https://localhost:${target.port}`, secure: false });
    expect(status).toBe(502);
    expect(error.side).toBe('upstream');
    // It was never asked for anything: the request goes only through a handshake that succeeded.
    expect(target.connections[0].text).not.toContain('POST');
  });

  test.each(INJECTED)('D-46 %s during the TLS handshake is no answer', async (_case, bytes) => {
    const target = await rawTarget(({ socket }) => socket.once('data', () => socket.end(bytes, 'latin1')));
    const { status } = await failure({ target: `https://localhost:${target.port}`, secure: false });
    expect(status).toBe(502);
    expect(target.connections[0].text).not.toContain('POST');
  });

  test('D-46 the same target, without them, answers', async () => {
    const target = await tlsTarget((connection) => connection.onRequest(() => connection.socket.write(OK)));
    const { port } = await face({ target: target.url, secure: false });
    const answer = readResponse(
      await rawExchange(port, lastRequest('POST /', ['Content-Length: 5'], 'hello')),
    );
    expect(answer).toMatchObject({ status: 200, body: 'ok' });
    expect(readRequest(target.connections[0].text)).toMatchObject({ body: 'hello' });
  });
});
