'use strict';

const net = require('node:net');

const FAMILIES = { 4: 'IPv4', 6: 'IPv6' };
const familyOf = (address) => FAMILIES[net.isIP(address ?? '')];

/**
 * @typedef {object} Failure
 * @property {Error} error
 * @property {string} target who has not answered
 * @property {number} [begun] the status of the answer that has broken off
 */

/**
 * Node's end of a connection of the native door's: what it carries is one client's requests, and it says that client's addresses.
 */
class ClientSocket extends net.Socket {
  #client;

  /**
   * @param {number} fd its own from now on
   * @param {object} client
   * @param {string} [client.remoteAddress] there is none at a Unix socket
   * @param {number} client.remotePort
   * @param {string} [client.localAddress]
   * @param {number} client.localPort
   * @param {() => void} client.reset is told before the socket ends, if that is not an orderly end
   * @param {() => void} client.desert is told if the socket ends with something in it that its client does not take
   * @param {import('./door-routes.js').Route} [client.route]
   * @param {Failure} [client.failure] why the one request that comes has not been answered
   */
  constructor(fd, client) {
    super({ fd, readable: true, writable: true, allowHalfOpen: true });
    this.#client = client;
  }

  get remoteAddress() {
    return this.#client.remoteAddress ?? undefined;
  }

  get remotePort() {
    return this.#client.remotePort || undefined;
  }

  get remoteFamily() {
    return familyOf(this.#client.remoteAddress);
  }

  get localAddress() {
    return this.#client.localAddress ?? undefined;
  }

  get localPort() {
    return this.#client.localPort || undefined;
  }

  get localFamily() {
    return familyOf(this.#client.localAddress);
  }

  /** The route that all its requests take, if the door has routes. */
  get route() {
    return this.#client.route;
  }

  get failure() {
    return this.#client.failure;
  }

  address() {
    const { localAddress: address, localFamily: family, localPort: port } = this;
    return address === undefined ? {} : { address, family, port };
  }

  _destroy(error, callback) {
    // The engine would see the end behind what it cannot get rid of.
    if (this.writableLength > 0) this.#client.desert();
    super._destroy(error, callback);
  }

  /** Resets the client's connection. */
  resetAndDestroy() {
    this.#client.reset();
    return this.destroy();
  }
}

module.exports = { ClientSocket };
