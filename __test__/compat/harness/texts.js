'use strict';

/** Raw messages for scenarios, in few words. */

/** A request without a body. */
const ask = (path, lines = [], method = 'GET') =>
  [`${method} ${path} HTTP/1.1`, ...(hasHost(lines) ? [] : ['Host: me']), ...lines, '', ''].join('\r\n');

/** A request with a body of known length. */
const send = (body, lines = [], method = 'POST', path = '/path') =>
  ask(path, [...lines, `Content-Length: ${Buffer.byteLength(body)}`], method) + body;

/** A request with these chunks. */
const sendChunks = (chunks, lines = [], method = 'POST', path = '/path') =>
  ask(path, [...lines, 'Transfer-Encoding: chunked'], method) + inChunks(chunks);

const inChunks = (chunks, trailers = []) =>
  [
    ...chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`),
    '0\r\n',
    ...trailers.map((line) => `${line}\r\n`),
    '\r\n',
  ].join('');

/** A response with a body of known length. */
const reply = (lines = [], { status = '200 OK', body = 'hello' } = {}) =>
  [`HTTP/1.1 ${status}`, ...lines, `Content-Length: ${body.length}`, '', body].join('\r\n');

/** A head alone, without anything that says how long the body is. */
const head = (status, lines = []) => [`HTTP/1.1 ${status}`, ...lines, '', ''].join('\r\n');

const hasHost = (lines) => lines.some((line) => /^host:/i.test(line));

module.exports = { ask, head, inChunks, reply, send, sendChunks };
