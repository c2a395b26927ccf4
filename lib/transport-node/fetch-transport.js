'use strict';

/**
 * The engine's methods for the exchanges of one call that has the options `fetch` or `fetchOptions`: its hooks are asked, and a function of
 * the user's, or a dispatcher, takes the place of the engine's connections. Without those the engine carries the request.
 */

const { unpackError } = require('../bridge/errors.js');
const { FetchExchange } = require('./fetch-exchange.js');
const { hostOf } = require('./request-head.js');

// How an exchange crosses; the same numbers stand in src/binding/engine.rs.
const STREAMED = 1;
const RAW_HEAD = 2;

const BANG = 0x21;

class FetchTransport {
  #inner;
  #call;
  #face = null;
  #exchange = null;

  /**
   * @param {object} inner the engine, or what stands for it
   * @param {{ req: object, res: object, options: Record<string, any>, target: URL }} call
   */
  constructor(inner, call) {
    this.#inner = inner;
    this.#call = call;
  }

  // As `Engine` has it; it has one exchange

  get native() {
    return this;
  }

  get inFlight() {
    return this.#inner.inFlight;
  }

  register(face) {
    this.#face = face;
    return 0;
  }

  flushSoon() {}

  release() {}

  forget() {}

  // As the engine's native half has it

  prepare(...args) {
    return this.#inner.native.prepare(...args);
  }

  outgoing(...args) {
    return this.#inner.native.outgoing(...args);
  }

  submit(id, config, text, fields, overrides, body, flags) {
    this.#begin(config, this.prepare(config, text, fields, overrides), body, flags, hostOf(text));
  }

  resume(id, config, base, text, fields, body, flags, clientHost) {
    const { editedHead } = require('../native/binding.js');
    this.#begin(config, editedHead(base, text, fields), body, flags, clientHost);
  }

  #begin(config, packed, body, flags, clientHost) {
    const face = this.#face;
    if (packed.charCodeAt(0) === BANG) {
      process.nextTick(() => face.onFailed(unpackError(packed.slice(1))));
      return;
    }
    const order = {
      config,
      packed,
      body: (flags & STREAMED) === 0 ? (body ?? Buffer.alloc(0)) : undefined,
      isRaw: (flags & RAW_HEAD) !== 0,
      clientHost,
    };
    this.#exchange = new FetchExchange(this.#inner, this.#call, order, face);
    this.#exchange.start();
  }

  write(id, chunk) {
    return this.#exchange?.write(chunk) ?? true;
  }

  finish(id, trailers, fields) {
    this.#exchange?.finish(trailers, fields);
  }

  waiting() {
    return this.#exchange?.waiting ?? 0;
  }

  read(id, into) {
    return this.#exchange?.read(into) ?? 0;
  }

  abort() {
    this.#exchange?.abort();
  }
}

module.exports = { FetchTransport };
