'use strict';

const http = require('node:http');
const { callCaught, callListeners } = require('../bridge/listeners.js');
const { warnOnce } = require('../bridge/warning.js');
const { refuseUpgrade } = require('../bridge/refuse-upgrade.js');

/**
 * One call of `web()` or `ws()`: its options, and who hears of its end. In this order: the callback, the `error` listeners, whoever awaits
 * the promise; if there is nobody, the client gets a plain answer and the operator one warning.
 */
class Call {
  #proxy;
  #outcome;
  /** The calls whose `error` or `proxyRes` listener has made this one. */
  #predecessors = null;
  #isFollowed = false;

  /**
   * @param {import('node:events').EventEmitter} proxy
   * @param {Record<string, any>} options
   * @param {Function | undefined} callback
   * @param {import('../bridge/outcome.js').Outcome} outcome
   */
  constructor(proxy, options, callback, outcome) {
    this.#proxy = proxy;
    this.callback = callback;
    this.#outcome = outcome;
    this.options = options;
    /** @type {import('./config.js').Config | undefined} */
    this.config = undefined;
    /** Which target of a list is the first to be asked. */
    this.turn = 0;
    /** @type {import('./attempts.js').Attempts | undefined} if there may be more than one */
    this.attempts = undefined;
    /** @type {import('./redirects.js').Redirects | undefined} if they are followed */
    this.redirects = undefined;
    /** @type {import('./config.js').Config | undefined} that of the `forward` leg */
    this.forward = undefined;
    /** The `headers` option as it was when the request was begun: applications use one object for several calls. */
    this.headers = undefined;
    /** @type {import('../bridge/exchange.js').Exchange | undefined} the one that passes have begun */
    this.exchange = undefined;
  }

  /** The target as events show it. */
  get target() {
    const { target } = this.config ?? this.forward ?? this.options;
    return typeof target === 'function' ? undefined : target;
  }

  /** The options as events show them. */
  shownOptions() {
    const shown = { ...this.options, target: this.config.target };
    if (this.forward !== undefined) shown.forward = this.forward.target;
    return shown;
  }

  /** Of the options, which may be copies made for this call, a tunnel needs those for what may still fail. */
  tunnelBegun() {
    const { hookTimeout, throwOnUnhandledError } = this.options;
    this.options =
      hookTimeout > 0 || throwOnUnhandledError ? { hookTimeout, throwOnUnhandledError } : NO_OPTIONS;
  }

  /** Another call goes on with the same request: whoever waits for this one waits for that one. */
  followedBy(call) {
    this.#isFollowed = true;
    (call.#predecessors ??= []).push(this, ...(this.#predecessors ?? []));
  }

  /**
   * It is over; a failure was told before.
   *
   * @param {symbol} [how] what its promise comes to
   */
  settled(how) {
    this.attempts?.end();
    if (this.#isFollowed) return;
    this.#outcome.resolve(how);
    if (this.#predecessors !== null) for (const call of this.#predecessors) call.#outcome.resolve(how);
  }

  get #isAwaited() {
    return this.#outcome.isAwaited || this.#predecessors?.some((call) => call.#outcome.isAwaited) === true;
  }

  #reject(error) {
    for (const call of [this, ...(this.#predecessors ?? [])])
      if (call.#outcome.isAwaited) call.#outcome.reject(error);
  }

  /**
   * @param {Error} error
   * @param {object} req
   * @param {object} res the response, or the socket of an upgrade
   * @param {(error: Error) => void} guard is told what the callback or a listener throws
   */
  fail(error, req, res, guard) {
    if (!this.#tell([error, req, res, this.target], guard)) this.#failUnheard(error, res);
    this.settled();
  }

  /**
   * The same for an upgrade, whose listeners get no target.
   *
   * @param {Error} error
   * @param {object} req
   * @param {object} socket
   * @param {(error: Error) => void} guard
   */
  failUpgrade(error, req, socket, guard) {
    if (!this.#tell([error, req, socket], guard)) this.#failUnheard(error, socket);
  }

  #failUnheard(error, res) {
    if (this.#isAwaited) {
      this.#reject(error);
    } else if (this.options.throwOnUnhandledError) {
      throwLater(error);
    } else {
      warnOnce(this.#proxy, error);
      // A response that another proxy is giving is that one's to end.
      if (error.code !== 'ERR_PROXY_ALREADY_ANSWERING') this.answer(error, res);
    }
  }

  /** The mirror has failed. The client has its answer, and whoever waits for it knows. */
  failMirror(args, guard) {
    if (this.#tell(args, guard)) return;
    if (this.options.throwOnUnhandledError) throwLater(args[0]);
    else warnOnce(this.#proxy, args[0]);
  }

  /** Tells the callback or, if there is none, the `error` listeners; says whether there was anybody. */
  #tell(args, guard) {
    if (this.callback !== undefined) {
      callCaught(this.callback, undefined, 'callback', args, guard);
      return true;
    }
    const listeners = this.#proxy.rawListeners('error').filter((listener) => !listener[LAST_RESORT]);
    callListeners(this.#proxy, 'error', args, guard, listeners);
    return listeners.length > 0;
  }

  /** The answer for a client nobody else answers. */
  answer(error, res) {
    const status = error.status ?? 502;
    if (typeof res.setHeader !== 'function') {
      refuseUpgrade(res, status);
      return;
    }
    if (res.headersSent || res.writableEnded || res.destroyed) return;
    try {
      res.statusCode = status;
      res.setHeader('content-type', 'text/plain; charset=utf-8');
      res.end(`${res.statusCode} ${http.STATUS_CODES[res.statusCode] ?? 'Bad Gateway'}\n`);
    } catch {
      // A response that takes no answer gets no answer.
      res.destroy?.();
    }
  }
}

function throwLater(error) {
  process.nextTick(() => {
    throw error;
  });
}

const NO_OPTIONS = Object.freeze({});

/** On a listener: it does not handle errors, it is only there because the originals have one. */
const LAST_RESORT = Symbol('rs-proxy-middleware.last-resort');

module.exports = { Call, LAST_RESORT };
