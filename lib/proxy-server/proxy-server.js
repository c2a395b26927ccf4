'use strict';

/**
 * `createProxyServer`: one face for the users of http-proxy, http-proxy-3 and httpxy.
 */

const { EventEmitter } = require('node:events');
const { Outcome } = require('../bridge/outcome.js');
const { stats } = require('../bridge/transport.js');
const { callArguments } = require('./arguments.js');
const { chooseTarget, takeTurn } = require('./attempts.js');
const { Call, LAST_RESORT } = require('./call.js');
const { ConfigMemo } = require('./config.js');
const { failRequest, isSet, running, start } = require('./forward-request.js');
const { Listening } = require('./listening.js');
const { numOpenSockets } = require('../bridge/open-sockets.js');
const { checkOptions, optionError } = require('./options.js');
const { WEB_PASSES, WS_PASSES, insertPass, isBuiltIn, runPasses, settled } = require('./passes.js');
const { upgrade } = require('./upgrade.js');

class ProxyServer extends EventEmitter {
  #configs = new ConfigMemo();
  #forwardConfigs = new ConfigMemo();
  #listening = new Listening();

  /** @param {import('../../index.js').ServerOptions} [options] kept by reference; may be edited at any time */
  constructor(options) {
    super();
    this.options = options ?? {};
    checkOptions(this.options);
    this.#configure(this.options, { turn: 0 });
    // Own properties, callable without their object, and replaceable: users do all three.
    this.web = (req, res, ...rest) => this.#web(req, res, rest);
    this.ws = (req, socket, ...rest) => upgrade(this, req, socket, rest);
    this.proxyRequest = this.web;
    this.proxyWebsocketRequest = this.ws;
    this.webPasses = [...WEB_PASSES];
    this.wsPasses = [...WS_PASSES];
    this.before = (type, passName, pass) => this.#insertPass(type, passName, 0, pass);
    this.after = (type, passName, pass) => this.#insertPass(type, passName, 1, pass);
    this.listen = (...where) => {
      this._server = this.#listening.listen(this, where);
      return this;
    };
    this.address = () => this._server?.address();
    this.close = (callback) => this.#close(callback);
    this.onError = lastResort(this);
    this.on('error', this.onError);
  }

  #web(req, res, rest) {
    const { options, callback } = callArguments(rest);
    const outcome = new Outcome();
    const effective = options === undefined ? this.options : { ...this.options, ...options };
    const call = new Call(this, effective, callback, outcome);
    if (typeof effective.target === 'function' || typeof effective.forward === 'function')
      this.#resolveTargets(req, res, call);
    else this.#begin(req, res, call);
    return outcome;
  }

  /** Notes the configurations of the two legs; none for one that is not wanted, or that a function will name. */
  #configure(options, call) {
    const { target, forward } = options;
    if (isNamed(target)) chooseTarget(call, options, this.#configs);
    else checkOptions(options);
    if (isNamed(forward)) call.forward = this.#forwardConfigs.of(options, forward);
  }

  #begin(req, res, call) {
    if (!isBuiltIn(this.webPasses)) {
      this.#runPasses(req, res, call);
      return;
    }
    const { options } = call;
    call.turn = takeTurn(this, options.target);
    this.#configure(options, call);
    if (options.timeout > 0) req.socket?.setTimeout?.(options.timeout);
    start(this, req, res, call);
  }

  /** Asks the functions that stand for `target` and `forward`; what they throw is the request's failure. */
  #resolveTargets(req, res, call) {
    checkOptions(call.options);
    const ask = (target) => (typeof target === 'function' ? target(req) : target);
    attempt(this, req, res, call, 'target', () => {
      const { options } = call;
      const [target, forward] = [ask(options.target), ask(options.forward)];
      const begin = (resolved) => {
        call.options = { ...options, target: resolved[0], forward: resolved[1] };
        this.#begin(req, res, call);
      };
      if (!isPromise(target) && !isPromise(forward)) return begin([target, forward]);
      return settled('target', Promise.all([target, forward]), options.hookTimeout).then(begin);
    });
  }

  #runPasses(req, res, call) {
    checkOptions(call.options);
    attempt(this, req, res, call, 'pass', () => {
      // The passes are given a copy of their own, with the target as they know it.
      const options = { ...call.options };
      for (const leg of ['target', 'forward']) {
        // A URL may have properties of its own, such as `socketPath`.
        if (typeof options[leg] === 'string' && URL.canParse(options[leg]))
          options[leg] = new URL(options[leg]);
      }
      call.options = options;
      call.turn = takeTurn(this, options.target);
      running.set(options, call);
      const args = [req, res, options, undefined, this, call.callback];
      const whole = runPasses(this.webPasses, args, options.hookTimeout);
      const end = (isWhole) => {
        // A pass that ends the chain has answered; one that has taken the place of `stream` has, too.
        if (!isWhole || running.delete(options)) call.settled();
      };
      return isPromise(whole) ? whole.then(end) : end(whole);
    });
  }

  #insertPass(type, passName, offset, pass) {
    insertPass(this.#passes(type), passName, offset, pass);
    this.#listening.refresh();
  }

  #passes(type) {
    if (type !== 'web' && type !== 'ws') throw new Error('type must be `web` or `ws`');
    return type === 'web' ? this.webPasses : this.wsPasses;
  }

  #close(callback) {
    this.#listening.close((...args) => {
      this._server = null;
      callback?.(...args);
    });
  }

  /**
   * Other certificates for the server that `listen` has made with the option `ssl`. Connections that there are go on.
   *
   * @param {import('node:tls').SecureContextOptions} settings
   * @throws {TypeError} that names what cannot be used; then nothing has changed
   */
  setSecureContext(settings) {
    const server = this._server;
    if (typeof server?.setSecureContext !== 'function')
      throw optionError('ssl', 'setSecureContext needs a server that listen has made with the option ssl');
    server.setSecureContext(settings);
  }

  /** What is open now, and what has happened since the engine of this thread was started. */
  stats() {
    const door = this._server?.stats?.();
    return door === undefined ? stats() : { ...stats(), door };
  }
}

/** Runs what must not throw at the caller of `web()`. */
function attempt(proxy, req, res, call, hook, action) {
  const fail = (thrown) => failRequest(proxy, req, res, call, hook, thrown);
  try {
    action()?.catch(fail);
  } catch (thrown) {
    fail(thrown);
  }
}

const isNamed = (target) => isSet(target) && typeof target !== 'function';
const isPromise = (value) => typeof value?.then === 'function';

/** The `error` listener that the originals have from the start: emitted errors that nobody else hears are thrown. */
function lastResort(proxy) {
  const onError = (error) => {
    if (proxy.listenerCount('error') === 1) throw error;
  };
  onError[LAST_RESORT] = true;
  return onError;
}

/**
 * Makes a proxy. Works with and without `new`.
 *
 * @param {import('../../index.js').ServerOptions} [options]
 */
function createProxyServer(options) {
  return new ProxyServer(options);
}

ProxyServer.createProxyServer = createProxyServer;
ProxyServer.createServer = createProxyServer;
ProxyServer.createProxy = createProxyServer;

module.exports = { ProxyServer, createProxyServer, numOpenSockets };
