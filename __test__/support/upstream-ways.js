'use strict';

/** Targets of the same behaviour over each way to them: both versions of HTTP, plain and over TLS. */

const http = require('node:http');
const http2 = require('node:http2');
const tls = require('node:tls');
const { http2Target } = require('./http2.js');
const { RawConnection, rawTarget, testServer } = require('./peers.js');
const { CERTIFICATE, KEY } = require('./tls.js');

/**
 * What a target does with one request. `fail` ends it without completing the answer, `die` the whole connection; `leave` ends that in good
 * order (FIN, over TLS with close_notify), whatever is not complete.
 *
 * @typedef {object} Served
 * @property {string} path
 * @property {string} method
 * @property {(status: number, headers?: Record<string, string>, trailers?: Record<string, string>) => void} head
 * @property {(text: string | Buffer, then?: () => void) => boolean} write
 * @property {(text?: string) => void} end
 * @property {(status: number, headers: Record<string, string>) => void} hint
 * @property {() => void} fail
 * @property {() => void} die
 * @property {() => void} leave
 * @property {(listener: (chunk: Buffer) => void) => void} onBody what comes of the request's body
 * @property {(listener: () => void) => void} onGone is called when the request is given up
 * @property {object} connection the same for requests of the same connection
 */

/** Reads requests of HTTP/1.1 off a connection, one after the other. */
function serveHttp1(connection, serve) {
  let body = null;
  let gone = null;
  connection.onHead = (head) => {
    const [, method, path] = /^(\S+) (\S+)/.exec(head);
    const { socket } = connection;
    let isLong = false;
    let last = {};
    body = null;
    gone = null;
    const write = (text, then) => {
      const bytes = Buffer.from(text, 'latin1');
      if (isLong) socket.write(`${bytes.length.toString(16)}\r\n`);
      const goesOn = socket.write(bytes, isLong ? undefined : then);
      return isLong ? socket.write('\r\n', then) : goesOn;
    };
    const fieldLines = (fields) => Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    const lines = (status, headers) =>
      `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n${fieldLines(headers).join('')}`;
    serve({
      path,
      method,
      connection,
      head(status, headers = {}, trailers = {}) {
        isLong = !('content-length' in headers);
        last = trailers;
        socket.write(lines(status, headers) + (isLong ? 'Transfer-Encoding: chunked\r\n\r\n' : '\r\n'));
      },
      write,
      end(text = '') {
        if (text !== '') write(text);
        if (isLong) socket.write(`0\r\n${fieldLines(last).join('')}\r\n`);
      },
      hint: (status, headers) => socket.write(`${lines(status, headers)}\r\n`),
      fail: () => socket.destroy(),
      die: () => socket.destroy(),
      leave: () => socket.end(),
      onBody: (listener) => (body = listener),
      onGone: (listener) => (gone = listener),
    });
  };
  for (const event of ['end', 'close']) connection.socket.on(event, () => gone?.());
  // A body in chunks is not followed by another request here.
  let left = 0;
  connection.socket.on('data', (chunk) => {
    let rest = chunk;
    while (rest.length > 0) {
      if (left === 0) {
        const text = rest.toString('latin1');
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) return;
        const head = text.slice(0, end);
        left = /^transfer-encoding/im.test(head)
          ? Infinity
          : Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
        rest = rest.subarray(end + 4);
        connection.onHead(head);
      } else {
        const piece = rest.subarray(0, left);
        left -= piece.length;
        rest = rest.subarray(piece.length);
        body?.(piece);
      }
    }
  });
}

/** Destroys the connection that was made last. */
const killer = (connections) => () => connections.at(-1)?.socket.destroy();

const http1 = (isSecure) => async (serve) => {
  if (!isSecure) {
    const { port, connections } = await rawTarget((connection) => serveHttp1(connection, serve));
    return { port, kill: killer(connections), options: { target: `http://127.0.0.1:${port}` } };
  }
  const connections = [];
  const server = tls.createServer({ key: KEY, cert: CERTIFICATE }, (socket) => {
    const connection = new RawConnection(socket);
    connections.push(connection);
    serveHttp1(connection, serve);
  });
  server.on('tlsClientError', () => {});
  const { port } = await testServer(server);
  return {
    port,
    kill: killer(connections),
    options: { target: `https://localhost:${port}`, ca: CERTIFICATE, changeOrigin: true },
  };
};

const multiplexed = (isSecure) => async (serve, settings) => {
  const target = await http2Target(
    (stream, { ':path': path, ':method': method }) =>
      serve({
        path,
        method,
        connection: stream.session,
        head(status, headers = {}, trailers) {
          if (trailers !== undefined) stream.once('wantTrailers', () => stream.sendTrailers(trailers));
          stream.respond({ ':status': status, ...headers }, { waitForTrailers: trailers !== undefined });
        },
        write: (text, then) => stream.write(Buffer.from(text, 'latin1'), then),
        end: (text) => stream.end(text),
        hint: (status, headers) => stream.additionalHeaders({ ':status': status, ...headers }),
        fail: () => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR),
        // One that is gone already is not the last one's affair.
        die: () => stream.session && target.kill(stream.session),
        leave: () => stream.session && target.kill(stream.session, 'end'),
        onBody: (listener) => stream.on('data', listener),
        onGone: (listener) => stream.once('close', listener),
      }),
    { isSecure, ...settings },
  );
  return target;
};

/** Name, and what makes a target of it. */
const UPSTREAM_WAYS = {
  'HTTP/1.1': http1(false),
  'HTTP/1.1 over TLS': http1(true),
  'HTTP/2': multiplexed(false),
  'HTTP/2 over TLS': multiplexed(true),
};

module.exports = { UPSTREAM_WAYS };
