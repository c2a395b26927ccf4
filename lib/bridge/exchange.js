'use strict';

/**
 * One proxied request, from `web(req, res)` to its end. Here is the response's way: from the engine to the client, past the `proxyRes`
 * listeners if there are any. Without listeners a response comes with one completion.
 */

const { saysItsEnd, unwatchClient } = require('./client.js');
const { proxyError } = require('./errors.js');
const { PASS_ON } = require('./exchange-life.js');
const { ExchangeRedirect } = require('./exchange-redirect.js');
const { unpack } = require('./head-codec.js');
const { linger } = require('./linger.js');
const { withinTime } = require('./listeners.js');
const { ResponseBody } = require('./response-body.js');
const { canChunk, settleEdits, writeHead, writeInterim, writeTrailers } = require('./response-writer.js');
const { ProxyResponse } = require('../facades/proxy-response.js');

// What a response is; the same numbers stand in src/binding/completion.rs.
const OPEN_ENDED = 2;
const ENDS_CONNECTION = 4;
const HTTP10 = 8;
const HTTP2 = 16;

class Exchange extends ExchangeRedirect {
  /** The response's head waits for asynchronous listeners. */
  #isHeld = false;
  /** Trailers that have come meanwhile. */
  #heldTrailers = '';

  _showsResponse() {
    return (
      this._call.options.selfHandleResponse ||
      this._hasListeners('proxyRes') ||
      this._hasListeners('end') ||
      this._call.options[PASS_ON] !== undefined ||
      this._call.redirects !== undefined ||
      (this._proxyReq !== null && this._proxyReq.listenerCount('response') > 0)
    );
  }

  onInterim(status, text) {
    if (this._isOver || this._res.headersSent || this._req.httpVersion === '1.0') return;
    try {
      writeInterim(this._res, status, text);
    } catch {
      // Node refuses hints that it cannot validate; an interim response is optional, and the final one is still to come.
    }
  }

  onResponse(status, flags, text, body) {
    const download = new ResponseBody(this._engine.native, this._id, body);
    // With its whole body a response is an exchange's last completion.
    if (body !== undefined) {
      this._engine.forget(this._id);
      this._id = -1;
    }
    if (this._isOver) return;
    if (this._call.attempts?.afterStatus(status, this._method, this._engine.inFlight)) {
      if (this._tryAgain(true)) return;
    }
    if (this._call.redirects !== undefined && this._follow(status, text)) return;
    this._download = download;
    try {
      if (this._isHeadRaw || this._showsResponse()) this.#showResponse(status, flags, text);
      else this.#answer(status, flags, unpack(text));
    } catch (thrown) {
      this._failed('proxyRes', thrown);
    }
  }

  /** The common case: nobody listens, the engine has run the passes. */
  #answer(status, flags, items) {
    const res = this._res;
    // The application has answered in the meantime.
    if (res.headersSent || res.writableEnded) {
      this._stop();
      return;
    }
    this._head = items;
    writeHead(res, status, items[0], items, 1);
    this.#deliver(flags);
  }

  #deliver(flags) {
    const res = this._res;
    const download = this._download;
    const cutsUpload = this.#cutUpload(flags);
    if (!res.headersSent) {
      // A whole body is framed as its target framed it, so that the framing does not depend on how fast the bytes came.
      const isChunked = (flags & OPEN_ENDED) !== 0 && download.isWhole && canChunk(this._req, res);
      if (isChunked && !res.hasHeader('content-length')) res.setHeader('transfer-encoding', 'chunked');
    }
    if (this.#heldTrailers !== '') {
      res.flushHeaders?.();
      writeTrailers(res, this.#heldTrailers);
    }
    download.deliver(res, cutsUpload ? this._req : null, () => this.#delivered());
  }

  /**
   * An answer that begins before its request was sent whole is the last one on the client's connection: when it is complete, it ends the
   * upload. Until then a target may answer what it reads. Says whether it is such an answer.
   */
  #cutUpload(flags) {
    const cuts = (flags & ENDS_CONNECTION) !== 0;
    if (cuts && this._download.isWhole) this._stopUpload();
    // What another stream still had to give is not on the client's connection.
    const cutsClient = cuts && this._source === this._req;
    const endsClient = this._req.httpVersionMajor === 1 && (cutsClient || isChunked10(this._req));
    if (endsClient && !this._res.headersSent) this._res.setHeader('connection', 'close');
    return cutsClient;
  }

  /** Delivers a body that listeners read, too. */
  #pipe(facade, flags) {
    const cutsUpload = this.#cutUpload(flags);
    const { outlet } = facade;
    if (this.#heldTrailers !== '') this.#passTrailers(this.#heldTrailers);
    outlet.pipe(this._res, { end: !cutsUpload });
    if (cutsUpload) outlet.once('end', () => linger(this._req, () => this._res.end()));
  }

  #delivered() {
    this._isDelivered = true;
    if (this._proxyRes !== null) {
      this._proxyRes.bodyDelivered();
      this._emit('end', [this._req, this._res, this._proxyRes]);
    }
    if (!saysItsEnd(this._res)) {
      unwatchClient(this._req, this._onClientClose);
      this._settle();
    }
  }

  /** Shows the head as the target sent it, and runs the outgoing passes on what the listeners leave. */
  #showResponse(status, flags, text) {
    const res = this._res;
    const facade = new ProxyResponse(this, this._download, {
      status,
      text,
      version: versionOf(flags),
    });
    this._proxyRes = facade;
    const { redirects } = this._call;
    if (redirects !== undefined) Object.assign(facade, redirects.shown(this._route, this._proxyReq));
    if (this._call.options[PASS_ON]?.(status, facade, this._req)) {
      this._passOn();
      return;
    }
    this._proxyReq?.responded(facade);
    const pending = this._emit('proxyRes', [facade, this._req, res]);
    const { hookTimeout, selfHandleResponse } = this._call.options;
    if (pending === undefined || !(hookTimeout > 0) || selfHandleResponse) this.#passResponse(facade, flags);
    else this.#awaitHooks(facade, flags, pending, hookTimeout);
  }

  /** Lets the head go when the listeners have settled, or when one of them reads the body: what it reads, the client gets, too. */
  #awaitHooks(facade, flags, pending, milliseconds) {
    this.#isHeld = true;
    const goOn = () => {
      if (!this.#isHeld) return;
      this.#isHeld = false;
      try {
        this.#passResponse(facade, flags);
      } catch (thrown) {
        this._failed('proxyRes', thrown);
      }
    };
    facade.onceRead(goOn);
    withinTime('proxyRes', pending, milliseconds).then(goOn, (error) => {
      if (this.#isHeld) this.fail(error);
    });
  }

  /** Goes on with a response whose listeners were called. */
  #passResponse(facade, flags) {
    const res = this._res;
    if (this._isOver) return;
    const emitEnd = () => this._emit('end', [this._req, res, facade]);
    if (this._call.options.selfHandleResponse) {
      facade.once('end', emitEnd);
      return;
    }
    if (!res.headersSent) this.#passHead(facade, flags);
    if (res.writableEnded) {
      emitEnd();
      this._stop();
    } else if (facade.isRead) {
      facade.once('end', emitEnd);
      this.#pipe(facade, flags);
    } else {
      this.#deliver(flags);
    }
  }

  #passHead(facade, flags) {
    const { config, options } = this._call;
    const { text, fields } = facade.packHeaders(options.preserveHeaderKeyCase === true);
    const status = Number(facade.statusCode);
    const isOpen = (flags & OPEN_ENDED) !== 0;
    const host = this._askedHost();
    const { native } = this._engine;
    // Names that a listener wrote stay as it wrote them; Node has lower-cased the target's.
    const items = unpack(native.outgoing(text, fields, status, isOpen, config.native, host, facade.isEdited));
    if (items.length === 0) {
      const message =
        'Invalid character in header content: a proxyRes listener set a field that cannot be sent';
      throw proxyError('ERR_INVALID_CHAR', message, 502, 'head', 'internal');
    }
    this._head = items;
    writeHead(this._res, status, facade.statusMessage ?? '', items, 1);
    if (facade.isEdited) settleEdits(this._res, facade.headers, this.#bodyLength(facade, isOpen));
  }

  /** The body's length, `undefined` if only its end will tell, `null` if there is no body: then the field says what there would be. */
  #bodyLength(facade, isOpen) {
    if (isOpen) return undefined;
    return this._req.method === 'HEAD' ? null : (facade.declaredLength ?? null);
  }

  onReadable() {
    this._proxyReq?.touch();
    this._download?.readable();
  }

  /** Trailers go out behind the body; what a listener reads may still be on its way. */
  #passTrailers(trailers) {
    const facade = this._proxyRes;
    if (facade === null || !facade.isRead) writeTrailers(this._res, trailers);
    else facade.prependOnceListener('end', () => writeTrailers(this._res, trailers));
  }

  onEnd(trailers) {
    const download = this._download;
    if (download === null) {
      this._release();
      return;
    }
    this._stopUpload();
    this._proxyRes?.setTrailers(trailers);
    const isTheirs = this._call.options.selfHandleResponse;
    if (this.#isHeld) this.#heldTrailers = trailers;
    else if (trailers !== '' && !this._isOver && !isTheirs) this.#passTrailers(trailers);
    download.end(() => this._release());
  }

  onFailed(error) {
    const fail = () => {
      this._release();
      this.fail(error);
    };
    if (this._download !== null) {
      this._stopUpload();
      this._download.cut(fail);
    } else if (
      this.#mayTryAgain(error) &&
      this._tryAgain(error.phase !== 'connect' && error.phase !== 'tls')
    ) {
      this._release();
    } else {
      fail();
    }
  }

  #mayTryAgain(error) {
    if (this._isOver) return false;
    return this._call.attempts?.afterFailure(error, this._method, this._engine.inFlight) === true;
  }
}

/** The version that the target spoke. */
function versionOf(flags) {
  if ((flags & HTTP2) !== 0) return '2.0';
  return (flags & HTTP10) !== 0 ? '1.0' : '1.1';
}

/** HTTP/1.0 has no chunks: such a client's connection cannot be trusted any further (RFC 9112 §6.1). */
function isChunked10(req) {
  return req.httpVersion === '1.0' && req.headers['transfer-encoding'] !== undefined;
}

module.exports = { Exchange };
