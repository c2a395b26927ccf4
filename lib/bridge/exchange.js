'use strict';

/**
 * One proxied request, from `web(req, res)` to its end: the order of things.
 *
 * Nothing is made for listeners that do not exist. Without any, the request's head crosses to the engine in one call, and its response comes
 * back with one completion (design.md §3).
 */

const { Engine } = require('./engine.js');
const { hookError, proxyError, unpackError } = require('./errors.js');
const { packFields, packRequest, unpack } = require('./head-codec.js');
const { callListeners, withinTime } = require('./listeners.js');
const { EMPTY, RequestBody, takeWhole } = require('./request-body.js');
const { ResponseBody } = require('./response-body.js');
const { canChunk, writeHead, writeInterim, writeTrailers } = require('./response-writer.js');
const { ProxyRequest } = require('../facades/proxy-request.js');
const { ProxyResponse } = require('../facades/proxy-response.js');

// How an exchange crosses; the same numbers stand in src/binding/engine.rs.
const STREAMED = 1;
const RAW_HEAD = 2;
const PANIC = 4;
// What a response is; the same numbers stand in src/binding/completion.rs.
const OPEN_ENDED = 2;
const ENDS_CONNECTION = 4;
const HTTP10 = 8;

class Exchange {
  #proxy;
  #req;
  #res;
  #call;
  #engine;
  #id = -1;
  /** The request's body, while it is streamed. */
  #upload = null;
  /** The response's body, while it is streamed. */
  #download = null;
  #proxyReq = null;
  #proxyRes = null;
  #hasAnswer = false;
  /** A failure was delivered, or the client was answered, or is gone. */
  #isOver = false;

  /**
   * @param {import('../proxy-server/proxy-server.js')} proxy
   * @param {import('node:http').IncomingMessage} req
   * @param {import('node:http').ServerResponse} res
   * @param {import('../proxy-server/call.js').Call} call
   */
  constructor(proxy, req, res, call) {
    this.#proxy = proxy;
    this.#req = req;
    this.#res = res;
    this.#call = call;
  }

  /** Begins, a tick after `web()`: until then listeners may be added, and a small request body has arrived whole. */
  begin() {
    const res = this.#res;
    try {
      if (res.destroyed || res.writableEnded) return this.#settle();
      this.#watchClient();
      if (res.headersSent) {
        const message = 'Cannot proxy a request whose response has begun';
        return this.fail(proxyError('ERR_HTTP_HEADERS_SENT', message, 500, 'accept', 'internal'));
      }
      const { options, config } = this.#call;
      if (options.timeout > 0) this.#req.socket?.setTimeout?.(options.timeout);
      const head = packRequest(this.#req, options.headers);
      this.#engine = Engine.get();
      this.#id = this.#engine.register(this);
      if (this.#proxy.listenerCount('proxyReq') > 0) return this.#showRequest(head);
      const body = takeWhole(this.#req);
      const { native } = this.#engine;
      native.submit(this.#id, config.native, head.text, head.fields, head.overrides, body, this.#flags(body));
      return this.#sent(body);
    } catch (thrown) {
      return this.fail(hookError('web', thrown));
    }
  }

  #flags(body) {
    const { options } = this.#call;
    const wantsRaw = options.selfHandleResponse || this.#hasListeners('proxyRes') || this.#hasListeners('end');
    return (body === undefined ? STREAMED : 0) | (wantsRaw ? RAW_HEAD : 0) | (options[FAULT] ? PANIC : 0);
  }

  #hasListeners(event) {
    return this.#proxy.listenerCount(event) > 0;
  }

  /** The one listener per request: whoever leaves before the end aborts what is done for them. */
  #watchClient() {
    const res = this.#res;
    const onClose = () => {
      if (!this.#isOver && !res.writableFinished) this.#clientGone();
      else this.#settle();
    };
    res.on('close', onClose);
    // A response that is none of Node's may never say that it was closed; its connection does.
    const socket = this.#req.socket;
    if (res.writableFinished === undefined && typeof socket?.on === 'function') {
      socket.on('close', onClose);
      res.on('finish', () => {
        socket.removeListener('close', onClose);
        this.#settle();
      });
    }
  }

  #clientGone() {
    const hadAnswer = this.#hasAnswer;
    const error = proxyError('ECONNRESET', 'socket hang up', 499, 'send', 'client');
    this.#giveUp(error);
    if (!hadAnswer) this.#emit('econnreset', [error, this.#req, this.#res, this.#call.config?.target]);
    this.#settle();
  }

  // The request

  /** Shows the passed head to the `proxyReq` listeners before anything is sent. */
  #showRequest(head) {
    const { config, options } = this.#call;
    const prepared = this.#engine.native.prepare(config.native, head.text, head.fields, head.overrides);
    if (prepared.charCodeAt(0) === BANG) return this.fail(unpackError(prepared.slice(1)));
    const facade = new ProxyRequest(this, unpack(prepared), config.target);
    this.#proxyReq = facade;
    const merged = { ...options, target: config.target };
    const args = [facade, this.#req, this.#res, merged];
    // http-proxy-3 gives the socket, too; it is only made for those who take it.
    if (this.#proxy.listeners('proxyReq').some((listener) => listener.length > 4)) args.push(facade.socket);
    const pending = this.#emit('proxyReq', args);
    if (pending === undefined || !(options.hookTimeout > 0)) return this.#sendShown();
    const waiting = withinTime('proxyReq', pending, options.hookTimeout);
    return waiting.then(
      () => this.#sendShown(),
      (error) => this.fail(error),
    );
  }

  #sendShown() {
    const facade = this.#proxyReq;
    // A listener may have answered, failed, or destroyed the request; waiting for it, the client may have left.
    if (this.#isOver) return;
    const res = this.#res;
    if (res.writableEnded || res.destroyed) return void this.#giveUp();
    try {
      const rest = facade.writableEnded ? EMPTY : takeWhole(this.#req);
      const written = facade.takeWritten();
      const body = rest === undefined ? undefined : joined(written, rest);
      const head = packFields(`${facade.method}\n${facade.path}\n`, facade.getRawHeaderMap());
      facade.markSent();
      const { native } = this.#engine;
      native.resume(this.#id, this.#call.config.native, head.text, head.fields, body, this.#flags(body));
      if (body === undefined) for (const chunk of written) native.write(this.#id, chunk);
      this.#sent(body);
    } catch (thrown) {
      this.fail(hookError('proxyReq', thrown));
    }
  }

  #sent(body) {
    const res = this.#res;
    // Whoever handles `checkContinue` leaves it to us to ask the client for its body.
    if (body === undefined && this.#req.headers.expect !== undefined && res._sent100 === false) res.writeContinue();
    if (body === undefined) this.#upload = new RequestBody(this.#req, this);
  }

  /** RequestBody's and ProxyRequest's sink. */
  write(chunk) {
    return this.#engine.native.write(this.#id, chunk);
  }

  finish(trailers) {
    this.#upload = null;
    this.#engine.native.finish(this.#id, trailers.text, trailers.fields);
  }

  /** Whether `proxyReq.write()` still reaches the target. */
  get isSending() {
    return this.#upload !== null;
  }

  onWritable() {
    this.#upload?.resume();
    this.#proxyReq?.emit('drain');
  }

  // The response

  onInterim(status, text) {
    if (this.#isOver || this.#res.headersSent || this.#req.httpVersionMinor === 0) return;
    try {
      writeInterim(this.#res, status, text);
    } catch {
      // Node refuses hints that it cannot validate; an interim response is optional, and the final one is still to come.
    }
  }

  onResponse(status, flags, text, body) {
    const download = new ResponseBody(this.#engine.native, this.#id, body);
    // With its whole body a response is an exchange's last completion.
    if (body !== undefined) this.#releaseEngine();
    if (this.#isOver) return;
    this.#hasAnswer = true;
    this.#download = download;
    try {
      if (this.#flags(EMPTY) & RAW_HEAD) this.#showResponse(download, status, flags, text);
      else this.#answer(download, status, unpack(text), flags);
    } catch (thrown) {
      this.fail(hookError('proxyRes', thrown));
    }
  }

  /** The common case: nobody listens, the head was passed by the engine. */
  #answer(download, status, items, flags) {
    const res = this.#res;
    // The application has answered in the meantime.
    if (res.headersSent || res.writableEnded) return this.#giveUp();
    writeHead(res, status, items[0], items, 1);
    return this.#deliver(download, flags);
  }

  #deliver(download, flags) {
    const res = this.#res;
    const cutsUpload = (flags & ENDS_CONNECTION) !== 0;
    if (!res.headersSent) {
      if ((flags & OPEN_ENDED) !== 0 && download.isWhole && canChunk(this.#req, res)) {
        // As its target framed it, whether the end has come with the head or not.
        if (!res.hasHeader('content-length')) res.setHeader('transfer-encoding', 'chunked');
      }
      if (cutsUpload && this.#req.httpVersionMajor === 1) res.setHeader('connection', 'close');
    }
    if (cutsUpload) this.#stopUpload();
    download.deliver(res, cutsUpload ? this.#req : null, () => this.#delivered());
  }

  #delivered() {
    this.#proxyRes?.bodyDelivered();
    if (this.#proxyRes !== null) this.#emit('end', [this.#req, this.#res, this.#proxyRes]);
  }

  /** Shows the head as the target sent it, and runs the outgoing passes on what the listeners leave. */
  #showResponse(download, status, flags, text) {
    const { options } = this.#call;
    const facade = new ProxyResponse(this, download, { status, text, isHttp10: (flags & HTTP10) !== 0 });
    this.#proxyRes = facade;
    this.#proxyReq?.responded(facade);
    this.#emit('proxyRes', [facade, this.#req, this.#res]);
    if (this.#isOver) return;
    const res = this.#res;
    if (options.selfHandleResponse) {
      facade.once('end', () => this.#emit('end', [this.#req, res, facade]));
      return;
    }
    if (!res.headersSent) this.#passHead(facade, flags);
    if (res.writableEnded) {
      this.#emit('end', [this.#req, res, facade]);
      this.#giveUp();
      return;
    }
    if (!facade.isRead) {
      this.#deliver(download, flags);
      return;
    }
    facade.once('end', () => this.#emit('end', [this.#req, res, facade]));
    facade.pipe(res);
  }

  #passHead(facade, flags) {
    const { text, fields } = facade.packHeaders();
    const status = Number(facade.statusCode);
    const isOpen = (flags & OPEN_ENDED) !== 0;
    const passed = unpack(this.#engine.native.outgoing(text, fields, status, isOpen));
    if (passed.length === 0) {
      const message = 'Invalid character in header content: a proxyRes listener set a field that cannot be sent';
      throw proxyError('ERR_INVALID_CHAR', message, 502, 'head', 'internal');
    }
    writeHead(this.#res, status, facade.statusMessage ?? '', passed, 1);
  }

  /** `proxyRes.req`, for listeners that ask for it when nobody listens to `proxyReq`. */
  shownRequest() {
    if (this.#proxyReq === null) {
      const { config, options } = this.#call;
      const head = packRequest(this.#req, options.headers);
      const prepared = Engine.get().native.prepare(config.native, head.text, head.fields, head.overrides);
      this.#proxyReq = new ProxyRequest(this, unpack(prepared), config.target);
      this.#proxyReq.markSent();
    }
    return this.#proxyReq;
  }

  onReadable() {
    this.#download?.readable();
  }

  onEnd(trailers) {
    const download = this.#download;
    if (download === null) return this.#releaseEngine();
    this.#proxyRes?.setTrailers(trailers);
    if (trailers !== '' && !this.#isOver) writeTrailers(this.#res, trailers);
    return download.end(() => this.#releaseEngine());
  }

  // Failures

  onFailed(text) {
    const error = unpackError(text);
    this.#releaseEngine();
    if (!this.#isOver) this.fail(error);
  }

  /**
   * Ends the exchange with an error: a callback, the `error` listeners, whoever awaits the promise, or else a plain answer of our own.
   *
   * @param {import('./errors.js').ProxyError} error
   */
  fail(error) {
    if (this.#isOver) return;
    const isSelfHandled = this.#proxyRes !== null && this.#call.options.selfHandleResponse;
    this.#giveUp(error);
    const res = this.#res;
    // A response that was begun cannot be finished: its client must not take the half for the whole.
    if (res.headersSent && !res.writableEnded && !isSelfHandled) res.destroy?.();
    this.#call.fail(error, this.#req, res, this.#guard);
  }

  /** What a listener of a failure does wrong must not leave the client without an answer. */
  #guard = (error) => {
    this.#proxy.warn(error);
    const res = this.#res;
    if (res.writableEnded) return;
    if (res.headersSent) res.destroy?.();
    else this.#call.answer(error, res);
  };

  #emit(event, args) {
    if (!this.#hasListeners(event)) return undefined;
    return callListeners(this.#proxy, event, args, (error) => this.#hookFailed(error));
  }

  #hookFailed(error) {
    if (this.#isOver) this.#guard(error);
    else this.fail(error);
  }

  /** Stops everything on the engine's side. */
  #giveUp(error) {
    this.#isOver = true;
    this.#stopUpload();
    this.#download?.abort();
    if (this.#engine !== undefined && this.#id >= 0) this.#engine.native.abort(this.#id);
    this.#proxyReq?.closed(error);
    this.#proxyRes?.closed(error);
    this.#call.settled();
  }

  #stopUpload() {
    this.#upload?.stop();
    this.#upload = null;
  }

  #releaseEngine() {
    if (this.#id < 0) return;
    const id = this.#id;
    this.#id = -1;
    this.#engine.native.release(id);
    this.#engine.release(id);
  }

  /** The client has its answer, or is gone. */
  #settle() {
    this.#giveUp();
  }

  /** A facade was destroyed by a listener. */
  destroyedBy(facade, error) {
    if (this.#isOver) return;
    if (facade === this.#proxyRes && this.#res.headersSent) this.#res.destroy?.();
    this.fail(error ?? proxyError('ECONNRESET', 'socket hang up', 502, 'send', 'internal'));
  }
}

const BANG = 0x21;
/** Set by the tests of what a panic does; the engine must be built for it. */
const FAULT = Symbol.for('rs-proxy-middleware.fault');

function joined(written, rest) {
  if (written.length === 0) return rest;
  return Buffer.concat(rest.length > 0 ? [...written, rest] : written);
}

module.exports = { Exchange };
