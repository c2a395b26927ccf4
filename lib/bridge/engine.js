'use strict';

/**
 * The engine of this Node environment, and the one place where its completions arrive.
 *
 * One wake-up drains everything that is ready; each completion goes to the exchange that waits for it. What an exchange throws is that
 * exchange's failure and never disturbs the other completions of the same drain.
 */

const { hookError, unpackError } = require('./errors.js');
const { lookUp } = require('./lookup.js');

// Kinds of completion; the same numbers stand in src/binding/completion.rs.
const INTERIM = 1;
const RESPONSE = 2;
const READABLE = 3;
const WRITABLE = 4;
const END = 5;
const FAILED = 6;
const SWITCHED = 7;
const TARGET_ENDED = 8;
const DETACHED = 9;
const MESSAGE = 10;
const LOOKUP = 11;

/** On the options of a call: that the engine is to panic. It must be built for it, as it is for the tests of that. */
const FAULT = Symbol.for('rs-proxy-middleware.fault');

/** Completions per drain. */
const BATCH = 64;
const RECORD = 4;

const NOTHING = {
  exchanges: 0,
  connections: 0,
  idleConnections: 0,
  exchangesStarted: 0,
  connectionsMade: 0,
  retries: 0,
  panics: 0,
};

let shared;

class Engine {
  #native;
  #exchanges = [];
  #free = [];
  #willFlush = false;
  #records = new Uint32Array((BATCH + 1) * RECORD);
  #recordBytes = Buffer.from(this.#records.buffer);

  constructor() {
    const { NativeEngine } = require('../native/binding.js');
    this.#native = new NativeEngine(() => this.#drain());
  }

  /** The engine of this environment, started when it is first needed. */
  static get() {
    shared ??= new Engine();
    return shared;
  }

  /** What is open now and what has happened since the engine started; zeros while it has not. */
  static get stats() {
    return shared?.native.stats() ?? { ...NOTHING };
  }

  get native() {
    return this.#native;
  }

  /** Whether it can move a client's bytes without Node. */
  get adopts() {
    return true;
  }

  /** How many exchanges there are. */
  get inFlight() {
    return this.#exchanges.length - this.#free.length;
  }

  /** Gives an exchange its number. It gets its completions by that number until it gives it back. */
  register(exchange) {
    const id = this.#free.pop() ?? this.#exchanges.length;
    this.#exchanges[id] = exchange;
    return id;
  }

  /**
   * Sees to it that exchanges begun in this turn of the event loop are taken up at its end: waking the engine's thread costs a system call,
   * and one is enough for all of them.
   */
  flushSoon() {
    if (this.#willFlush) return;
    // A lone one has nobody to share the call with, and waits for the answer.
    if (this.inFlight === 1) {
      this.#native.flush();
      return;
    }
    this.#willFlush = true;
    setImmediate(this.#flush);
  }

  #flush = () => {
    this.#willFlush = false;
    this.#native.flush();
  };

  /** Takes a number back: the exchange has had its last completion and reads no more. */
  release(id) {
    this.#native.release(id);
    this.forget(id);
  }

  /** The same for an exchange that the engine has released itself: with a whole response there is nothing left to read. */
  forget(id) {
    this.#exchanges[id] = undefined;
    this.#free.push(id);
  }

  /** An answer that comes late is for nobody: the number may be another exchange's by then. */
  #lookUp(id, number, host) {
    const exchange = this.#exchanges[id];
    lookUp(number, host, (addresses, code, message) => {
      if (this.#exchanges[id] === exchange) this.#native.found(id, host, addresses, code, message);
    });
  }

  #drain() {
    const records = this.#records;
    for (;;) {
      const texts = this.#native.drain(this.#recordBytes);
      const count = records[0];
      if (count === 0) return;
      let text = 0;
      for (let at = RECORD; at <= count * RECORD; at += RECORD) {
        // Copied out before anything runs that may drain again.
        const exchange = this.#exchanges[records[at]];
        const first = records[at + 2];
        const second = records[at + 3];
        try {
          switch (records[at + 1]) {
            case RESPONSE: {
              const head = texts[text++];
              const body = second & 1 ? texts[text++] : undefined;
              exchange.onResponse(first, second, head, body);
              break;
            }
            case READABLE:
              exchange.onReadable();
              break;
            case WRITABLE:
              exchange.onWritable();
              break;
            case END:
              exchange.onEnd(texts[text++]);
              break;
            case FAILED:
              exchange.onFailed(unpackError(texts[text++]));
              break;
            case SWITCHED:
              exchange.onSwitched(texts[text++], texts[text++]);
              break;
            case TARGET_ENDED:
              exchange.onTargetEnded();
              break;
            case DETACHED:
              exchange.onDetached();
              break;
            case MESSAGE:
              exchange.onMessage(first, texts[text++]);
              break;
            case LOOKUP:
              this.#lookUp(records[at], first, texts[text++]);
              break;
            case INTERIM:
              exchange.onInterim(first, texts[text++]);
              break;
          }
        } catch (thrown) {
          exchange.fail(hookError('proxyRes', thrown));
        }
      }
    }
  }
}

module.exports = { Engine, FAULT };
