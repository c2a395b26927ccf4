'use strict';

const { Debug: debug } = require('./debug.js');
const { hooksOf } = require('./server-hooks.js');

/** The servers whose requests a middleware has seen. */
class Servers {
  /** Those whose upgrades come without being asked for. */
  #subscribed = new WeakSet();
  #met = new WeakSet();
  #last;
  #open = 0;
  #middleware;

  /** @param {import('./http-proxy-middleware.js').HttpProxyMiddleware} middleware */
  constructor(middleware) {
    this.#middleware = middleware;
  }

  /** The first request of a server shows where its other events come from. */
  meet(server) {
    if (this.#last !== server) {
      this.#last = server;
      if (!this.#met.has(server)) this.#listenToClose(server);
    }
    if (this.#middleware.options.ws === true && !this.#subscribed.has(server)) this.#subscribe(server);
  }

  isSubscribed(server) {
    return this.#subscribed.has(server);
  }

  #listenToClose(server) {
    debug('registering server close listener');
    this.#met.add(server);
    this.#open++;
    hooksOf(server).onClose(this.#middleware);
  }

  #subscribe(server) {
    debug('subscribing to server upgrade event');
    this.#subscribed.add(server);
    hooksOf(server).onUpgrade(this.#middleware);
  }

  /** Says whether that was the last one. */
  closed(server) {
    this.#met.delete(server);
    this.#last = undefined;
    this.#open--;
    if (this.#open > 0) debug(`proxy server not closed: ${this.#open} server(s) still active`);
    return this.#open === 0;
  }
}

module.exports = { Servers };
