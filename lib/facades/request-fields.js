'use strict';

const http = require('node:http');
const { packEdits, packFields, unpack } = require('../bridge/head-codec.js');

/**
 * The head of a request that listeners may edit.
 *
 * Most listeners set a field or two and read none. Until one reads, the engine's text stays as it is and edits are only noted. Then Node's
 * own OutgoingMessage takes over. Either way names, values, repeats and errors follow Node's rules.
 */
class RequestFields extends http.OutgoingMessage {
  /** Method, target, then name and value of each field. */
  #packed;
  /** Names and values set since, in order; `undefined` stands for a field that was removed. */
  #edits = NONE;
  /** Node's OutgoingMessage has the fields. */
  #isShown = false;
  #isSent = false;

  /** @param {string} packed the head, as the engine gave it */
  constructor(packed) {
    super();
    const methodEnd = packed.indexOf('\n');
    this.method = packed.slice(0, methodEnd);
    this.path = packed.slice(methodEnd + 1, packed.indexOf('\n', methodEnd + 1));
    this.#packed = packed;
  }

  /**
   * What the engine needs to know: the head that it gave, and what to change in it; or, once the fields were read, no head and all fields.
   *
   * @returns {{ base: string, text: string, fields: number }}
   */
  pack() {
    const start = `${this.method}\n${this.path}\n`;
    if (!this.#isShown) return { base: this.#packed, ...packEdits(start, this.#edits) };
    // Without a prototype, so that a field may be named like one.
    const fields = Object.create(null);
    for (const name of super.getRawHeaderNames()) fields[name] = super.getHeader(name);
    return { base: '', ...packFields(start, fields) };
  }

  /** From now on fields cannot be changed, and Node's methods say so. */
  markSent() {
    this.#isSent = true;
    this._headerSent = true;
  }

  get headersSent() {
    return this.#isSent;
  }

  /** The head as text, once it was sent; what frames the body is added after that. */
  get _header() {
    if (!this.#isSent) return null;
    const names = this.getRawHeaderNames();
    const lines = names.flatMap((name) => [this.getHeader(name)].flat().map((value) => `${name}: ${value}`));
    return [`${this.method} ${this.path} HTTP/1.1`, ...lines, '', ''].join('\r\n');
  }

  // OutgoingMessage's constructor assigns null.
  set _header(_value) {}

  /** What users of old versions of Node read. */
  get _headers() {
    return this.getHeaders();
  }

  set _headers(_value) {}

  // Reading or repeating a field needs all of them; to set or remove one it is enough to say so.

  setHeader(name, value) {
    if (this.#isShown || this.#isSent || Array.isArray(value)) {
      this.#show();
      return super.setHeader(name, value);
    }
    http.validateHeaderName(name);
    http.validateHeaderValue(name, value);
    this.#note(name, value);
    return this;
  }

  removeHeader(name) {
    if (this.#isShown || this.#isSent || typeof name !== 'string') {
      this.#show();
      super.removeHeader(name);
    } else if (NAME.test(name)) {
      this.#note(name, undefined);
    }
  }

  appendHeader(name, value) {
    this.#show();
    return super.appendHeader(name, value);
  }

  setHeaders(headers) {
    this.#show();
    return super.setHeaders(headers);
  }

  hasHeader(name) {
    this.#show();
    return super.hasHeader(name);
  }

  getHeader(name) {
    this.#show();
    return super.getHeader(name);
  }

  getHeaders() {
    this.#show();
    return super.getHeaders();
  }

  getHeaderNames() {
    this.#show();
    return super.getHeaderNames();
  }

  getRawHeaderNames() {
    this.#show();
    return super.getRawHeaderNames();
  }

  #note(name, value) {
    if (this.#edits === NONE) this.#edits = [name, value];
    else this.#edits.push(name, value);
  }

  /** Hands the fields over to Node's OutgoingMessage. */
  #show() {
    if (this.#isShown) return;
    this.#isShown = true;
    const isSent = this.#isSent;
    this.#isSent = false;
    const items = unpack(this.#packed);
    for (let i = 2; i < items.length; i += 2) {
      if (super.hasHeader(items[i])) super.appendHeader(items[i], items[i + 1]);
      else super.setHeader(items[i], items[i + 1]);
    }
    const edits = this.#edits;
    for (let i = 0; i < edits.length; i += 2) {
      if (edits[i + 1] === undefined) super.removeHeader(edits[i]);
      else super.setHeader(edits[i], edits[i + 1]);
    }
    this.#isSent = isSent;
  }
}

const NONE = [];
/** What can be the name of a field (RFC 9110 §5.6.2). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

module.exports = { RequestFields };
