'use strict';

/**
 * Raw HTTP/1.1 messages: writes requests, and reads messages as a strict independent recipient does. Whatever could be understood in two
 * ways is an error.
 */

/** A request that is the last one of its connection. */
function lastRequest(line, lines = [], body = '') {
  return requestText(line, ['Connection: close', ...lines], body);
}

/** A request to the host `me`, with these further field lines. */
function requestText(line, lines = [], body = '') {
  return [`${line} HTTP/1.1`, 'Host: me', ...lines, '', body].join('\r\n');
}

const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([^\0\r\n]*)$/;
const SIZE_LINE = /^([0-9a-f]{1,15})\r\n/;

/**
 * @typedef {object} Message
 * @property {string} start the request or status line
 * @property {string[][]} fields names (in lower case) and values, in order
 * @property {(name: string) => string[]} values of all fields of a name
 * @property {string} body
 * @property {string[][]} trailers
 * @property {'none' | 'length' | 'chunked' | 'close'} framing
 * @property {boolean} isComplete whether the message's own framing says that it is all there
 * @property {string} rest what follows the message
 */

/** @returns {Message} */
function readHead(text) {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) throw new Error(`No complete head in ${JSON.stringify(text.slice(0, 500))}`);
  const [start, ...lines] = text.slice(0, end).split('\r\n');
  const fields = lines.map(readField);
  const values = (name) => fields.filter(([other]) => other === name).map(([, value]) => value);
  const rest = text.slice(end + 4);
  return { start, fields, values, body: '', trailers: [], framing: 'none', isComplete: true, rest };
}

function readField(line) {
  const match = FIELD.exec(line);
  if (match === null) throw new Error(`Not a field line: ${JSON.stringify(line)}`);
  return [match[1].toLowerCase(), match[2]];
}

/**
 * Reads the request at the front of `text`.
 *
 * @returns {Message}
 */
function readRequest(text) {
  const head = readHead(text);
  if (!/^[A-Z-]+ \S+ HTTP\/1\.1$/.test(head.start))
    throw new Error(`Not a request line: ${JSON.stringify(head.start)}`);
  if (head.values('host').length !== 1)
    throw new Error(`Not exactly one host: ${JSON.stringify(head.fields)}`);
  return withBody(head, 'none');
}

/**
 * Reads the response at the front of `text`. One that ends with its connection is taken to be complete.
 *
 * @param {string} text
 * @param {string} [method] that was asked with
 * @returns {Message & { status: number, reason: string }}
 */
function readResponse(text, method = 'GET') {
  const head = readHead(text);
  const match = /^HTTP\/1\.1 (\d{3}) ([\t -~\x80-\xff]*)$/.exec(head.start);
  if (match === null) throw new Error(`Not a status line: ${JSON.stringify(head.start)}`);
  const line = { status: Number(match[1]), reason: match[2] };
  const hasNoBody = method === 'HEAD' || line.status < 200 || line.status === 204 || line.status === 304;
  return { ...(hasNoBody ? head : withBody(head, 'close')), ...line };
}

/** Reads responses, interim ones too, until there is nothing left. */
function readResponses(text, method) {
  const responses = [];
  for (let rest = text; rest !== '';) {
    const response = readResponse(rest, method);
    responses.push(response);
    rest = response.rest;
  }
  return responses;
}

function withBody(head, otherwise) {
  const lengths = head.values('content-length');
  const codings = head.values('transfer-encoding');
  if (lengths.length + codings.length > 1) throw new Error(`Two lengths: ${JSON.stringify(head.fields)}`);
  if (codings.length === 1) {
    if (codings[0] !== 'chunked') throw new Error(`Not chunked: ${JSON.stringify(codings[0])}`);
    return { ...head, framing: 'chunked', ...readChunks(head.rest) };
  }
  if (lengths.length === 1) {
    if (!/^(0|[1-9]\d*)$/.test(lengths[0]))
      throw new Error(`Not a canonical length: ${JSON.stringify(lengths[0])}`);
    const length = Number(lengths[0]);
    const body = head.rest.slice(0, length);
    return {
      ...head,
      framing: 'length',
      body,
      isComplete: body.length === length,
      rest: head.rest.slice(length),
    };
  }
  return otherwise === 'close' ? { ...head, framing: 'close', body: head.rest, rest: '' } : head;
}

function readChunks(text) {
  let body = '';
  for (let at = 0; ;) {
    const size = SIZE_LINE.exec(text.slice(at, at + 20));
    const incomplete = { body, trailers: [], isComplete: false, rest: '' };
    if (size === null) {
      if (/^[0-9a-f]{0,15}\r?$/.test(text.slice(at))) return incomplete;
      throw new Error(`Not a chunk size: ${JSON.stringify(text.slice(at, at + 40))}`);
    }
    at += size[0].length;
    const length = parseInt(size[1], 16);
    if (length === 0) return { body, ...readTrailers(text.slice(at)) };
    body += text.slice(at, at + length);
    at += length;
    if (text.length < at + 2) return { ...incomplete, body };
    if (!text.startsWith('\r\n', at))
      throw new Error(`Not the end of a chunk: ${JSON.stringify(text.slice(at, at + 40))}`);
    at += 2;
  }
}

function readTrailers(text) {
  if (text.startsWith('\r\n')) return { trailers: [], isComplete: true, rest: text.slice(2) };
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return { trailers: [], isComplete: false, rest: '' };
  return {
    trailers: text.slice(0, end).split('\r\n').map(readField),
    isComplete: true,
    rest: text.slice(end + 4),
  };
}

module.exports = { lastRequest, requestText, readRequest, readResponse, readResponses };
