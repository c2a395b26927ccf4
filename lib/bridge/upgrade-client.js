'use strict';

/**
 * The client's socket while its handshake is pending, and what of it can be handed to the engine.
 *
 * What the client sends before it has its answer is read, up to a bound, and kept: only so is its departure seen. Nothing of it goes to a
 * target that has not switched protocols.
 */

const net = require('node:net');

/** Bytes that are read from a client before it has its answer. */
const MOST_EARLY = 64 * 1024;

class UpgradeClient {
  #socket;
  #early;
  #size;
  #onLeft;

  /**
   * @param {import('node:stream').Duplex} socket
   * @param {ArrayBufferView | undefined} head what came with the request
   * @param {() => void} onLeft is called when the client ends, resets or closes its connection
   */
  constructor(socket, head, onLeft) {
    this.#socket = socket;
    this.#early = head?.byteLength > 0 ? [Buffer.from(head.buffer, head.byteOffset, head.byteLength)] : [];
    this.#size = head?.byteLength ?? 0;
    this.#onLeft = onLeft;
    // Node ends TLS connections as soon as their client ends its half; that is for the target to decide.
    socket.allowHalfOpen = true;
    socket.on('readable', this.#onReadable);
    socket.on('end', onLeft);
    socket.on('close', onLeft);
  }

  #onReadable = () => {
    while (this.#size < MOST_EARLY) {
      const chunk = this.#socket.read();
      if (chunk === null) return;
      this.#early.push(chunk);
      this.#size += chunk.length;
    }
  };

  /** Stops reading and watching. Gives what was read. */
  release() {
    const socket = this.#socket;
    socket.removeListener('readable', this.#onReadable);
    socket.removeListener('end', this.#onLeft);
    socket.removeListener('close', this.#onLeft);
    return this.#early;
  }
}

/**
 * The descriptor of a socket whose bytes the engine may move: Node's own TCP socket, which nobody else reads, writes, times or has changed.
 *
 * @param {import('node:stream').Duplex} socket
 * @returns {number | undefined} `undefined`: its bytes must go through Node
 */
function descriptorOf(socket) {
  const handle = socket._handle;
  const isOurs =
    Object.getPrototypeOf(socket) === net.Socket.prototype &&
    handle?.constructor.name === 'TCP' &&
    METHODS.every((name) => !Object.hasOwn(socket, name)) &&
    LISTENERS.every((name) => socket.listenerCount(name) === 0) &&
    socket.writableLength === 0 &&
    socket.readableEncoding === null &&
    !socket.writableEnded &&
    !(socket.timeout > 0);
  // There is none on Windows.
  return isOurs && handle.fd >= 0 ? handle.fd : undefined;
}

/** Whoever replaces one of them wants to see what goes through it. */
const METHODS = ['write', 'end', 'push', 'read', 'emit', '_write', '_read'];
const LISTENERS = ['data', 'readable'];

module.exports = { UpgradeClient, descriptorOf };
