'use strict';

/**
 * The back end behind every contestant: HTTP over a bare socket, or one with TLS, so that it costs as little as it can,
 * and answers only after the whole request body has arrived, as an application would.
 * It understands the requests of this benchmark and no others.
 */

const net = require('node:net');
const tls = require('node:tls');
const zlib = require('node:zlib');
const { SMALL_BODY, LARGE_BODY, RECORDS_BODY, RESPONSE_HEADERS } = require('./payload.js');
const { BACKLOG, answerCpuReadings } = require('./serve.js');
const { CERTIFICATE, KEY } = require('./certificate.js');

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');

const ANSWERS = {
  '/small': prepare(SMALL_BODY),
  '/post': prepare(SMALL_BODY),
  '/large': prepare(LARGE_BODY),
  '/gzip': prepare(zlib.gzipSync(RECORDS_BODY), { 'Content-Encoding': 'gzip' }),
};

function onConnection(socket) {
  let rest = null;
  socket.on('data', (chunk) => {
    let bytes = rest === null ? chunk : Buffer.concat([rest, chunk]);
    rest = null;
    while (bytes.length > 0) {
      const request = parse(bytes);
      if (request === null) {
        rest = bytes;
        return;
      }
      answer(socket, request);
      bytes = bytes.subarray(request.end);
    }
  });
  // A proxy may cut a connection whose client has gone: its business, not a failure of the upstream.
  socket.on('error', () => socket.destroy());
}

function answer(socket, { path, head, body, close }) {
  const ready =
    ANSWERS[path] ?? prepare(Buffer.from(JSON.stringify({ head, body: body.toString('latin1') })));
  if (close) socket.end(ready.close);
  else socket.write(ready.keepAlive);
}

function prepare(body, more = {}) {
  const lines = Object.entries({ ...RESPONSE_HEADERS, ...more, 'Content-Length': body.length }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const make = (connection) =>
    Buffer.concat([
      Buffer.from(`HTTP/1.1 200 OK\r\n${lines.join('')}Connection: ${connection}\r\n\r\n`),
      body,
    ]);
  return { keepAlive: make('keep-alive'), close: make('close') };
}

/** The first complete request in `bytes`, or null while some of it is still to come. */
function parse(bytes) {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return null;
  const head = bytes.latin1Slice(0, headEnd);
  const bodyStart = headEnd + HEAD_END.length;
  let body = Buffer.alloc(0);
  let end = bodyStart;
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (length !== null) {
    end += Number(length[1]);
    if (bytes.length < end) return null;
    body = bytes.subarray(bodyStart, end);
  } else if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
    const decoded = dechunk(bytes, bodyStart);
    if (decoded === null) return null;
    ({ body, end } = decoded);
  }
  const pathStart = head.indexOf(' ') + 1;
  return {
    path: head.slice(pathStart, head.indexOf(' ', pathStart)),
    head,
    body,
    end,
    close: /\r\nconnection: *close/i.test(head),
  };
}

function dechunk(bytes, start) {
  const parts = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf(LINE_END, at);
    if (lineEnd < 0) return null;
    const size = parseInt(bytes.latin1Slice(at, lineEnd), 16);
    const dataStart = lineEnd + LINE_END.length;
    const next = dataStart + size + LINE_END.length;
    if (bytes.length < next) return null;
    if (size === 0) return { body: Buffer.concat(parts), end: next };
    parts.push(bytes.subarray(dataStart, dataStart + size));
    at = next;
  }
}

const server =
  process.env.OVER === 'tls'
    ? tls.createServer({ key: KEY, cert: CERTIFICATE, noDelay: true }, onConnection)
    : net.createServer({ noDelay: true }, onConnection);
server.listen(Number(process.env.PORT), '127.0.0.1', BACKLOG);
answerCpuReadings();
