'use strict';

const net = require('node:net');

const USUAL_PORTS = { 'http:': 80, 'https:': 443 };

/** The engine's connection is no socket of Node's. This takes listeners and settings in its stead, and says where it leads. */
class StandInSocket extends net.Socket {
  #target;

  /** @param {URL} target */
  constructor(target) {
    super();
    this.#target = target;
    if (target.protocol === 'https:') this.encrypted = true;
  }

  /** Known if the target is named by its address. */
  get remoteAddress() {
    const name = this.#target.hostname.replace(/^\[(.*)\]$/, '$1');
    return net.isIP(name) === 0 ? undefined : name;
  }

  get remotePort() {
    return Number(this.#target.port || USUAL_PORTS[this.#target.protocol]);
  }

  get remoteFamily() {
    return { 4: 'IPv4', 6: 'IPv6' }[net.isIP(this.remoteAddress ?? '')];
  }
}

module.exports = { StandInSocket, USUAL_PORTS };
