'use strict';

/**
 * The request's way: from `web(req, res)` to the engine, past the `proxyReq` listeners if there are any.
 *
 * Nothing is made for listeners that do not exist. Without any, the head crosses to the engine in one call.
 */

const { saysItsEnd, unwatchClient } = require('./client.js');
const { Engine, FAULT } = require('./engine.js');
const { hookError, proxyError, unpackError } = require('./errors.js');
const { ACTIVE, ExchangeLife } = require('./exchange-life.js');
const { packRequest } = require('./head-codec.js');
const { withinTime } = require('./listeners.js');
const { Mirror, Tee } = require('./mirror.js');
const { EMPTY, RequestBody, takeWhole } = require('./request-body.js');
const { transportOf } = require('./transport.js');
const { ProxyRequest } = require('../facades/proxy-request.js');
const { FetchTransport } = require('../transport-node/fetch-transport.js');

// How an exchange crosses; the same numbers stand in src/binding/engine.rs.
const STREAMED = 1;
const RAW_HEAD = 2;
const PANIC = 4;
const ANNOUNCED = 8;

class ExchangeRequest extends ExchangeLife {
  /** A redirect has made a request without a body of it; what listeners write is not for it. */
  #isBodiless = false;

  /** Begins, a tick after `web()`: until then listeners may be added, and a small request body has arrived whole. */
  begin() {
    try {
      if (!this._engage()) return;
      this._isConsumed = this._call.options[CONSUMED_BODY] !== undefined;
      if (this._predecessor !== null) this.#inherit(this._predecessor);
      const { config, forward, headers } = this._call;
      const head = packRequest(this._req, headers);
      this._engine = this.#carrierOf(config ?? forward);
      if (forward !== undefined && this._mirror === null) {
        this.#beginMirror(head);
        if (config === undefined) return;
      }
      if (this._hasListeners('proxyReq') || this._call.redirects !== undefined) {
        this.#showRequest(head);
        return;
      }
      const body = this.#takeBody();
      const { native } = this._engine;
      this._id = this._engine.register(this);
      native.submit(this._id, config.native, head.text, head.fields, head.overrides, body, this.#flags(body));
      this.#sent(body);
    } catch (thrown) {
      this.fail(hookError('web', thrown));
    }
  }

  /**
   * Begins as the next hop of a redirect.
   *
   * @param {import('../proxy-server/redirects.js').Hop} hop
   */
  _beginHop({ route, prepared, keepsBody }) {
    try {
      if (!this._engage()) return;
      this._engine = this.#carrierOf(route);
      this.#isBodiless = !keepsBody;
      if (keepsBody) this.#inherit(this._predecessor);
      else this._body = EMPTY;
      this._predecessor = null;
      this.#show(prepared, route);
    } catch (thrown) {
      this.fail(hookError('web', thrown));
    }
  }

  /** Who carries it there, and asks the hooks of `fetchOptions` if there are any. */
  #carrierOf(route) {
    const carrier = transportOf(route);
    const { options } = this._call;
    if (!options.fetchOptions && typeof options.fetch !== 'function') return carrier;
    return new FetchTransport(carrier, { req: this._req, res: this._res, options, target: route.target });
  }

  /** With what method the target is asked. */
  get _method() {
    return this._proxyReq?.method ?? this._call.options.method?.toUpperCase() ?? this._req.method;
  }

  /**
   * Sends the request again, to the next target of the call, in place of this exchange.
   *
   * @param {boolean} isRepeated whether the target may have acted on this one
   * @returns {boolean} whether that can be done: the body must still be there, and the client
   */
  _tryAgain(isRepeated) {
    const res = this._res;
    const { attempts, options } = this._call;
    const isGone = res.headersSent || res.writableEnded || res.destroyed || res[ACTIVE] !== this;
    const isKept = this._upload === null || (this._mirror === null && this._upload.isKept);
    const rest = options.timeouts?.total > 0 ? options.timeouts.total - attempts.elapsed : Infinity;
    if (isGone || !isKept || rest <= 0) return false;
    const pause = attempts.next(isRepeated);
    this._call.config = attempts.config;
    const next = new this.constructor(this._proxy, this._req, res, this._call);
    this._replaceBy(next);
    if (rest !== Infinity) next.limitTotal(rest);
    if (pause === 0) next.begin();
    else setTimeout(() => next.isOver || next.begin(), pause);
    return true;
  }

  /** What is sent as the request's body: the client's, unless the `buffer` option names another stream. */
  get _source() {
    return this._call.options.buffer ?? this._req;
  }

  /**
   * The whole body, if it is there; `undefined` if it is to be streamed.
   *
   * @param {ProxyRequest} [facade] has the fields that it is sent with, if listeners have a say
   */
  #takeBody(facade) {
    if (this._body === undefined && this._prefix === undefined && this._source === this._req) {
      const consumed = this._call.options[CONSUMED_BODY];
      this._body =
        consumed === undefined
          ? takeWhole(this._req)
          : consumed((name) => (facade === undefined ? this.#field(name) : facade.getHeader(name)));
    }
    return this._body;
  }

  /** The client's field, unless the options have one. */
  #field(name) {
    const own = Object.entries(this._call.headers ?? {}).findLast(([other]) => other.toLowerCase() === name);
    return own === undefined ? this._req.headers[name] : own[1];
  }

  /** Sends again what an earlier exchange has sent of the same body. */
  #inherit(previous) {
    this._predecessor = null;
    if (previous._source !== this._source) return;
    this._body = previous._body;
    this._prefix = previous._prefix;
    this._isConsumed = previous._isConsumed;
    if (previous._upload === null) return;
    const kept = previous._upload.handOver();
    if (kept === undefined) {
      const message = 'The request cannot be sent again: not all of its body was kept';
      throw proxyError('ERR_PROXY_BODY_SPENT', message, 502, 'send', 'internal');
    }
    if (kept.isWhole) this._body = Buffer.concat(kept.chunks);
    else this._prefix = kept.chunks;
  }

  #flags(body) {
    const isPanic = this._call.options[FAULT];
    this._isHeadRaw = this._showsResponse();
    const streamed = body !== undefined ? 0 : this.#waits ? STREAMED | ANNOUNCED : STREAMED;
    return streamed | (this._isHeadRaw ? RAW_HEAD : 0) | (isPanic ? PANIC : 0);
  }

  /** Whether a streamed body waits until it is known which target takes it. */
  get #waits() {
    return this._call.attempts !== undefined && this._mirror === null;
  }

  /** Begins the `forward` leg. Alone, it needs no answer: the client has one at once. */
  #beginMirror(head) {
    const { config, forward } = this._call;
    const body = this.#takeBody();
    this._mirror = new Mirror(this.#carrierOf(forward), this._source, (error) => this.#mirrorFailed(error));
    this._mirror.begin(forward.native, head, body);
    if (config !== undefined) return;
    this._mirror.targetIsOver();
    if (body === undefined) this._mirror.takeUpload(null, this._prefix);
    this._isDelivered = true;
    this._res.end();
    if (saysItsEnd(this._res)) return;
    unwatchClient(this._req, this._onClientClose);
    this._settle();
  }

  #mirrorFailed(error) {
    const req = this._req;
    const args = [error, req, this._res, this._call.forward.target];
    // A client that has its answer may be gone by the time that the mirror resets its own connection.
    const hasClientLeft = error.code === 'ECONNRESET' && error.side === undefined && req.socket?.destroyed;
    if (hasClientLeft) this._emit('econnreset', args);
    else this._call.failMirror(args, (thrown) => this._guard(thrown));
  }

  #showRequest(head) {
    const { config } = this._call;
    const prepared = this._engine.native.prepare(config.native, head.text, head.fields, head.overrides);
    if (prepared.charCodeAt(0) === BANG) {
      this.fail(unpackError(prepared.slice(1)));
      return;
    }
    this.#show(prepared, config);
  }

  /** Shows the passed head to the `proxyReq` listeners before anything is sent. */
  #show(prepared, route) {
    const { options } = this._call;
    const facade = new ProxyRequest(this, prepared, route.target);
    this._route = route;
    this._proxyReq = facade;
    const args = [facade, this._req, this._res, this._call.shownOptions()];
    // http-proxy-3 gives the socket, too; it is only made for those who take it.
    if (this._proxy.listeners('proxyReq').some((listener) => listener.length > 4)) args.push(facade.socket);
    const pending = this._emit('proxyReq', args);
    if (pending === undefined || !(options.hookTimeout > 0)) {
      this.#sendShown();
      return;
    }
    withinTime('proxyReq', pending, options.hookTimeout).then(
      () => this.#sendShown(),
      (error) => this.fail(error),
    );
  }

  #sendShown() {
    // A listener may have failed, answered, or destroyed the request; while it was waited for, the client may have left.
    if (this._isOver || this._proxyReq.destroyed) return;
    if (this._res.writableEnded || this._res.destroyed) {
      this._stop();
      return;
    }
    const facade = this._proxyReq;
    try {
      const written = this.#isBodiless ? [] : facade.takeWritten();
      // A listener that writes a body that was read before the proxy could read it has sent all there is.
      const isWritten = written.length > 0 && this._isConsumed;
      const rest = facade.writableEnded || isWritten ? EMPTY : this.#takeBody(facade);
      const body = rest === undefined ? undefined : joined(written, rest);
      const { base, text, fields } = facade.pack();
      facade.markSent();
      const { native } = this._engine;
      const flags = this.#flags(body);
      // Not before: of what is never sent the engine says no end, and its number would be lost.
      this._id = this._engine.register(this);
      native.resume(this._id, this._route.native, base, text, fields, body, flags, this._askedHost());
      if (body === undefined) for (const chunk of written) native.write(this._id, chunk);
      this.#sent(body);
    } catch (thrown) {
      this.fail(hookError('proxyReq', thrown));
    }
  }

  /** The host by which the client knows this server, where redirects are rewritten to it. */
  _askedHost() {
    if (this._call.options.autoRewrite !== true) return undefined;
    const { headers } = this._req;
    return headers[':authority'] ?? headers.host;
  }

  #sent(body) {
    this._engine.flushSoon();
    this._letFlow();
    if (body !== undefined) return;
    const res = this._res;
    const source = this._source;
    // Whoever handles `checkContinue` leaves it to us to ask the client for its body.
    if (source === this._req && source.headers.expect !== undefined && res._sent100 === false)
      res.writeContinue();
    this._isUploading = true;
    const sink = this._mirror === null ? this : new Tee(this, this._mirror);
    this._upload = new RequestBody(source, sink, {
      prefix: this._prefix,
      waits: this.#waits,
      mostKept: this._call.redirects?.mostKept,
    });
    if (source !== this._req) this._upload.watchClose();
  }

  /** Sink of the request's body: the client's, and what listeners write to `proxyReq`. */
  write(chunk) {
    return this._engine.native.write(this._id, chunk);
  }

  finish(trailers) {
    this._isUploading = false;
    this._engine.native.finish(this._id, trailers.text, trailers.fields);
  }

  /** Whether `proxyReq.write()` still reaches the target. */
  get isSending() {
    return this._isUploading;
  }

  onWritable() {
    this._upload?.resume();
    this._proxyReq?.emit('drain');
  }

  /** `proxyRes.req`, for listeners that ask for it when nobody listens to `proxyReq`. */
  shownRequest() {
    if (this._proxyReq === null) {
      const { config, headers } = this._call;
      const head = packRequest(this._req, headers);
      const prepared = Engine.get().native.prepare(config.native, head.text, head.fields, head.overrides);
      this._proxyReq = new ProxyRequest(this, prepared, config.target);
      this._proxyReq.markSent();
      this._proxyReq.res = this._proxyRes;
    }
    return this._proxyReq;
  }
}

const BANG = 0x21;
/** On the options of a call: a function that writes a body which was read before the proxy could read it. */
const CONSUMED_BODY = Symbol('rs-proxy-middleware.consumed-body');

function joined(written, rest) {
  if (written.length === 0) return rest;
  return Buffer.concat(rest.length > 0 ? [...written, rest] : written);
}

module.exports = { CONSUMED_BODY, ExchangeRequest };
