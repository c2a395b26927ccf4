'use strict';

/** Parsed bodies as the bytes that they were parsed from, as far as their types are known here. */

const querystring = require('node:querystring');
const { ContentEncoder } = require('./content-coding.js');
const { stringifyMultipart } = require('./multipart.js');

/** What stands in a Content-Type, and how a parsed body of it is written. The first that is found counts. */
const WRITERS = [
  [['application/json', '+json'], (body) => JSON.stringify(body)],
  [['application/x-www-form-urlencoded'], (body) => querystring.stringify(body)],
  [['multipart/form-data'], (body, contentType) => stringifyMultipart(contentType, body)],
  [['text/plain'], textOf],
];

/**
 * @param {(name: string) => unknown} field the fields that the body is sent with
 * @param {unknown} body
 * @returns {Buffer | undefined} `undefined` if it is of a type that is not known
 */
function writtenBody(field, body) {
  const value = field('content-type');
  if (!value) return undefined;
  const contentType = `${value}`;
  const writer = WRITERS.find(([marks]) => marks.some((mark) => contentType.includes(mark)));
  if (writer === undefined) return undefined;
  // A parser that does not parse leaves the bytes themselves.
  return codedBody(field, ArrayBuffer.isView(body) ? body : writer[1](body, contentType));
}

function textOf(body) {
  if (typeof body === 'string') return body;
  throw new TypeError(`A body of type text/plain must be a string, not of type ${typeof body}`);
}

/** Parsers take the codings off; the field that names them is forwarded. */
function codedBody(field, content) {
  const bytes =
    typeof content === 'string'
      ? Buffer.from(content)
      : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const codings = field('content-encoding');
  if (!codings) return bytes;
  const encoder = new ContentEncoder(`${codings}`);
  return Buffer.concat([encoder.push(bytes, false), encoder.finish()]);
}

module.exports = { codedBody, writtenBody };
