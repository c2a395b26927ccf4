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
  #target;
  #agent;
  #timer;

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
    this.#target = target;
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
    this._headerSent = true;
    this.touch();
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

  /** As far as loggers look: by its sockets they find the target's port. */
  get agent() {
    const { protocol, hostname, port } = this.#target;
    const name = `${hostname}:${port || USUAL_PORTS[protocol] || ''}:`;
    this.#agent ??= { protocol, sockets: { [name]: [] }, freeSockets: {}, requests: {} };
    return this.#agent;
  }

  set agent(value) {
    this.#agent = value;
  }

  /** @param {import('./proxy-response.js').ProxyResponse} response */
  responded(response) {
    this.touch();
    this.res = response;
    this.emit('response', response);
  }

  closed(error) {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.destroyed = true;
    if (error !== undefined && this.listenerCount('error') > 0) this.emit('error', error);
    clearTimeout(this.#timer);
    this.emit('close');
    this.#socket?.destroy();
  }

  /** A stand-in: the engine's connection is no socket of Node's. It takes listeners and settings, and goes with the request. */
  get socket() {
    this.#socket ??= new StandInSocket(this.#target);
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
    this.touch();
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

  /** Emits `timeout`, here and on the response, when nothing has come or gone for that long. What follows is up to the listeners. */
  setTimeout(milliseconds, callback) {
    if (typeof callback === 'function') this.once('timeout', callback);
    clearTimeout(this.#timer);
    this.timeout = milliseconds;
    if (milliseconds > 0 && !this.destroyed) {
      this.#timer = setTimeout(() => this.#timedOut(), milliseconds);
      this.#timer.unref();
    }
    return this;
  }

  #timedOut() {
    for (const message of [this, this.res]) message?.emit('timeout');
  }

  /** Something has come or gone. */
  touch() {
    this.#timer?.refresh();
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

const USUAL_PORTS = { 'http:': 80, 'https:': 443 };

/** The engine's connection is no socket of Node's. This takes listeners and settings in its stead, and says where it leads. */
class StandInSocket extends net.Socket {
  #target;

  /** @param {URL} target */
  constructor(target) {
    super();
    this.#target = target;
    if (target.protocol === 'https:') this.encrypted = true;
  }

  /** Known if the target is named by its address. */
  get remoteAddress() {
    const name = this.#target.hostname.replace(/^\[(.*)\]$/, '$1');
    return net.isIP(name) === 0 ? undefined : name;
  }

  get remotePort() {
    return Number(this.#target.port || USUAL_PORTS[this.#target.protocol]);
  }

  get remoteFamily() {
    return { 4: 'IPv4', 6: 'IPv6' }[net.isIP(this.remoteAddress ?? '')];
  }
}

module.exports = { ProxyRequest };
