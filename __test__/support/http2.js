'use strict';

/** HTTP/2 without TLS: a server for the faces, and a client. */

const http2 = require('node:http2');
const { once } = require('node:events');
const { onCleanUp, testServer } = require('./peers.js');

/** A server whose requests and responses are the objects of Node's HTTP/2 compatibility API. */
async function http2Server(listener) {
  const { server, port } = await testServer(http2.createServer(listener));
  return { server, port, url: `http://127.0.0.1:${port}` };
}

/** A client's session. */
async function http2Client(port) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
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

module.exports = { http2Client, http2Exchange, http2Server };
