'use strict';

/**
 * The client's request body on its way to the engine: in one piece if all of it is there already, else chunk by chunk, pausing when the
 * engine says so.
 */

const http = require('node:http');
const { Stream } = require('node:stream');
const { packPairs } = require('./head-codec.js');

const EMPTY = Buffer.alloc(0);

/**
 * The whole body, if it has arrived; `undefined` if it is still to come.
 *
 * @param {import('node:http').IncomingMessage} req
 * @returns {Buffer | undefined}
 */
function takeWhole(req) {
  if (req instanceof http.IncomingMessage) {
    if (!req.complete && !isAllThere(req)) return undefined;
    if (req.readableLength === 0) return req.rawTrailers.length === 0 ? EMPTY : undefined;
    // Somebody else listens, decodes, or must get the trailers in order: that is the stream's business.
    if (req.readableEncoding !== null || req.listenerCount('data') > 0 || req.rawTrailers.length > 0)
      return undefined;
    if (req.read !== http.IncomingMessage.prototype.read) return undefined;
    const body = readAll(req);
    // Whoever waits for the end hears of it, though nobody reads any more.
    if (!req.complete) req.resume();
    return body;
  }
  return hasNoBody(req) ? EMPTY : undefined;
}

/** What has arrived. Node 26 gives one piece at a time, older ones all of it. */
function readAll(req) {
  const first = req.read() ?? EMPTY;
  if (req.readableLength === 0) return first;
  const pieces = [first];
  while (req.readableLength > 0) pieces.push(req.read());
  return Buffer.concat(pieces);
}

/** Node hands out a body before it says that the message is complete; a length that is reached says so, too. */
function isAllThere(req) {
  const { headers, readableLength } = req;
  return (
    readableLength > 0 &&
    headers['content-length'] === `${readableLength}` &&
    headers['transfer-encoding'] === undefined
  );
}

/** Whether a message that is not Node's own has no body (to give any more). */
function hasNoBody(req) {
  if (req.readableEnded || req.complete === true) return true;
  if (req.httpVersionMajor >= 2) return req.stream?.endAfterHeaders === true;
  const { 'content-length': length, 'transfer-encoding': coding } = req.headers;
  if (coding !== undefined || Number(length) > 0) return false;
  // A message of HTTP that declares no body has none. A stream that is no message at all may have one that nobody has declared.
  return length !== undefined || req.httpVersion !== undefined || BODILESS.has(req.method);
}

/** Methods whose requests have no body unless they declare one, as in Node's client. */
const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

const NOTHING = [];
/** As much of a body is kept, in case that it must be sent again. */
const MOST_KEPT = 64 * 1024;

/** Reads a request's body to its end and hands it to a sink. */
class RequestBody {
  #source;
  #sink;
  #isOver = false;
  /** What a source of the old kind is piped into. */
  #inlet = null;
  /** All that was read, or `null` if it is too much. */
  #kept = [];
  #keptBytes = 0;
  #mostKept;
  #isWhole = false;
  #isHeld = false;
  /** No more is read than can be kept. */
  #waits;
  /** What says that there will be no more. */
  #closing = NOTHING;

  /**
   * @param {import('node:stream').Readable} source the request, or what is sent instead of its body
   * @param {{ write(chunk: Buffer): boolean, finish(trailers: object): void, fail(error: Error): void }} sink
   * @param {object} [settings]
   * @param {Buffer[]} [settings.prefix] what somebody else has read of it before
   * @param {boolean} [settings.waits] for `resume()`, as soon as no more of it can be kept
   * @param {number} [settings.mostKept] how many bytes are kept, in case that it must be sent again
   */
  constructor(source, sink, { prefix, waits = false, mostKept = MOST_KEPT } = {}) {
    this.#waits = waits;
    this.#mostKept = mostKept;
    this.#source = source;
    this.#sink = sink;
    source.on('error', this.#onError);
    if (prefix !== undefined) for (const chunk of prefix) this.#onData(chunk);
    if (typeof source.read === 'function' || typeof source.pipe !== 'function')
      source.on('data', this.#onData).on('end', this.#onEnd);
    else this.#pipe();
    // As when it is piped: whoever has paused it has done so until it is read.
    const isPaused = prefix !== undefined || source.readableFlowing === false;
    if (isPaused && !this.#isFull) source.resume?.();
    if (source.readableEnded) this.#onEnd();
  }

  /**
   * A request that is closed early closes its response, too. Another stream has no response, and a request whose response has ended is not
   * told any more that its connection was closed.
   */
  watchClose() {
    if (this.#isOver) return;
    if (this.#source.destroyed) {
      this.#onClose();
      return;
    }
    this.#closing = [this.#source];
    if (this.#source instanceof http.IncomingMessage) this.#closing.push(this.#source.socket);
    for (const emitter of this.#closing) emitter?.on('close', this.#onClose);
  }

  /** Streams of the old kind may keep their data until somebody pipes them. */
  #pipe() {
    this.#inlet = Object.assign(new Stream(), { writable: true, write: this.#onData, end: this.#onEnd });
    this.#source.pipe(this.#inlet);
  }

  #onData = (chunk) => {
    if (this.#isOver) return true;
    const bytes =
      typeof chunk === 'string' ? Buffer.from(chunk, this.#source.readableEncoding ?? 'utf8') : chunk;
    if (!ArrayBuffer.isView(bytes)) {
      this.#onError(notBytes(chunk));
      return true;
    }
    this.#keep(bytes);
    const hasRoom = this.#sink.write(bytes) && !this.#isFull;
    if (!hasRoom && this.#inlet === null) this.#source.pause();
    return hasRoom;
  };

  #keep(bytes) {
    if (this.#kept === null) return;
    this.#keptBytes += bytes.length;
    if (this.#keptBytes > this.#mostKept && !this.#waits) this.#kept = null;
    else this.#kept.push(bytes);
  }

  /** Whether it waits with what it has. */
  get #isFull() {
    return this.#waits && this.#keptBytes >= this.#mostKept;
  }

  #onEnd = () => {
    if (this.#isOver) return;
    const raw = this.#source.rawTrailers ?? [];
    // Trailers are not sent again.
    if (raw.length > 0) this.#kept = null;
    this.#isWhole = true;
    const trailers = packPairs(raw);
    this.stop();
    this.#sink.finish(trailers);
  };

  #onError = (error) => {
    if (this.#isOver) return;
    this.stop();
    this.#kept = null;
    this.#sink.fail(error);
  };

  #onClose = () => {
    // All of it has arrived, and is only still to be read.
    if (this.#source.complete === true) return;
    if (this.#source.readableEnded) this.#onEnd();
    else this.#onError(this.#source.errored ?? cutShort(this.#source));
  };

  /** There is room again. */
  resume() {
    if (this.#isOver) return;
    this.#waits = false;
    if (this.#keptBytes > this.#mostKept) this.#kept = null;
    if (this.#inlet === null) this.#source.resume();
    else this.#inlet.emit('drain');
  }

  /** Hands what is still to come to another sink. */
  redirect(sink) {
    this.#sink = sink;
    this.#kept = null;
    this.watchClose();
    this.resume();
  }

  get isOver() {
    return this.#isOver;
  }

  /** Whether it can be sent again. */
  get isKept() {
    return this.#kept !== null;
  }

  /** Reads no more; the source may be read by others again. */
  stop() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#source.removeListener('data', this.#onData);
    this.#source.removeListener('end', this.#onEnd);
    this.#source.removeListener('error', this.#onError);
    for (const emitter of this.#closing) emitter?.removeListener('close', this.#onClose);
    // Ends the pipe.
    this.#inlet?.emit('close');
  }

  /** Keeps back what is still to come, while it is not known whether the body will be sent again. */
  hold() {
    if (this.#isOver || this.#source.readableFlowing !== true) return;
    this.#isHeld = true;
    this.#source.pause();
  }

  /** Nobody has asked for it so far. */
  letGo() {
    if (!this.#isWhole) this.#kept = null;
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#source.resume();
  }

  /**
   * Gives what was read to an exchange that sends the body again, and leaves the rest to it.
   *
   * @returns {{ chunks: Buffer[], isWhole: boolean } | undefined} `undefined` if not all of it was kept
   */
  handOver() {
    if (this.#kept === null) return undefined;
    return { chunks: this.#kept, isWhole: this.#isWhole };
  }
}

function notBytes(chunk) {
  const error = new TypeError(`A request body must consist of bytes or text, not of ${typeof chunk}s`);
  error.code = 'ERR_INVALID_ARG_TYPE';
  return error;
}

/** What Node says of either. */
function cutShort(source) {
  const isRequest = source instanceof http.IncomingMessage;
  const error = new Error(isRequest ? 'aborted' : 'Premature close');
  error.code = isRequest ? 'ECONNRESET' : 'ERR_STREAM_PREMATURE_CLOSE';
  return error;
}

module.exports = { EMPTY, RequestBody, takeWhole };
