'use strict';

/**
 * What `open` and `close` listeners get: looks and behaves like the upstream socket of the originals. The engine's connection is no socket
 * of Node's; this is a stream over the tunnel's bytes on the target's side, made only when somebody listens or when the bytes go through
 * JavaScript anyway.
 */

const net = require('node:net');

class ProxySocket extends net.Socket {
  #tunnel;
  #ends;

  /**
   * @param {import('../bridge/tunnel.js').Tunnel} tunnel
   * @param {string[]} ends address and port of our end, then of the target's; nothing for a Unix socket
   */
  constructor(tunnel, ends) {
    super({ allowHalfOpen: true });
    this.#tunnel = tunnel;
    this.#ends = ends;
  }

  get localAddress() {
    return this.#ends[0];
  }

  get localPort() {
    return portOf(this.#ends[1]);
  }

  get localFamily() {
    return familyOf(this.#ends[0]);
  }

  get remoteAddress() {
    return this.#ends[2];
  }

  get remotePort() {
    return portOf(this.#ends[3]);
  }

  get remoteFamily() {
    return familyOf(this.#ends[2]);
  }

  /** Our end, as of any socket. */
  address() {
    if (this.destroyed || this.#ends.length === 0) return {};
    return { address: this.localAddress, family: this.localFamily, port: this.localPort };
  }

  /** Whether somebody wants to see its bytes. */
  get isRead() {
    return this.readableFlowing === true || READERS.some((event) => this.listenerCount(event) > 0);
  }

  _read() {
    this.#tunnel.read();
  }

  _write(chunk, encoding, callback) {
    this.#tunnel.write(bytesOf(chunk, encoding), callback);
  }

  _writev(chunks, callback) {
    const all = chunks.map(({ chunk, encoding }) => bytesOf(chunk, encoding));
    this.#tunnel.write(Buffer.concat(all), callback);
  }

  _final(callback) {
    this.#tunnel.finish(callback);
  }

  _destroy(error, callback) {
    this.#tunnel.socketDestroyed();
    super._destroy(error, callback);
  }
}

const READERS = ['data', 'readable'];

/** Node's sockets are given text as it was written. */
function bytesOf(chunk, encoding) {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
}

function portOf(text) {
  return text === undefined ? undefined : Number(text);
}

function familyOf(address) {
  return { 4: 'IPv4', 6: 'IPv6' }[net.isIP(address ?? '')];
}

module.exports = { ProxySocket };
