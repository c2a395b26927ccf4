'use strict';

/**
 * What every stage of an exchange has: its state, who hears of what happens to it, and its ends. The stages build on one another
 * (`ExchangeLife` ← `ExchangeRequest` ← `ExchangeRedirect` ← `Exchange`), so one request costs one object; members that begin with `_` are theirs alone.
 */

const { cutResponse, unwatchClient, watchClient } = require('./client.js');
const { hookError, proxyError } = require('./errors.js');
const { callListeners } = require('./listeners.js');
const { takeBackHead } = require('./response-writer.js');
const { warnOnce } = require('./warning.js');

class ExchangeLife {
  /**
   * @param {import('node:events').EventEmitter} proxy
   * @param {import('node:http').IncomingMessage} req
   * @param {import('node:http').ServerResponse} res
   * @param {import('../proxy-server/call.js').Call} call
   */
  constructor(proxy, req, res, call) {
    this._proxy = proxy;
    this._req = req;
    this._res = res;
    this._call = call;
    this._engine = null;
    /** Its number while the engine works on it. */
    this._id = -1;
    /** The request's body, if all of it was there before it was sent. */
    this._body = undefined;
    /** Somebody had read the request's body before the first exchange could. */
    this._isConsumed = false;
    /** The request's body, if it is streamed; kept, because it may have to be sent again. */
    this._upload = null;
    this._isUploading = false;
    /** It has paused the client's request until its body can be sent. */
    this._holdsBody = false;
    this._isWatching = false;
    this._totalTimer = undefined;
    /** What an earlier exchange has read of the body that is streamed. */
    this._prefix = undefined;
    /** The earlier exchange for the same request. */
    this._predecessor = null;
    this._mirror = null;
    /** Where it goes, once its head has been prepared. */
    this._route = null;
    this._download = null;
    /** The passes have not been run on the response's head: listeners may come and go while it is waited for. */
    this._isHeadRaw = false;
    this._proxyReq = null;
    this._proxyRes = null;
    /** The reason and the fields of the response that were handed to `res`. */
    this._head = NO_HEAD;
    this._hasBegun = false;
    /** The whole response was handed to `res`. */
    this._isDelivered = false;
    /** A failure was delivered, or the client is served or gone: whatever still comes is of no interest. */
    this._isOver = false;
    this._onClientClose = () => this._clientClosed();
  }

  /**
   * Takes the response over, within `web()`. From an exchange that is over or that can yield, such as one whose `error` or `proxyRes`
   * listener calls `web()` again, the request's body and those who wait for its end are taken over, too.
   */
  claim() {
    const previous = this._res[ACTIVE];
    if (previous !== undefined && !previous._yieldTo(this)) return;
    this._res[ACTIVE] = this;
    // Somebody else reads the body, too, and would get to read what comes before this exchange begins.
    if (this._req.readableFlowing !== true) return;
    this._holdsBody = true;
    this._req.pause();
  }

  /** The request's body is read, or will not be. */
  _letFlow() {
    if (!this._holdsBody) return;
    this._holdsBody = false;
    this._req.resume();
  }

  /** Nothing more is expected of it: it has failed, or its client is served or gone. */
  get isOver() {
    return this._isOver;
  }

  /** The options of the call. */
  get options() {
    return this._call.options;
  }

  _yieldTo(successor) {
    if (!this._isOver) {
      const canYield = this._proxyRes !== null && this._head === NO_HEAD && !this._res.headersSent;
      if (!canYield) return false;
      this._upload?.hold();
      this._stop();
    }
    this._res.removeListener?.('close', this._onClientClose);
    unwatchClient(this._req, this._onClientClose);
    if (successor._req === this._req) successor._predecessor = this;
    this._call.followedBy(successor._call);
    return true;
  }

  /** Leaves the request to another exchange of the same call. */
  _replaceBy(next) {
    const mirror = this._mirror;
    this._mirror = null;
    this._upload?.hold();
    this._stop();
    this._res.removeListener?.('close', this._onClientClose);
    unwatchClient(this._req, this._onClientClose);
    next._predecessor = this;
    next._mirror = mirror;
    next._watch();
    this._res[ACTIVE] = next;
  }

  _watch() {
    if (this._isWatching) return;
    this._isWatching = true;
    watchClient(this._req, this._res, this._onClientClose);
  }

  /** Fails when the time that is left of `timeouts.total` is over: the engine's limit is one attempt's. */
  limitTotal(milliseconds) {
    const { total } = this._call.options.timeouts;
    const message = `The target has not answered completely within ${total} ms (option timeouts.total)`;
    this._totalTimer = setTimeout(() => {
      const phase = this._download === null ? 'head' : 'body';
      const error = proxyError('ERR_PROXY_TOTAL_TIMEOUT', message, 504, phase, 'upstream');
      this.fail(Object.assign(error, { timeout: 'total' }));
    }, milliseconds);
  }

  /** Makes sure that the client is there and nobody else answers it; gives `false` if there is nothing to do. */
  _engage() {
    const req = this._req;
    const res = this._res;
    // A request that was read to its end is destroyed, too, and may well be forwarded.
    if (res.destroyed || res.writableEnded || req.socket?.destroyed || (req.destroyed && !req.complete)) {
      this._settle();
      return false;
    }
    if (res[ACTIVE] !== this) {
      const message = 'Another proxy is answering this request already';
      throw proxyError('ERR_PROXY_ALREADY_ANSWERING', message, 500, 'accept', 'internal');
    }
    this._hasBegun = true;
    this._watch();
    if (res.headersSent) {
      const message = 'Cannot proxy a request whose response has begun';
      throw proxyError('ERR_HTTP_HEADERS_SENT', message, 500, 'accept', 'internal');
    }
    return true;
  }

  _clientClosed() {
    if (this._isOver || this._isDelivered || this._res.writableEnded) {
      this._settle();
      return;
    }
    const hadAnswer = this._download !== null;
    const error = proxyError('ECONNRESET', 'socket hang up', 499, 'send', 'client');
    this._mirror?.clientHasLeft();
    this._stop(error);
    if (!hadAnswer) this._emit('econnreset', [error, this._req, this._res, this._call.target]);
    this._settle();
  }

  // Who hears

  _hasListeners(event) {
    return this._proxy.listenerCount(event) > 0;
  }

  _emit(event, args) {
    if (!this._hasListeners(event)) return undefined;
    return callListeners(this._proxy, event, args, (error) => this._hookFailed(error));
  }

  _hookFailed(error) {
    if (this._isOver || this._isDelivered) this._guard(error);
    else this.fail(error);
  }

  /** Failures of what listens to failures: they must not leave the client without an answer. */
  _guard(error) {
    warnOnce(this._proxy, error);
    const res = this._res;
    // Whoever has called `web()` again has left the answer to it.
    if (res.writableEnded || this.isSuperseded) return;
    if (res.headersSent) cutResponse(this._req, res);
    else this._call.answer(error, res);
  }

  // Ends

  /**
   * Ends the exchange with an error, unless it is over.
   *
   * @param {import('./errors.js').ProxyError} error
   */
  fail(error) {
    if (this._isOver) return;
    const res = this._res;
    const isSelfHandled = this._proxyRes !== null && this._call.options.selfHandleResponse;
    const isTheirs = isSelfHandled || !this._hasBegun || res[ACTIVE] !== this;
    this._upload?.hold();
    this._stop(error);
    // Wrappers may not tell whether their head was sent.
    const hasAnswer = res.headersSent || this._download?.hasBegun === true;
    if (hasAnswer && !res.writableEnded && !isTheirs) cutResponse(this._req, res);
    else if (!hasAnswer && this._head !== NO_HEAD) takeBackHead(res, this._head, 1);
    this._call.fail(error, this._req, res, (thrown) => this._guard(thrown));
    // Those who wait for the promise are still to hear of it.
    if (this._upload !== null) setImmediate(() => this.isSuperseded || this._upload.letGo());
    this._mirror?.targetIsOver();
  }

  /** Another exchange answers by now. */
  get isSuperseded() {
    const active = this._res[ACTIVE];
    return active !== undefined && active !== this;
  }

  /** A facade was destroyed by a listener. */
  destroyedBy(_facade, error) {
    this.fail(error ?? proxyError('ECONNRESET', 'socket hang up', 502, 'send', 'internal'));
  }

  /** Stops everything on the engine's side. */
  _stop(error) {
    if (this._isOver) return;
    this._isOver = true;
    this._stopUpload();
    this._letFlow();
    clearTimeout(this._totalTimer);
    this._download?.abort();
    if (this._id >= 0) this._engine.native.abort(this._id);
    this._proxyReq?.closed(error);
    this._proxyRes?.closed(error);
  }

  _stopUpload() {
    this._isUploading = false;
    // A mirror has an exchange of its own, and gets what is still to come.
    if (this._mirror?.takeUpload(this._upload) !== true) this._upload?.stop();
  }

  /** Leaves the client to somebody else: nothing was written, and nothing will be. */
  _passOn() {
    this._upload?.hold();
    this._stop();
    this._res.removeListener?.('close', this._onClientClose);
    unwatchClient(this._req, this._onClientClose);
    this._call.settled(PASSED_ON);
    if (this._upload !== null) setImmediate(() => this.isSuperseded || this._upload.letGo());
    this._mirror?.targetIsOver();
  }

  _settle() {
    this._stop();
    this._call.settled();
    this._mirror?.targetIsOver();
  }

  /** The engine has sent the last completion, and all that was to be read is read. */
  _release() {
    if (this._id < 0) return;
    const id = this._id;
    this._id = -1;
    this._engine.release(id);
  }

  /** Ends the exchange with whatever a hook has thrown. */
  _failed(hook, thrown) {
    this.fail(hookError(hook, thrown));
  }
}

const NO_HEAD = [];
/** On a response: the exchange that answers it, or was the last to try. */
const ACTIVE = Symbol('rs-proxy-middleware.exchange');

/** On the options of a call: a function `(status, proxyRes, req)` that says whether to leave an answer to somebody else. */
const PASS_ON = Symbol('rs-proxy-middleware.pass-on');
/** What the promise of a call comes to that has done so. */
const PASSED_ON = Symbol('rs-proxy-middleware.passed-on');

module.exports = { ACTIVE, ExchangeLife, PASS_ON, PASSED_ON };
