'use strict';

const { Readable } = require('node:stream');

/**
 * @typedef {object} Body
 * @property {Buffer} [bytes] if they are there already
 * @property {Readable} [stream] if they are not
 * @property {string} [type] its media type, if it implies one
 */

/**
 * A body of any kind that `fetch` takes, and Node's streams.
 *
 * @param {unknown} body
 * @returns {Body}
 */
function bodyOf(body) {
  if (body === undefined || body === null) return {};
  if (typeof body === 'string') return { bytes: Buffer.from(body) };
  if (ArrayBuffer.isView(body)) return { bytes: Buffer.from(body.buffer, body.byteOffset, body.byteLength) };
  if (body instanceof URLSearchParams) return { bytes: Buffer.from(`${body}`), type: FORM };
  if (body instanceof ReadableStream) return { stream: Readable.fromWeb(body) };
  if (body instanceof Blob) return { stream: Readable.fromWeb(body.stream()), type: body.type || undefined };
  if (body instanceof FormData) {
    const encoded = new Response(body);
    return { stream: Readable.fromWeb(encoded.body), type: encoded.headers.get('content-type') };
  }
  if (body[Symbol.asyncIterator]) return { stream: Readable.from(body) };
  // Also that of another realm.
  if (Object.prototype.toString.call(body) === '[object ArrayBuffer]') return { bytes: Buffer.from(body) };
  return { bytes: Buffer.from(`${body}`) };
}

const FORM = 'application/x-www-form-urlencoded;charset=UTF-8';

/** The whole body, for whoever may have to send it again. */
async function buffered({ bytes, stream, type }) {
  if (stream === undefined) return { bytes, type };
  const chunks = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return { bytes: Buffer.concat(chunks), type };
}

/**
 * Passes on what a stream gives, and fails if that is not what was announced: the bytes would be read as the next request.
 *
 * @param {AsyncIterable<Buffer>} source
 * @param {number} length
 */
async function* ofLength(source, length) {
  let seen = 0;
  for await (const chunk of source) {
    seen += Buffer.byteLength(chunk);
    if (seen > length) throw lengthError(`more than the ${length} bytes`, length);
    yield chunk;
  }
  if (seen < length) throw lengthError(`${seen} of the ${length} bytes`, length);
}

function lengthError(what) {
  const error = new Error(`The request's body has ${what} that its content-length announces`);
  error.code = 'ERR_HTTP_CONTENT_LENGTH_MISMATCH';
  return error;
}

module.exports = { bodyOf, buffered, ofLength };
