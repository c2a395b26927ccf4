'use strict';

/**
 * One proxied request, from `web(req, res)` to its end: the order of things.
 *
 * Nothing is made for listeners that do not exist. Without any, the request's head crosses to the engine in one call, and its response comes
 * back with one completion (design.md §3).
 */

const { cutResponse, saysItsEnd, unwatchClient, watchClient } = require('./client.js');
const { Engine } = require('./engine.js');
const { hookError, proxyError, unpackError } = require('./errors.js');
const { packFields, packRequest, unpack } = require('./head-codec.js');
const { linger } = require('./linger.js');
const { callListeners, withinTime } = require('./listeners.js');
const { EMPTY, RequestBody, takeWhole } = require('./request-body.js');
const { ResponseBody } = require('./response-body.js');
const {
  canChunk,
  settleEdits,
  takeBackHead,
  writeHead,
  writeInterim,
  writeTrailers,
} = require('./response-writer.js');
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
  #engine = null;
  /** Its number while the engine works on it. */
  #id = -1;
  /** The request's body, while it is streamed. */
  #upload = null;
  #download = null;
  /** The passes have not been run on the response's head: listeners may come and go while it is waited for. */
  #isHeadRaw = false;
  #proxyReq = null;
  #proxyRes = null;
  /** The reason and the fields of the response that were handed to `res`. */
  #head = NO_HEAD;
  /** The whole response was handed to `res`. */
  #isDelivered = false;
  /** A failure was delivered, or the client is served or gone: whatever still comes is of no interest. */
  #isOver = false;

  /**
   * @param {import('../proxy-server/proxy-server.js').ProxyServer} proxy
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
    const req = this.#req;
    const res = this.#res;
    try {
      // A request that was read to its end is destroyed, too, and may well be forwarded.
      if (res.destroyed || res.writableEnded || req.socket?.destroyed || (req.destroyed && !req.complete)) {
        this.#settle();
        return;
      }
      if (res[ACTIVE] !== undefined) {
        const message = 'Another proxy is answering this request already';
        throw proxyError('ERR_PROXY_ALREADY_ANSWERING', message, 500, 'accept', 'internal');
      }
      res[ACTIVE] = this;
      watchClient(req, res, this.#onClientClose);
      if (res.headersSent) {
        const message = 'Cannot proxy a request whose response has begun';
        throw proxyError('ERR_HTTP_HEADERS_SENT', message, 500, 'accept', 'internal');
      }
      const { options, config } = this.#call;
      if (options.timeout > 0) req.socket?.setTimeout?.(options.timeout);
      const head = packRequest(req, options.headers);
      this.#engine = Engine.get();
      this.#id = this.#engine.register(this);
      if (this.#hasListeners('proxyReq')) {
        this.#showRequest(head);
        return;
      }
      const body = takeWhole(req);
      const { native } = this.#engine;
      native.submit(this.#id, config.native, head.text, head.fields, head.overrides, body, this.#flags(body));
      this.#sent(body);
    } catch (thrown) {
      this.fail(hookError('web', thrown));
    }
  }

  #hasListeners(event) {
    return this.#proxy.listenerCount(event) > 0;
  }

  #showsResponse() {
    return (
      this.#call.options.selfHandleResponse ||
      this.#hasListeners('proxyRes') ||
      this.#hasListeners('end') ||
      (this.#proxyReq !== null && this.#proxyReq.listenerCount('response') > 0)
    );
  }

  #flags(body) {
    const isPanic = this.#call.options[FAULT];
    this.#isHeadRaw = this.#showsResponse();
    return (body === undefined ? STREAMED : 0) | (this.#isHeadRaw ? RAW_HEAD : 0) | (isPanic ? PANIC : 0);
  }

  #onClientClose = () => {
    if (this.#isOver || this.#isDelivered || this.#res.writableEnded) {
      this.#settle();
      return;
    }
    const hadAnswer = this.#download !== null;
    const error = proxyError('ECONNRESET', 'socket hang up', 499, 'send', 'client');
    this.#stop(error);
    if (!hadAnswer) this.#emit('econnreset', [error, this.#req, this.#res, this.#call.config.target]);
    this.#settle();
  };

  // The request

  /** Shows the passed head to the `proxyReq` listeners before anything is sent. */
  #showRequest(head) {
    const { config, options } = this.#call;
    const prepared = this.#engine.native.prepare(config.native, head.text, head.fields, head.overrides);
    if (prepared.charCodeAt(0) === BANG) {
      this.fail(unpackError(prepared.slice(1)));
      return;
    }
    const facade = new ProxyRequest(this, unpack(prepared), config.target);
    this.#proxyReq = facade;
    const args = [facade, this.#req, this.#res, { ...options, target: config.target }];
    // http-proxy-3 gives the socket, too; it is only made for those who take it.
    if (this.#proxy.listeners('proxyReq').some((listener) => listener.length > 4)) args.push(facade.socket);
    const pending = this.#emit('proxyReq', args);
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
    if (this.#isOver) return;
    if (this.#res.writableEnded || this.#res.destroyed) {
      this.#stop();
      return;
    }
    const facade = this.#proxyReq;
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
    this.#engine.flushSoon();
    if (body !== undefined) return;
    const res = this.#res;
    // Whoever handles `checkContinue` leaves it to us to ask the client for its body.
    if (this.#req.headers.expect !== undefined && res._sent100 === false) res.writeContinue();
    this.#upload = new RequestBody(this.#req, this);
  }

  /** Sink of the request's body: the client's, and what listeners write to `proxyReq`. */
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

  // The response

  onInterim(status, text) {
    if (this.#isOver || this.#res.headersSent || this.#req.httpVersion === '1.0') return;
    try {
      writeInterim(this.#res, status, text);
    } catch {
      // Node refuses hints that it cannot validate; an interim response is optional, and the final one is still to come.
    }
  }

  onResponse(status, flags, text, body) {
    const download = new ResponseBody(this.#engine.native, this.#id, body);
    // With its whole body a response is an exchange's last completion.
    if (body !== undefined) {
      this.#engine.forget(this.#id);
      this.#id = -1;
    }
    if (this.#isOver) return;
    this.#download = download;
    try {
      if (this.#isHeadRaw || this.#showsResponse()) this.#showResponse(status, flags, text);
      else this.#answer(status, flags, unpack(text));
    } catch (thrown) {
      this.fail(hookError('proxyRes', thrown));
    }
  }

  /** The common case: nobody listens, the engine has run the passes. */
  #answer(status, flags, items) {
    const res = this.#res;
    // The application has answered in the meantime.
    if (res.headersSent || res.writableEnded) {
      this.#stop();
      return;
    }
    this.#head = items;
    writeHead(res, status, items[0], items, 1);
    this.#deliver(flags);
  }

  #deliver(flags) {
    const res = this.#res;
    const download = this.#download;
    const cutsUpload = this.#cutUpload(flags);
    if (!res.headersSent) {
      // A whole body is framed as its target framed it, so that the framing does not depend on how fast the bytes came.
      const isChunked = (flags & OPEN_ENDED) !== 0 && download.isWhole && canChunk(this.#req, res);
      if (isChunked && !res.hasHeader('content-length')) res.setHeader('transfer-encoding', 'chunked');
    }
    download.deliver(res, cutsUpload ? this.#req : null, () => this.#delivered());
  }

  /**
   * An answer that begins before its request was sent whole is the last one on the client's connection: when it is complete, it ends the
   * upload. Until then a target may answer what it reads. Says whether it is such an answer.
   */
  #cutUpload(flags) {
    const cuts = (flags & ENDS_CONNECTION) !== 0;
    if (cuts && this.#download.isWhole) this.#stopUpload();
    const endsClient = this.#req.httpVersionMajor === 1 && (cuts || isChunked10(this.#req));
    if (endsClient && !this.#res.headersSent) this.#res.setHeader('connection', 'close');
    return cuts;
  }

  /** Delivers a body that listeners read, too. */
  #pipe(facade, flags) {
    const cutsUpload = this.#cutUpload(flags);
    facade.pipe(this.#res, { end: !cutsUpload });
    if (cutsUpload) facade.once('end', () => linger(this.#req, () => this.#res.end()));
  }

  #delivered() {
    this.#isDelivered = true;
    if (this.#proxyRes !== null) {
      this.#proxyRes.bodyDelivered();
      this.#emit('end', [this.#req, this.#res, this.#proxyRes]);
    }
    if (!saysItsEnd(this.#res)) {
      unwatchClient(this.#req, this.#onClientClose);
      this.#settle();
    }
  }

  /** Shows the head as the target sent it, and runs the outgoing passes on what the listeners leave. */
  #showResponse(status, flags, text) {
    const res = this.#res;
    const facade = new ProxyResponse(this, this.#download, {
      status,
      text,
      isHttp10: (flags & HTTP10) !== 0,
    });
    this.#proxyRes = facade;
    this.#proxyReq?.responded(facade);
    this.#emit('proxyRes', [facade, this.#req, res]);
    if (this.#isOver) return;
    const emitEnd = () => this.#emit('end', [this.#req, res, facade]);
    if (this.#call.options.selfHandleResponse) {
      facade.once('end', emitEnd);
      return;
    }
    if (!res.headersSent) this.#passHead(facade, flags);
    if (res.writableEnded) {
      emitEnd();
      this.#stop();
    } else if (facade.isRead) {
      facade.once('end', emitEnd);
      this.#pipe(facade, flags);
    } else {
      this.#deliver(flags);
    }
  }

  #passHead(facade, flags) {
    const { text, fields } = facade.packHeaders();
    const status = Number(facade.statusCode);
    const isOpen = (flags & OPEN_ENDED) !== 0;
    const items = unpack(this.#engine.native.outgoing(text, fields, status, isOpen));
    if (items.length === 0) {
      const message =
        'Invalid character in header content: a proxyRes listener set a field that cannot be sent';
      throw proxyError('ERR_INVALID_CHAR', message, 502, 'head', 'internal');
    }
    this.#head = items;
    writeHead(this.#res, status, facade.statusMessage ?? '', items, 1);
    if (facade.isEdited) settleEdits(this.#res, facade.headers, this.#bodyLength(facade, isOpen));
  }

  /** The body's length, `undefined` if only its end will tell, `null` if there is no body: then the field says what there would be. */
  #bodyLength(facade, isOpen) {
    if (isOpen) return undefined;
    return this.#req.method === 'HEAD' ? null : (facade.declaredLength ?? null);
  }

  onReadable() {
    this.#download?.readable();
  }

  /** Trailers go out behind the body; what a listener reads may still be on its way. */
  #passTrailers(trailers) {
    const facade = this.#proxyRes;
    if (facade === null || !facade.isRead) writeTrailers(this.#res, trailers);
    else facade.prependOnceListener('end', () => writeTrailers(this.#res, trailers));
  }

  onEnd(trailers) {
    const download = this.#download;
    if (download === null) {
      this.#release();
      return;
    }
    this.#stopUpload();
    this.#proxyRes?.setTrailers(trailers);
    const isTheirs = this.#call.options.selfHandleResponse;
    if (trailers !== '' && !this.#isOver && !isTheirs) this.#passTrailers(trailers);
    download.end(() => this.#release());
  }

  // Ends

  onFailed(text) {
    const fail = () => {
      this.#release();
      this.fail(unpackError(text));
    };
    if (this.#download === null) {
      fail();
      return;
    }
    this.#stopUpload();
    this.#download.cut(fail);
  }

  /**
   * Ends the exchange with an error, unless it is over.
   *
   * @param {import('./errors.js').ProxyError} error
   */
  fail(error) {
    if (this.#isOver) return;
    const isTheirs =
      (this.#proxyRes !== null && this.#call.options.selfHandleResponse) || this.#res[ACTIVE] !== this;
    this.#stop(error);
    const res = this.#res;
    // Wrappers may not tell whether their head was sent.
    const hasBegun = res.headersSent || this.#download?.hasBegun === true;
    if (hasBegun && !res.writableEnded && !isTheirs) cutResponse(this.#req, res);
    else if (!hasBegun && this.#head !== NO_HEAD) takeBackHead(res, this.#head, 1);
    this.#call.fail(error, this.#req, res, this.#guard);
  }

  /** A facade was destroyed by a listener. */
  destroyedBy(_facade, error) {
    this.fail(error ?? proxyError('ECONNRESET', 'socket hang up', 502, 'send', 'internal'));
  }

  #emit(event, args) {
    return this.#hasListeners(event) ? callListeners(this.#proxy, event, args, this.#hookFailed) : undefined;
  }

  #hookFailed = (error) => {
    if (this.#isOver || this.#isDelivered) this.#guard(error);
    else this.fail(error);
  };

  /** Failures of what listens to failures: they must not leave the client without an answer. */
  #guard = (error) => {
    this.#proxy.warn(error);
    const res = this.#res;
    if (res.writableEnded) return;
    if (res.headersSent) cutResponse(this.#req, res);
    else this.#call.answer(error, res);
  };

  /** Stops everything on the engine's side. */
  #stop(error) {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#res[ACTIVE] === this) this.#res[ACTIVE] = undefined;
    this.#stopUpload();
    this.#download?.abort();
    if (this.#id >= 0) this.#engine.native.abort(this.#id);
    this.#proxyReq?.closed(error);
    this.#proxyRes?.closed(error);
  }

  #stopUpload() {
    this.#upload?.stop();
    this.#upload = null;
  }

  #settle() {
    this.#stop();
    this.#call.settled();
  }

  /** The engine has sent the last completion, and all that was to be read is read. */
  #release() {
    if (this.#id < 0) return;
    const id = this.#id;
    this.#id = -1;
    this.#engine.release(id);
  }
}

const NO_HEAD = [];
const BANG = 0x21;
/** On a response: the exchange that answers it. */
const ACTIVE = Symbol('rs-proxy-middleware.exchange');
/** Set by the tests of what a panic does; the engine must be built for it. */
const FAULT = Symbol.for('rs-proxy-middleware.fault');

/** HTTP/1.0 has no chunks: such a client's connection cannot be trusted any further (RFC 9112 §6.1). */
function isChunked10(req) {
  return req.httpVersion === '1.0' && req.headers['transfer-encoding'] !== undefined;
}

function joined(written, rest) {
  if (written.length === 0) return rest;
  return Buffer.concat(rest.length > 0 ? [...written, rest] : written);
}

module.exports = { Exchange };
