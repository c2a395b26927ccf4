'use strict';

/** The engine's content codings for bodies that are read or made here. */

const { setImmediate: nextTurn } = require('node:timers/promises');
const { proxyError } = require('../bridge/errors.js');
const { NativeDecoder, NativeEncoder } = require('../native/binding.js');

const SLAB = 64 * 1024;
/** What is left of a slab is used for the next piece unless it is this little. */
const LEAST_ROOM = 4 * 1024;
/** So much of one piece is decoded before others have their turn. */
const MOST_AT_ONCE = 1024 * 1024;

/** Takes the codings off a body while it is read. */
class ContentDecoder {
  #native;
  #limit;
  #slab = Buffer.alloc(0);

  /**
   * @param {string} field the value of `Content-Encoding`
   * @param {number} limit more bytes than this are an error, before and after decoding
   */
  constructor(field, limit) {
    this.#limit = limit;
    this.#native = calling(() => new NativeDecoder(field, limit));
  }

  /** What `Content-Encoding` says of the decoded body: the codings that are not known; empty if there are none. */
  get left() {
    return this.#native.left;
  }

  /**
   * Reads a body to its end.
   *
   * @param {AsyncIterable<Buffer>} source
   * @returns {AsyncGenerator<Buffer, void>} pieces of at most 64 KiB, if there is something to decode
   */
  async *decode(source) {
    const native = this.#native;
    let length = 0;
    for await (const piece of source) {
      length += piece.length;
      if (length > this.#limit) throw tooLarge(this.#limit);
      if (native.isNeeded) yield* this.#decodePiece(piece);
      else yield piece;
    }
    calling(() => native.finish());
  }

  async *#decodePiece(piece) {
    const native = this.#native;
    native.push(piece);
    for (let given = 0; ;) {
      if (this.#slab.length < LEAST_ROOM) this.#slab = Buffer.allocUnsafeSlow(SLAB);
      const length = calling(() => native.read(this.#slab));
      if (length === 0) return;
      yield this.#slab.subarray(0, length);
      this.#slab = this.#slab.subarray(length);
      given += length;
      if (given < MOST_AT_ONCE) continue;
      given = 0;
      await nextTurn();
    }
  }
}

/** Puts codings on. */
class ContentEncoder {
  #native;

  /** @param {string} field the value of `Content-Encoding` */
  constructor(field) {
    this.#native = calling(() => new NativeEncoder(field));
  }

  /**
   * @param {Buffer} piece
   * @param {boolean} flush whether all of it can be decoded from what is given back
   * @returns {Buffer}
   */
  push(piece, flush) {
    return calling(() => this.#native.push(piece, flush));
  }

  /** @returns {Buffer} the rest */
  finish() {
    return calling(() => this.#native.finish());
  }
}

/** Errors of the binding name their code in a line of its own. */
function calling(action) {
  try {
    return action();
  } catch (thrown) {
    const [code, ...message] = thrown.message.split('\n');
    throw message.length === 0 ? thrown : codingError(code, message.join('\n'));
  }
}

function tooLarge(limit) {
  return codingError('ERR_PROXY_BODY_TOO_LARGE', `The body is larger than the limit of ${limit} bytes`);
}

function codingError(code, message) {
  return proxyError(code, message, 502, 'body', 'upstream');
}

module.exports = { ContentDecoder, ContentEncoder };
