'use strict';

/**
 * The `forward` leg: a copy of the request for a second target, whose answer nobody reads.
 *
 * It must not be felt. While there is a target, it neither slows the body down (what it cannot take waits here, and if that becomes too much
 * the mirror is given up) nor is its failure told before the client has its answer: who answers 502 to every error would answer for it.
 */

const { proxyError } = require('./errors.js');
const { RequestBody } = require('./request-body.js');

/** As many bytes may wait for a mirror that is slower than the target. */
const MOST_WAITING = 4 * 1024 * 1024;
// How an exchange crosses; the same number stands in src/binding/engine.rs.
const STREAMED = 1;

class Mirror {
  #engine;
  #source;
  #onFailure;
  #id = -1;
  #waiting = [];
  #waitingBytes = 0;
  #isBlocked = false;
  /** Packed, once the body has ended. */
  #trailers = null;
  #isFinished = false;
  /** The body, once it is this leg's alone. */
  #upload = null;
  #isAlone = false;
  #isOver = false;
  #error = null;

  /**
   * @param {import('./engine.js').Engine} engine
   * @param {import('node:stream').Readable} source of the body
   * @param {(error: Error) => void} onFailure is called at most once, and not before the target's leg is over
   */
  constructor(engine, source, onFailure) {
    this.#engine = engine;
    this.#source = source;
    this.#onFailure = onFailure;
  }

  /**
   * @param {object} config the engine's
   * @param {import('./head-codec.js').PackedRequest} head
   * @param {Buffer | undefined} body `undefined`: it will be written
   */
  begin(config, head, body) {
    const { native } = this.#engine;
    this.#id = this.#engine.register(this);
    this.#isFinished = body !== undefined;
    const flags = this.#isFinished ? 0 : STREAMED;
    native.submit(this.#id, config, head.text, head.fields, head.overrides, body, flags);
    this.#engine.flushSoon();
  }

  // The body

  /** Says whether there is room; there always is for whoever writes to the target, too. */
  write(chunk) {
    if (this.#isOver) return true;
    if (!this.#isBlocked) {
      this.#isBlocked = !this.#engine.native.write(this.#id, chunk);
      return !this.#isBlocked || this.#upload === null;
    }
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes <= MOST_WAITING) return this.#upload === null;
    const message = 'The forward target is too slow for the request body';
    this.fail(proxyError('ERR_PROXY_MIRROR_TOO_SLOW', message, 502, 'send', 'upstream'));
    return true;
  }

  finish(trailers) {
    this.#isFinished = true;
    this.#trailers = trailers;
    this.#finishWritten();
  }

  #finishWritten() {
    if (this.#isOver || this.#trailers === null || this.#waiting.length > 0) return;
    const { text, fields } = this.#trailers;
    this.#trailers = null;
    this.#engine.native.finish(this.#id, text, fields);
  }

  onWritable() {
    this.#isBlocked = false;
    while (this.#waiting.length > 0 && !this.#isBlocked) {
      const chunk = this.#waiting.shift();
      this.#waitingBytes -= chunk.length;
      this.#isBlocked = !this.#engine.native.write(this.#id, chunk);
    }
    this.#finishWritten();
    if (!this.#isBlocked) this.#upload?.resume();
  }

  /**
   * Takes over what is still to come of the body when the target wants no more.
   *
   * @param {RequestBody | null} upload `null` if nobody has begun to read it
   * @param {Buffer[]} [prefix] what was read of it before
   */
  takeUpload(upload, prefix) {
    if (this.#isOver || this.#isFinished) return false;
    if (this.#upload !== null) return true;
    if (upload?.isOver) return false;
    if (upload !== null) {
      this.#upload = upload;
      upload.redirect(this);
      return true;
    }
    this.#upload = new RequestBody(this.#source, this, { prefix });
    this.#upload.watchClose();
    return true;
  }

  // The answer

  onInterim() {}

  onResponse(status, flags, text, body) {
    if (body === undefined) {
      this.#discard();
      return;
    }
    this.#engine.forget(this.#id);
    this.#id = -1;
    this.#end();
  }

  onReadable() {
    this.#discard();
  }

  /** Reads it all, so that the connection can be used again. */
  #discard() {
    while (this.#engine.native.read(this.#id, DISCARDED) > 0);
  }

  onEnd() {
    this.#discard();
    this.#release();
    this.#end();
  }

  onFailed(error) {
    this.#release();
    this.fail(error);
  }

  // Ends

  #end() {
    this.#isOver = true;
    this.#waiting = [];
    this.#upload?.stop();
  }

  /** @param {Error} error */
  fail(error) {
    if (this.#isOver) return;
    this.#end();
    if (this.#id >= 0) this.#engine.native.abort(this.#id);
    this.#error = error;
    this.#tell();
  }

  /** The target's leg is over, or there is none: failures are told. */
  targetIsOver() {
    this.#isAlone = true;
    this.#tell();
  }

  #tell() {
    if (!this.#isAlone || this.#error === null) return;
    const error = this.#error;
    this.#error = null;
    this.#onFailure(error);
  }

  /** Without the rest of its body a request cannot be completed. */
  clientHasLeft() {
    if (this.#isOver || this.#isFinished) return;
    this.#end();
    this.#engine.native.abort(this.#id);
  }

  #release() {
    if (this.#id < 0) return;
    this.#engine.release(this.#id);
    this.#id = -1;
  }
}

const DISCARDED = Buffer.allocUnsafeSlow(64 * 1024);

/** Sink of a body that goes to the mirror and to the target; the target sets the pace. */
class Tee {
  #exchange;
  #mirror;

  constructor(exchange, mirror) {
    this.#exchange = exchange;
    this.#mirror = mirror;
  }

  write(chunk) {
    this.#mirror.write(chunk);
    return this.#exchange.write(chunk);
  }

  finish(trailers) {
    this.#mirror.finish(trailers);
    this.#exchange.finish(trailers);
  }

  fail(error) {
    this.#mirror.fail(error);
    this.#exchange.fail(error);
  }
}

module.exports = { Mirror, Tee };
