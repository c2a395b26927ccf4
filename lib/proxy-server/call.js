'use strict';

const { callCaught, callListeners } = require('../bridge/listeners.js');

/**
 * One call of `web()`: its options, and who hears of its end. In this order: the callback, the `error` listeners, whoever awaits the
 * promise; if there is nobody, the client gets a plain answer and the operator one warning.
 */
class Call {
  #proxy;
  #callback;
  #outcome;

  /**
   * @param {import('./proxy-server.js').ProxyServer} proxy
   * @param {Record<string, any>} options
   * @param {Function | undefined} callback
   * @param {import('../bridge/outcome.js').Outcome} outcome
   */
  constructor(proxy, options, callback, outcome) {
    this.#proxy = proxy;
    this.#callback = callback;
    this.#outcome = outcome;
    this.options = options;
    /** @type {import('./config.js').Config | undefined} */
    this.config = undefined;
  }

  /** It is over; a failure was told before. */
  settled() {
    this.#outcome.resolve();
  }

  /**
   * @param {Error} error
   * @param {object} req
   * @param {object} res
   * @param {(error: Error) => void} guard is told what the callback or a listener throws
   */
  fail(error, req, res, guard) {
    const args = [error, req, res, this.config?.target ?? this.options.target];
    if (this.#callback !== undefined) {
      callCaught(this.#callback, undefined, 'callback', args, guard);
    } else if (this.#proxy.listenerCount('error') > 0) {
      callListeners(this.#proxy, 'error', args, guard);
    } else if (this.#outcome.isAwaited) {
      this.#outcome.reject(error);
    } else if (this.options.throwOnUnhandledError) {
      process.nextTick(() => {
        throw error;
      });
    } else {
      this.#proxy.warn(error);
      // A response that another proxy is giving is that one's to end.
      if (error.code !== 'ERR_PROXY_ALREADY_ANSWERING') this.answer(error, res);
    }
    this.#outcome.resolve();
  }

  /** The answer for a client nobody else answers. */
  answer(error, res) {
    if (res.headersSent || res.writableEnded || res.destroyed) return;
    try {
      res.statusCode = error.status ?? 502;
      res.setHeader('content-type', 'text/plain; charset=utf-8');
      res.end(`${res.statusCode} ${REASONS[res.statusCode] ?? 'Bad Gateway'}\n`);
    } catch {
      // A response that takes no answer gets no answer.
      res.destroy?.();
    }
  }
}

const REASONS = require('node:http').STATUS_CODES;

module.exports = { Call };
