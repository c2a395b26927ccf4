'use strict';

/**
 * What `proxyRes` listeners get: the target's response as Node's own IncomingMessage, fed by the engine, made only when somebody listens.
 */

const http = require('node:http');
const { packFields, packPairs, unpack } = require('../bridge/head-codec.js');

class ProxyResponse extends http.IncomingMessage {
  #exchange;
  #body;
  #raw;
  #isRead = false;
  #headersSeen = false;
  #isClosed = false;
  #request;
  /** What is made of the body, if it is to be made into something else. */
  #outlet = null;
  #onRead = null;

  /**
   * @param {import('../bridge/exchange.js').Exchange} exchange
   * @param {import('../bridge/response-body.js').ResponseBody} body
   * @param {{ status: number, text: string, version: '1.0' | '1.1' | '2.0' }} head
   */
  constructor(exchange, body, { status, text, version }) {
    super(null);
    // Node's parser pushes without being asked; we must be asked again after each piece.
    this._readableState.readingMore = false;
    this.#exchange = exchange;
    this.#body = body;
    const [reason, ...raw] = unpack(text);
    this.#raw = raw;
    this.statusCode = status;
    this.statusMessage = reason;
    this.httpVersionMajor = Number(version[0]);
    this.httpVersionMinor = Number(version[2]);
    this.httpVersion = version;
    this._addHeaderLines(raw, raw.length);
  }

  /** The exchange that this response belongs to; none if it is not one of ours. */
  static exchangeOf(message) {
    return typeof message === 'object' && #exchange in message ? message.#exchange : undefined;
  }

  // Node parses the raw fields when they are first asked for; whoever asks may also change them.
  get headers() {
    this.#headersSeen = true;
    return super.headers;
  }

  set headers(value) {
    this.#headersSeen = true;
    super.headers = value;
  }

  /** Whether listeners may have changed the fields. */
  get isEdited() {
    return this.#headersSeen;
  }

  /** What the target says that the body's length is. */
  get declaredLength() {
    const at = this.#raw.findIndex((item, i) => i % 2 === 0 && item.toLowerCase() === 'content-length');
    return at < 0 ? undefined : this.#raw[at + 1];
  }

  /**
   * The fields that the listeners left; untouched ones as the target sent them.
   *
   * @param {boolean} inTargetsCase give names that the target sent in the case in which it did
   */
  packHeaders(inTargetsCase) {
    if (!this.#headersSeen) return packPairs(this.#raw);
    const headers = trimmed(super.headers);
    return packFields('', inTargetsCase ? inCaseOf(this.rawHeaders, headers) : headers);
  }

  /** The request that this answers. */
  get req() {
    this.#request ??= this.#exchange.shownRequest();
    return this.#request;
  }

  get socket() {
    return this.#exchange?.shownRequest().socket ?? null;
  }

  // IncomingMessage's constructor assigns null.
  set socket(_value) {}

  setTimeout(milliseconds, callback) {
    if (typeof callback === 'function') this.on('timeout', callback);
    this.req.setTimeout(milliseconds);
    return this;
  }

  /**
   * Has the client get what a stage makes of the body.
   *
   * @param {(source: AsyncIterable<Buffer>) => import('node:stream').Readable} stage
   * @param {(error: Error) => void} onError
   */
  passBodyThrough(stage, onError) {
    // What is read only in part is ended where its failure is told.
    this.#outlet = stage(this.iterator({ destroyOnReturn: false })).once('error', onError);
  }

  /** Calls `onRead` before the first piece of the body is read, if that is still to come. */
  onceRead(onRead) {
    this.#onRead = onRead;
  }

  /** Where the client's body comes from. */
  get outlet() {
    return this.#outlet ?? this;
  }

  /** Whether a listener reads the body; otherwise it need not go through here. */
  get isRead() {
    return (
      this.#isRead ||
      this.#outlet !== null ||
      this.readableFlowing === true ||
      this.listenerCount('data') > 0 ||
      this.listenerCount('readable') > 0
    );
  }

  _read() {
    if (this.#isRead) {
      this.#body.feed(this);
      return;
    }
    this.#isRead = true;
    // As with Node's own there is nothing yet while the listeners are called: who reads at once must not read what the client is to get.
    process.nextTick(() => {
      this.#onRead?.();
      this.#body.feed(this);
    });
  }

  setTrailers(text) {
    // Of a complete message Node takes them for trailers.
    this.complete = true;
    const items = unpack(text);
    this._addHeaderLines(items, items.length);
  }

  /** The body went straight to the client; whoever waits for the end hears of it. */
  bodyDelivered() {
    this.complete = true;
    this.#isRead = true;
    this.push(null);
    this.resume();
  }

  closed(error) {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (error === undefined || this.readableEnded) return;
    this.aborted = true;
    if (this.listenerCount('aborted') > 0) this.emit('aborted');
    super.destroy(this.listenerCount('error') > 0 ? error : undefined);
  }

  _destroy(error, callback) {
    if (!this.#isClosed && !this.complete) {
      this.#isClosed = true;
      this.aborted = true;
      this.#exchange.destroyedBy(this, error ?? undefined);
    }
    callback(error !== null && this.listenerCount('error') > 0 ? error : null);
  }
}

/** As the originals do with what listeners set. */
function trimmed(headers) {
  if (!Object.keys(headers).some((name) => name !== name.trim())) return headers;
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.trim(), value]));
}

/** The last of several spellings counts. */
function inCaseOf(raw, headers) {
  const spelling = new Map();
  for (let i = 0; i < raw.length; i += 2) spelling.set(raw[i].toLowerCase(), raw[i]);
  const spelled = Object.create(null);
  for (const name of Object.keys(headers)) spelled[spelling.get(name) ?? name] = headers[name];
  return spelled;
}

module.exports = { ProxyResponse };
