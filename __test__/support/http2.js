'use strict';

/** HTTP/2: a server for the faces, a client, and targets. */

const http2 = require('node:http2');
const { once } = require('node:events');
const { onCleanUp, rawTarget, testServer } = require('./peers.js');
const { CERTIFICATE, KEY, tlsTarget } = require('./tls.js');

/** A server whose requests and responses are the objects of Node's HTTP/2 compatibility API. */
async function http2Server(listener) {
  const { server, port } = await testServer(http2.createServer(listener));
  return { server, port, url: `http://127.0.0.1:${port}` };
}

/**
 * A client's session, with TLS if it is secure; certificates are not checked.
 *
 * @param {number} port
 * @param {{ isSecure?: boolean } & import('node:http2').SecureClientSessionOptions} [options]
 */
async function http2Client(port, { isSecure = false, ...options } = {}) {
  const authority = `${isSecure ? 'https' : 'http'}://127.0.0.1:${port}`;
  const session = http2.connect(authority, { rejectUnauthorized: false, ...options });
  onCleanUp(() => session.destroy());
  session.on('error', () => {});
  await once(session, 'connect');
  return session;
}

/**
 * Sends a request and gives what comes of it.
 *
 * @param {import('node:http2').ClientHttp2Session} session
 * @param {object} headers
 * @param {string} [body]
 * @returns {Promise<{ headers: object | null, body: string, trailers: object | null, error: Error | null, isReset: boolean }>} `isReset`:
 *   the server did not end its response
 */
async function http2Exchange(session, headers, body) {
  const stream = session.request(headers, { endStream: body === undefined });
  const outcome = { headers: null, body: '', trailers: null, error: null, isReset: true };
  stream.setEncoding('latin1');
  stream.on('response', (received) => (outcome.headers = received));
  stream.on('trailers', (received) => (outcome.trailers = received));
  stream.on('data', (chunk) => (outcome.body += chunk));
  stream.on('end', () => (outcome.isReset = stream.aborted));
  stream.on('error', (error) => (outcome.error = error));
  if (body !== undefined) stream.end(body);
  await new Promise((resolve) => stream.on('close', resolve));
  return outcome;
}

/**
 * A target that speaks HTTP/2.
 *
 * @param {(stream: import('node:http2').ServerHttp2Stream, headers: object) => void} onStream
 * @param {{ isSecure?: boolean, settings?: object }} [options]
 * @returns its sessions so far, a way to cut one off (the last) or to `end` it, and what `createProxyServer` needs to reach it
 */
async function http2Target(onStream, { isSecure = false, ...settings } = {}) {
  const target = isSecure
    ? http2.createSecureServer({ key: KEY, cert: CERTIFICATE, ...settings })
    : http2.createServer(settings);
  const sessions = [];
  target.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  target.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    // Node's server resets (NO_ERROR) a stream that it has answered and whose request nobody has read, and does not wait for the answer's
    // END_STREAM if the window happens to be used up just then: the answer would be cut in earnest.
    if (stream.endAfterHeaders) stream.resume();
    onStream(stream, headers);
  });
  const { port, sockets } = await testServer(target);
  // A session does not let anybody destroy its socket.
  const kill = (session = sessions.at(-1), how = 'destroy') => {
    const { remotePort } = session?.socket ?? {};
    sockets.find((socket) => socket.remotePort === remotePort && !socket.destroyed)?.[how]();
  };
  return { port, sessions, kill, options: optionsOf(port, isSecure) };
}

/** What `createProxyServer` needs to reach a target. */
function optionsOf(port, isSecure) {
  return isSecure
    ? { target: `https://localhost:${port}`, ca: CERTIFICATE, changeOrigin: true, http2: 'auto' }
    : { target: `http://127.0.0.1:${port}`, http2: true };
}

/** What begins a session of a target that is played frame by frame: SETTINGS, and the answer to those of the other end. */
const GREETING = Buffer.concat([frame(4, 0, 0, ''), frame(4, 1, 0, '')]);

/** One frame (RFC 9113 §4.1). */
function frame(type, flags, stream, payload) {
  const body = Buffer.from(payload, 'latin1');
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

/** A field that is not in the table of either end (RFC 7541 §6.2.2); up to 126 bytes each. */
function field(name, value) {
  const text = (string) => String.fromCharCode(string.length) + string;
  return `\0${text(name)}${text(value)}`;
}

/**
 * A target that says what the test says, frame by frame: `answer` is called for each request with the number of its stream, and gives
 * frames.
 *
 * @param {(stream: number, connection: import('./peers.js').RawConnection) => Buffer[]} answer
 * @param {{ isSecure?: boolean }} [options]
 * @returns also, as `options`, what `createProxyServer` needs to reach it
 */
async function framedTarget(answer, { isSecure = false } = {}) {
  const serve = (connection) => {
    let at = 24;
    connection.socket.write(GREETING);
    const look = () => {
      while (connection.bytes.length >= at + 9) {
        const length = connection.bytes.readUIntBE(at, 3);
        if (connection.bytes.length < at + 9 + length) return;
        const isHead = connection.bytes[at + 3] === 1;
        const stream = connection.bytes.readUInt32BE(at + 5);
        at += 9 + length;
        if (isHead) for (const one of answer(stream, connection)) connection.socket.write(one);
      }
    };
    connection.socket.on('data', look);
  };
  const target = await (isSecure ? tlsTarget(serve, { ALPNProtocols: ['h2'] }) : rawTarget(serve));
  return { ...target, options: optionsOf(target.port, isSecure) };
}

/** The requests of a client's connection, at the same time; gives their outcomes. */
function all(count, ask) {
  return Promise.all(Array.from({ length: count }, (_, i) => ask(i)));
}

module.exports = {
  all,
  field,
  frame,
  framedTarget,
  http2Client,
  http2Exchange,
  http2Server,
  http2Target,
};
