'use strict';

/**
 * What middlewares want of the servers whose requests they see: their `close` and their `upgrade` events. A server has one listener for
 * each, however many middlewares there are, and does not keep them alive: applications make middlewares per request.
 *
 * @typedef {object} Subscriber
 * @property {(server: object) => void} serverClosed
 * @property {(req: object, socket: object, head: Buffer) => boolean} handleUpgrade says whether it has taken the socket
 */

/**
 * A middleware that was made for one request is gone after it. Handshakes come later, and want the last ones.
 */
const MOST_KEPT = 16;

class ServerHooks {
  #closing = new WeakList();
  #upgrading = new WeakList();
  /** @type {Subscriber[]} */
  #kept = [];
  #listensToUpgrades = false;
  #server;

  /** @param {import('node:events').EventEmitter} server */
  constructor(server) {
    // Held by the server's own listeners only.
    this.#server = new WeakRef(server);
    server.on('close', () => {
      for (const subscriber of this.#closing.take()) subscriber.serverClosed(server);
    });
  }

  /** @param {Subscriber} subscriber is told once of the next `close` */
  onClose(subscriber) {
    this.#closing.add(subscriber);
  }

  /** @param {Subscriber} subscriber is asked, in turn, to take each upgrade */
  onUpgrade(subscriber) {
    this.#upgrading.add(subscriber);
    this.#kept.push(subscriber);
    if (this.#kept.length > MOST_KEPT) this.#kept.shift();
    if (this.#listensToUpgrades) return;
    this.#listensToUpgrades = true;
    this.#server.deref()?.on('upgrade', (req, socket, head) => {
      for (const one of this.#upgrading) if (one.handleUpgrade(req, socket, head)) return;
    });
  }
}

/** Keeps an order, but nothing alive. */
class WeakList {
  /** @type {WeakRef<Subscriber>[]} */
  #references = [];
  /** The length at which those that are gone are removed. */
  #most = 64;

  add(one) {
    this.#references.push(new WeakRef(one));
    if (this.#references.length < this.#most) return;
    this.#references = this.#references.filter((reference) => reference.deref() !== undefined);
    this.#most = Math.max(64, 2 * this.#references.length);
  }

  *[Symbol.iterator]() {
    for (const reference of this.#references) {
      const one = reference.deref();
      if (one !== undefined) yield one;
    }
  }

  /** Empties it. */
  take() {
    const all = [...this];
    this.#references = [];
    return all;
  }
}

/** @type {WeakMap<object, ServerHooks>} */
const hooks = new WeakMap();

/**
 * @param {import('node:events').EventEmitter} server
 * @returns {ServerHooks} always the same for a server
 */
function hooksOf(server) {
  let known = hooks.get(server);
  if (known === undefined) {
    known = new ServerHooks(server);
    hooks.set(server, known);
  }
  return known;
}

/**
 * The server that a request came to.
 *
 * @param {{ socket?: object, connection?: object }} req
 * @returns {import('node:events').EventEmitter | undefined}
 */
function serverOf(req) {
  const server = (req.socket ?? req.connection)?.server;
  return typeof server?.on === 'function' ? server : undefined;
}

module.exports = { hooksOf, serverOf };
