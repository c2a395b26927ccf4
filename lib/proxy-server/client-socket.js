'use strict';

const net = require('node:net');

const FAMILIES = { 4: 'IPv4', 6: 'IPv6' };
const familyOf = (address) => FAMILIES[net.isIP(address ?? '')];

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
   * @param {boolean} client.encrypted
   * @param {() => void} client.reset what is told before the socket ends, if that is not an orderly end
   * @param {import('./door-routes.js').Route} [client.route]
   * @param {{ error: Error, target: string }} [client.failure] why the one request that comes has not been answered, and by whom
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

  /** As with sockets of Node's: `true`, or not there. */
  get encrypted() {
    return this.#client.encrypted || undefined;
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

  /** Resets the client's connection. */
  resetAndDestroy() {
    this.#client.reset();
    return this.destroy();
  }
}

module.exports = { ClientSocket };
