'use strict';

const { EventEmitter } = require('node:events');
const { hookError, proxyError } = require('../bridge/errors.js');
const { Exchange } = require('../bridge/exchange.js');
const { callListeners } = require('../bridge/listeners.js');
const { Outcome } = require('../bridge/outcome.js');
const { chooseTarget } = require('./attempts.js');
const { Call } = require('./call.js');
const { configOf } = require('./config.js');
const { REDIRECTS_OF_TRUE, Redirects } = require('./redirects.js');

/**
 * Emits `start` and forwards the request.
 *
 * @param {import('node:events').EventEmitter} proxy
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:http').ServerResponse} res
 * @param {Call} call that knows its configurations
 * @returns {Exchange}
 */
function start(proxy, req, res, call) {
  const exchange = new Exchange(proxy, req, res, call);
  exchange.claim();
  const { followRedirects, headers } = call.options;
  if (followRedirects && call.config !== undefined)
    call.redirects = new Redirects(call.options, proxy[REDIRECTS_OF_TRUE]);
  if (headers !== undefined && headers !== null) call.headers = { ...headers };
  if (call.config === undefined && call.forward === undefined) {
    process.nextTick(() => exchange.fail(noTarget()));
    return exchange;
  }
  let isRefused = false;
  if (proxy.listenerCount('start') > 0) {
    callListeners(proxy, 'start', [req, res, call.target], (error) => {
      isRefused = true;
      exchange.fail(hookError('start', error));
    });
  }
  if (!isRefused) process.nextTick(begin, exchange);
  return exchange;
}

function begin(exchange) {
  exchange.begin();
}

function noTarget() {
  return proxyError('ERR_PROXY_NO_TARGET', 'Must set target or forward', 500, 'accept', 'internal');
}

/** Delivers what was thrown before a request was begun, or while passes ran, as the request's failure. */
function failRequest(proxy, req, res, call, hook, thrown) {
  (call.exchange ?? new Exchange(proxy, req, res, call)).fail(hookError(hook, thrown));
}

/** The calls whose passes are running, by the options that the passes are given. */
const running = new WeakMap();

/**
 * The pass `stream`: goes on with the call whose passes are running. Called by anybody else it makes a call of its own.
 *
 * @param {Record<string, any>} options
 * @param {import('node:events').EventEmitter} [proxy]
 * @param {Function} [callback]
 */
function forwardRequest(req, res, options, proxy = new EventEmitter(), callback = undefined) {
  const call = running.get(options) ?? new Call(proxy, options, callback, new Outcome());
  running.delete(options);
  // What the passes before this one do must not be done twice.
  const rest = { ...options, xfwd: false };
  if (isSet(options.target)) chooseTarget(call, rest, { of: configOf });
  if (isSet(options.forward)) call.forward = configOf(rest, options.forward);
  call.exchange = start(proxy, req, res, call);
}

const isSet = (target) => target !== undefined && target !== null && target !== false;

module.exports = { failRequest, forwardRequest, isSet, noTarget, running, start };
