'use strict';

/**
 * What `proxyReq` listeners get: looks and behaves like the `http.ClientRequest` of the originals, made only when somebody listens.
 */

const { RequestFields } = require('./request-fields.js');
const { StandInSocket, USUAL_PORTS } = require('./stand-in-socket.js');

class ProxyRequest extends RequestFields {
  #exchange;
  #written = NOTHING;
  #isClosed = false;
  #socket = null;
  #target;
  #agent;
  #timer;

  /**
   * @param {import('../bridge/exchange.js').Exchange} exchange
   * @param {string} packed the head, as the engine gave it
   * @param {URL} target
   */
  constructor(exchange, packed, target) {
    super(packed);
    this.#exchange = exchange;
    this.host = target.hostname;
    this.protocol = target.protocol;
    this.#target = target;
    this.reusedSocket = false;
    this.aborted = false;
    this.res = null;
  }

  /** The chunks that listeners wrote before the request was sent. */
  takeWritten() {
    return this.#written;
  }

  markSent() {
    super.markSent();
    this.#written = NOTHING;
    this.touch();
  }

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
    this.#socket?.destroy();
    // As Node's does it: whoever hears of the failure first, hears of it before this.
    process.nextTick(() => this.emit('close'));
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
    if (this.writableEnded || (this.headersSent && !this.#exchange.isSending)) {
      return this.#refuse(done);
    }
    if (done !== undefined) process.nextTick(done);
    this.touch();
    if (this.headersSent) return this.#exchange.write(bytes);
    if (this.#written === NOTHING) this.#written = [];
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
    // As with Node: the other listeners have their turn before anybody hears of it.
    process.nextTick(() => this.#exchange.destroyedBy(this, error));
    return this;
  }
}

const NOTHING = [];

module.exports = { ProxyRequest };
