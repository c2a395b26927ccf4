'use strict';

const net = require('node:net');

const familyOf = (address) => address && (net.isIPv6(address) ? 'IPv6' : 'IPv4');

/**
 * Node's end of a connection of the native door's: what it carries is one client's requests, and it says that client's addresses.
 */
class ClientSocket extends net.Socket {
  #client;

  /**
   * @param {number} fd its own from now on
   * @param {object} client
   * @param {string} [client.remoteAddress] none of the addresses is there for a Unix socket
   * @param {number} [client.remotePort]
   * @param {string} [client.localAddress]
   * @param {number} [client.localPort]
   * @param {boolean} client.encrypted
   * @param {Error} [client.failure] why the one request that comes has not been answered by its target
   */
  constructor(fd, client) {
    super({ fd, readable: true, writable: true, allowHalfOpen: true });
    this.#client = client;
  }

  get remoteAddress() {
    return this.#client.remoteAddress;
  }

  get remotePort() {
    return this.#client.remotePort;
  }

  get remoteFamily() {
    return familyOf(this.#client.remoteAddress);
  }

  get localAddress() {
    return this.#client.localAddress;
  }

  get localPort() {
    return this.#client.localPort;
  }

  get localFamily() {
    return familyOf(this.#client.localAddress);
  }

  /** As with sockets of Node's: `true`, or not there. */
  get encrypted() {
    return this.#client.encrypted || undefined;
  }

  get failure() {
    return this.#client.failure;
  }

  address() {
    if (this.localAddress === undefined) return {};
    return { address: this.localAddress, family: this.localFamily, port: this.localPort };
  }

  /** Only TCP connections can be reset. */
  resetAndDestroy() {
    return this.destroy();
  }
}

module.exports = { ClientSocket };
