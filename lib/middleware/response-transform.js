'use strict';

/** Rewrites a response while it goes through: decoded, changed piece by piece, coded again. */

const { isUtf8 } = require('node:buffer');
const { Readable } = require('node:stream');
const { StringDecoder } = require('node:string_decoder');
const { isRegExp } = require('node:util').types;
const { ProxyResponse } = require('../facades/proxy-response.js');
const { optionError } = require('../proxy-server/options.js');
const { ContentDecoder, ContentEncoder } = require('./content-coding.js');
const { failInterception } = require('./interception-failure.js');
const { TextRewriter } = require('./text-rewriter.js');

/**
 * Makes a `proxyRes` listener out of the option `responseTransform`.
 *
 * @param {import('../../index.js').ResponseTransform} transform
 */
function responseTransform(transform) {
  checkTransform(transform);

  return function proxyResResponseTransform(proxyRes, req, res) {
    const exchange = ProxyResponse.exchangeOf(proxyRes);
    const { headers, statusCode } = proxyRes;
    // A part of a body stays what it was: its place in the whole is told in bytes.
    if (exchange.options.selfHandleResponse || statusCode === 206) return;
    const isText = typeof transform !== 'function';
    if (isText && BINARY.test(headers['content-type'])) return;
    // What has no body says what the body would be.
    for (const name of ABOUT_BYTES) delete headers[name];
    if (req.method === 'HEAD' || statusCode === 204 || statusCode === 304) return;
    try {
      const coding = `${headers['content-encoding'] ?? ''}`;
      const decoder = new ContentDecoder(coding, Infinity);
      // Refuses what is not known: behind such a coding nothing would be found, and everything let through.
      const encoder = coding === '' ? null : new ContentEncoder(coding);
      const change = isText
        ? new TextChange(transform, headers['content-type'])
        : new FunctionChange(transform, { req, proxyRes });
      const stage = (source) =>
        Readable.from(changed(source, decoder, change, encoder), { objectMode: false });
      const onError = (thrown) => failInterception(proxyRes, req, res, thrown, 'responseTransform');
      proxyRes.passBodyThrough(stage, onError);
    } catch (thrown) {
      failInterception(proxyRes, req, res, thrown, 'responseTransform');
    }
  };
}

/** Fields that are no longer true of other bytes. */
const ABOUT_BYTES = [
  'accept-ranges',
  'content-digest',
  'content-length',
  'content-md5',
  'digest',
  'repr-digest',
];
/** Types in which rules find nothing but accidents. */
const BINARY =
  /^\s*(?:image\/(?!svg)|audio\/|video\/|font\/|application\/(?:octet-stream|pdf|zip|gzip|wasm)\b)/i;

function checkTransform(transform) {
  if (typeof transform === 'function') return;
  const isRule = (rule) =>
    ((typeof rule?.match === 'string' && rule.match !== '') || isRegExp(rule?.match)) &&
    typeof rule.replace === 'string';
  if (Array.isArray(transform) && transform.every(isRule)) return;
  const want = 'a function, or an array of { match: string | RegExp, replace: string }';
  throw optionError('responseTransform', `The option responseTransform must be ${want}`);
}

async function* changed(source, decoder, change, encoder) {
  const coded = (bytes, flush) => (encoder === null ? bytes : encoder.push(bytes, flush));
  for await (const piece of decoder.decode(source)) {
    const bytes = await change.push(piece);
    // Events must not wait in an encoder for those that come after them.
    if (bytes.length > 0) yield coded(bytes, true);
  }
  const rest = change.finish();
  if (rest.length > 0) yield coded(rest, false);
  if (encoder !== null) yield encoder.finish();
}

/** Rules, on the text that the bytes are. */
class TextChange {
  #rewriter;
  #charset;
  #encoding;
  #decoder;

  constructor(rules, contentType) {
    this.#rewriter = new TextRewriter(rules);
    this.#charset = /;\s*charset="?([^\s";]+)/i.exec(contentType)?.[1].toLowerCase();
  }

  push(bytes) {
    this.#encoding ??= encodingOf(this.#charset, bytes);
    this.#decoder ??= new StringDecoder(this.#encoding);
    return Buffer.from(this.#rewriter.push(this.#decoder.write(bytes)), this.#encoding);
  }

  finish() {
    if (this.#decoder === undefined) return EMPTY;
    const text = this.#rewriter.push(this.#decoder.end()) + this.#rewriter.finish();
    return Buffer.from(text, this.#encoding);
  }
}

/** Where it is not known what the bytes stand for, each is a character: what is not replaced stays as it is. */
function encodingOf(charset, bytes) {
  if (charset === 'utf-16le' || charset === 'utf-16') return 'utf16le';
  const mayBeUtf8 = charset === undefined || charset === 'utf-8' || charset === 'utf8';
  return mayBeUtf8 && isUtf8(withoutCutCharacter(bytes)) ? 'utf8' : 'latin1';
}

/** The bytes without a character at their end that is not whole. */
function withoutCutCharacter(bytes) {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte >= 0xc0) return bytes.subarray(0, bytes.length - back);
    if (byte < 0x80) return bytes;
  }
  return bytes;
}

/** A function of the user's, on the bytes as they come. */
class FunctionChange {
  #transform;
  #context;

  constructor(transform, context) {
    this.#transform = transform;
    this.#context = context;
  }

  async push(bytes) {
    const result = await this.#transform(bytes, this.#context);
    if (typeof result === 'string') return Buffer.from(result);
    if (Buffer.isBuffer(result)) return result;
    if (ArrayBuffer.isView(result)) return Buffer.from(result.buffer, result.byteOffset, result.byteLength);
    throw new TypeError(
      `The function responseTransform must return a Buffer or a string, not ${typeof result}`,
    );
  }

  finish() {
    return EMPTY;
  }
}

const EMPTY = Buffer.alloc(0);

module.exports = { responseTransform };
