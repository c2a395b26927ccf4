'use strict';

/**
 * `createProxyServer`: one face for the users of http-proxy, http-proxy-3 and httpxy.
 */

const { EventEmitter } = require('node:events');
const { stats } = require('../bridge/engine.js');
const { hookError, proxyError } = require('../bridge/errors.js');
const { Exchange } = require('../bridge/exchange.js');
const { callListeners } = require('../bridge/listeners.js');
const { Outcome } = require('../bridge/outcome.js');
const { webArguments } = require('./arguments.js');
const { Call } = require('./call.js');
const { ConfigMemo } = require('./config.js');
const { checkOptions } = require('./options.js');

class ProxyServer extends EventEmitter {
  #hasWarned = false;
  #configs = new ConfigMemo();

  /** @param {import('../../index.js').ServerOptions} [options] kept by reference; may be edited at any time */
  constructor(options) {
    super();
    this.options = options ?? {};
    checkOptions(this.options);
    if (this.options.target !== undefined && this.options.target !== null) this.#configs.of(this.options);
    // An own property, callable without its object, and replaceable: users do all three.
    this.web = (req, res, ...rest) => this.#web(req, res, rest);
  }

  #web(req, res, rest) {
    const { options, callback } = webArguments(rest);
    checkOptions(options ?? this.options);
    const outcome = new Outcome();
    const call = new Call(
      this,
      options === undefined ? this.options : { ...this.options, ...options },
      callback,
      outcome,
    );
    const exchange = new Exchange(this, req, res, call);
    const { target } = call.options;
    if (target === undefined || target === null) {
      const error = proxyError(
        'ERR_PROXY_NO_TARGET',
        'Must set target or forward',
        500,
        'accept',
        'internal',
      );
      process.nextTick(() => exchange.fail(error));
      return outcome;
    }
    call.config = this.#configs.of(call.options);
    let isRefused = false;
    if (this.listenerCount('start') > 0) {
      callListeners(this, 'start', [req, res, call.config.target], (error) => {
        isRefused = true;
        exchange.fail(hookError('start', error));
      });
    }
    if (!isRefused) process.nextTick(begin, exchange);
    return outcome;
  }

  /** What is open now, and what has happened since the engine of this thread was started. */
  stats() {
    return stats();
  }

  /** Tells the operator, once, of failures that nobody listens to. */
  warn(error) {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const detail = `${error.code ?? error.name}: ${error.message}. Listen to the error event to answer such requests yourself; this is said once.`;
    process.emitWarning(`A proxied request failed and nobody handled it: ${detail}`, {
      type: 'ProxyWarning',
      code: 'RS_PROXY_UNHANDLED',
    });
  }
}

function begin(exchange) {
  exchange.begin();
}

/**
 * Makes a proxy. Works with and without `new`.
 *
 * @param {import('../../index.js').ServerOptions} [options]
 */
function createProxyServer(options) {
  return new ProxyServer(options);
}

module.exports = { ProxyServer, createProxyServer };
