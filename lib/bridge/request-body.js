'use strict';

/**
 * The client's request body on its way to the engine: in one piece if all of it is there already, else chunk by chunk, pausing when the
 * engine says so.
 */

const http = require('node:http');
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
    if (!req.complete) return undefined;
    if (req.readableLength === 0) return req.rawTrailers.length === 0 ? EMPTY : undefined;
    // Somebody else listens, decodes, or must get the trailers in order: that is the stream's business.
    if (req.readableEncoding !== null || req.listenerCount('data') > 0 || req.rawTrailers.length > 0)
      return undefined;
    if (req.read !== http.IncomingMessage.prototype.read) return undefined;
    return req.read() ?? EMPTY;
  }
  return hasNoBody(req) ? EMPTY : undefined;
}

/** Whether a message that is not Node's own has no body (to give any more). */
function hasNoBody(req) {
  if (req.readableEnded || req.complete === true) return true;
  if (req.httpVersionMajor >= 2) return req.stream?.endAfterHeaders === true;
  const { 'content-length': length, 'transfer-encoding': coding } = req.headers;
  return coding === undefined && !(Number(length) > 0);
}

/** Reads a request's body to its end and hands it to a sink. */
class RequestBody {
  #req;
  #sink;
  #isOver = false;

  /**
   * @param {import('node:http').IncomingMessage} req
   * @param {{ write(chunk: Buffer): boolean, finish(trailers: object): void, fail(error: Error): void }} sink
   */
  constructor(req, sink) {
    this.#req = req;
    this.#sink = sink;
    req.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError);
    if (req.readableEnded) this.#onEnd();
  }

  #onData = (chunk) => {
    if (this.#isOver) return;
    const bytes =
      typeof chunk === 'string' ? Buffer.from(chunk, this.#req.readableEncoding ?? 'utf8') : chunk;
    if (!this.#sink.write(bytes)) this.#req.pause();
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
    if (!this.#isOver) this.#req.resume();
  }

  /** Reads no more; the request may be read by others again. */
  stop() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#req.removeListener('data', this.#onData);
    this.#req.removeListener('end', this.#onEnd);
    this.#req.removeListener('error', this.#onError);
  }
}

module.exports = { EMPTY, RequestBody, takeWhole };
