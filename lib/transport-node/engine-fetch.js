'use strict';

/** `fetch` over the engine's connections: gives a real Response, whose body comes from the engine as it is read. */

const { packEdits, packFields, unpack } = require('../bridge/head-codec.js');

// How an exchange crosses; the same numbers stand in src/binding/engine.rs.
const STREAMED = 1;
const RAW_HEAD = 2;

const MOST = 64 * 1024;
const NULL_BODY = new Set([101, 204, 205, 304]);

/**
 * @param {object} engine
 * @param {object} order
 * @param {object} order.config the engine's
 * @param {string} order.packed the head before it was edited
 * @param {import('./request-head.js').RequestHead} order.head the same
 * @param {RequestInit} order.init as it is now
 * @param {Headers} order.headers of it
 * @param {boolean} order.isReplaced its body is not the client's
 * @param {{ interim(status: number, message: object): void, trailers(text: string): void }} watcher
 * @returns {Promise<Response>} rejects with the engine's error
 */
function engineFetch(engine, order, watcher) {
  return new Promise((resolve, reject) =>
    new EngineFetch(engine, order, watcher, { resolve, reject }).start(),
  );
}

class EngineFetch {
  #engine;
  #order;
  #watcher;
  #outcome;
  #id = -1;
  #body;
  /** @type {ReadableStreamDefaultController | null} */
  #controller = null;
  #hasEnded = false;
  #wake = null;

  constructor(engine, order, watcher, outcome) {
    this.#engine = engine;
    this.#order = order;
    this.#watcher = watcher;
    this.#outcome = outcome;
    const { body } = order.init;
    this.#body = typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.alloc(0));
  }

  start() {
    const { config, init } = this.#order;
    const { signal } = init;
    if (signal?.aborted) {
      this.#outcome.reject(signal.reason);
      return;
    }
    const { base, text, fields } = this.#packed();
    const isWhole = ArrayBuffer.isView(this.#body);
    const flags = RAW_HEAD | (isWhole ? 0 : STREAMED);
    const { native } = this.#engine;
    this.#id = this.#engine.register(this);
    native.resume(this.#id, config, base, text, fields, isWhole ? this.#body : undefined, flags, undefined);
    this.#engine.flushSoon();
    if (!isWhole) this.#send();
    signal?.addEventListener('abort', () => {
      this.#outcome.reject(signal.reason);
      this.#abort();
    });
  }

  /** The head: as it was, unless a hook has edited it. Who replaces all fields need not know which a request cannot be without. */
  #packed() {
    const { head, headers, init, isReplaced, packed } = this.#order;
    const start = `${init.method}\n${head.path}\n`;
    const before = new Headers();
    for (let i = 0; i < head.fields.length; i += 2) before.append(head.fields[i], head.fields[i + 1]);
    const isStream = !ArrayBuffer.isView(this.#body);
    if (JSON.stringify([...before]) === JSON.stringify([...headers]) && !(isReplaced && isStream))
      return { base: packed, ...packEdits(start, []) };
    const fields = Object.fromEntries(headers);
    fields.host ??= before.get('host');
    for (const name of FRAMING) delete fields[name];
    if (!isReplaced && typeof head.declared === 'number') fields['content-length'] = `${head.declared}`;
    return { base: '', ...packFields(start, fields) };
  }

  #send() {
    const { native } = this.#engine;
    const body = this.#body;
    body.on('data', (chunk) => {
      if (this.#id >= 0 && !native.write(this.#id, Buffer.from(chunk))) body.pause();
    });
    body.on('end', () => {
      if (this.#id >= 0) native.finish(this.#id, '', 0);
    });
    body.on('error', (error) => {
      this.#outcome.reject(error);
      this.#abort();
    });
  }

  #abort() {
    if (this.#id >= 0) this.#engine.native.abort(this.#id);
  }

  // What the engine says

  onInterim(status, text) {
    const [statusMessage, ...rawHeaders] = unpack(text);
    this.#watcher.interim(status, { statusCode: status, statusMessage, rawHeaders });
  }

  onResponse(status, flags, text, whole) {
    if (whole !== undefined) {
      this.#engine.forget(this.#id);
      this.#id = -1;
    }
    const [statusText, ...raw] = unpack(text);
    const headers = new Headers();
    for (let i = 0; i < raw.length; i += 2) headers.append(raw[i], raw[i + 1]);
    const hasBody = !NULL_BODY.has(status);
    const body = whole === undefined ? this.#stream() : Buffer.from(whole, 'latin1');
    try {
      this.#outcome.resolve(new Response(hasBody ? body : null, { status, statusText, headers }));
    } catch (error) {
      // A status that no Response has.
      this.#outcome.reject(error);
      this.#abort();
    }
  }

  #stream() {
    return new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => this.#abort(),
      },
      { highWaterMark: 0 },
    );
  }

  /** Gives one piece, or waits until there is one. */
  async #pull() {
    const { native } = this.#engine;
    while (this.#id >= 0) {
      const waiting = native.waiting(this.#id);
      if (waiting > 0) {
        const chunk = Buffer.allocUnsafe(Math.min(waiting, MOST));
        native.read(this.#id, chunk);
        this.#controller.enqueue(chunk);
        return;
      }
      if (this.#hasEnded) {
        this.#release();
        this.#controller.close();
        return;
      }
      // Asks to be told when there is something again.
      native.read(this.#id, NOTHING);
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  onReadable() {
    this.#wake?.();
  }

  onWritable() {
    this.#body.resume?.();
  }

  onEnd(trailers) {
    this.#watcher.trailers(trailers);
    this.#hasEnded = true;
    this.#wake?.();
  }

  onFailed(error) {
    this.#release();
    this.#outcome.reject(error);
    this.#controller?.error(error);
    this.#wake?.();
  }

  fail(error) {
    this.#outcome.reject(error);
    this.#abort();
  }

  #release() {
    if (this.#id < 0) return;
    const id = this.#id;
    this.#id = -1;
    this.#engine.release(id);
  }
}

const NOTHING = Buffer.alloc(0);
/** Of a body that is measured anew. */
const FRAMING = ['content-length', 'transfer-encoding'];

module.exports = { engineFetch };
