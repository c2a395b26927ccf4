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
    const body = req.read() ?? EMPTY;
    // Whoever waits for the end hears of it, though nobody reads any more.
    if (!req.complete) req.resume();
    return body;
  }
  return hasNoBody(req) ? EMPTY : undefined;
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

/** Reads a request's body to its end and hands it to a sink. */
class RequestBody {
  #req;
  #sink;
  #isOver = false;
  /** What a request of the old kind is piped into. */
  #inlet = null;

  /**
   * @param {import('node:http').IncomingMessage} req
   * @param {{ write(chunk: Buffer): boolean, finish(trailers: object): void, fail(error: Error): void }} sink
   */
  constructor(req, sink) {
    this.#req = req;
    this.#sink = sink;
    req.on('error', this.#onError);
    if (typeof req.read === 'function' || typeof req.pipe !== 'function')
      req.on('data', this.#onData).on('end', this.#onEnd);
    else this.#pipe();
    if (req.readableEnded) this.#onEnd();
  }

  /** Streams of the old kind may keep their data until somebody pipes them. */
  #pipe() {
    this.#inlet = Object.assign(new Stream(), { writable: true, write: this.#onData, end: this.#onEnd });
    this.#req.pipe(this.#inlet);
  }

  #onData = (chunk) => {
    if (this.#isOver) return true;
    const bytes =
      typeof chunk === 'string' ? Buffer.from(chunk, this.#req.readableEncoding ?? 'utf8') : chunk;
    const hasRoom = this.#sink.write(bytes);
    if (!hasRoom && this.#inlet === null) this.#req.pause();
    return hasRoom;
  };

  #onEnd = () => {
    if (this.#isOver) return;
    const trailers = packPairs(this.#req.rawTrailers ?? []);
    this.stop();
    this.#sink.finish(trailers);
  };

  #onError = (error) => {
    if (this.#isOver) return;
    this.stop();
    this.#sink.fail(error);
  };

  /** There is room again. */
  resume() {
    if (this.#isOver) return;
    if (this.#inlet === null) this.#req.resume();
    else this.#inlet.emit('drain');
  }

  /** Reads no more; the request may be read by others again. */
  stop() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#req.removeListener('data', this.#onData);
    this.#req.removeListener('end', this.#onEnd);
    this.#req.removeListener('error', this.#onError);
    // Ends the pipe.
    this.#inlet?.emit('close');
  }
}

module.exports = { EMPTY, RequestBody, takeWhole };
