'use strict';

/**
 * What `proxyReq` listeners get: looks and behaves like the `http.ClientRequest` of the originals, made only when somebody listens.
 *
 * Node's own OutgoingMessage keeps the fields, so names, values, repeats and errors follow Node's rules.
 */

const http = require('node:http');
const net = require('node:net');

class ProxyRequest extends http.OutgoingMessage {
  #exchange;
  #written = [];
  #isSent = false;
  #isClosed = false;
  #socket = null;

  /**
   * @param {import('../bridge/exchange.js').Exchange} exchange
   * @param {string[]} items method, path, then name and value of each field
   * @param {URL} target
   */
  constructor(exchange, items, target) {
    super();
    this.#exchange = exchange;
    this.method = items[0];
    this.path = items[1];
    this.host = target.hostname;
    this.protocol = target.protocol;
    this.agent = { protocol: target.protocol, sockets: {}, freeSockets: {}, requests: {} };
    this.reusedSocket = false;
    this.aborted = false;
    this.res = null;
    for (let i = 2; i < items.length; i += 2) {
      if (this.hasHeader(items[i])) this.appendHeader(items[i], items[i + 1]);
      else this.setHeader(items[i], items[i + 1]);
    }
  }

  /** Exact names and values, as they are sent. */
  getRawHeaderMap() {
    // Without a prototype, so that a field may be named like one.
    const map = Object.create(null);
    for (const name of this.getRawHeaderNames()) map[name] = this.getHeader(name);
    return map;
  }

  /** The chunks that listeners wrote before the request was sent. */
  takeWritten() {
    return this.#written;
  }

  /** From now on fields cannot be changed, and Node's methods say so. */
  markSent() {
    this.#isSent = true;
    this.#written = [];
    this._header = `${this.method} ${this.path} HTTP/1.1\r\n\r\n`;
  }

  /** @param {import('./proxy-response.js').ProxyResponse} response */
  responded(response) {
    this.res = response;
    this.emit('response', response);
  }

  closed(error) {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.destroyed = true;
    if (error !== undefined && this.listenerCount('error') > 0) this.emit('error', error);
    this.emit('close');
    this.#socket?.destroy();
  }

  /** A stand-in: the engine's connection is no socket of Node's. It takes listeners and settings, and goes with the request. */
  get socket() {
    this.#socket ??= new net.Socket();
    return this.#socket;
  }

  // OutgoingMessage's constructor assigns null.
  set socket(_value) {}

  get connection() {
    return this.socket;
  }

  set connection(_value) {}

  write(chunk, encoding, callback) {
    const done = typeof encoding === 'function' ? encoding : callback;
    const bytes =
      typeof chunk === 'string'
        ? Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8')
        : chunk;
    if (this.writableEnded || (this.#isSent && !this.#exchange.isSending)) {
      return this.#refuse(done);
    }
    if (done !== undefined) process.nextTick(done);
    if (this.#isSent) return this.#exchange.write(bytes);
    this.#written.push(Buffer.from(bytes));
    return true;
  }

  #refuse(done) {
    const error = new Error('write after end');
    error.code = 'ERR_STREAM_WRITE_AFTER_END';
    if (done !== undefined) process.nextTick(done, error);
    if (this.listenerCount('error') > 0) process.nextTick(() => this.emit('error', error));
    return false;
  }

  end(chunk, encoding, callback) {
    if (typeof chunk === 'function') return this.end(undefined, undefined, chunk);
    if (typeof encoding === 'function') return this.end(chunk, undefined, encoding);
    if (chunk !== undefined && chunk !== null) this.write(chunk, encoding);
    this.finished = true;
    if (callback !== undefined) process.nextTick(callback);
    return this;
  }

  flushHeaders() {}

  setNoDelay() {}

  setSocketKeepAlive() {}

  setTimeout(milliseconds, callback) {
    this.socket.setTimeout(milliseconds, callback);
    return this;
  }

  abort() {
    this.aborted = true;
    process.nextTick(() => this.emit('abort'));
    this.destroy();
  }

  destroy(error) {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.#exchange.destroyedBy(this, error);
    return this;
  }
}

module.exports = { ProxyRequest };
