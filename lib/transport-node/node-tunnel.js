'use strict';

/** A WebSocket's connection to its target that is a socket of Node's: carries bytes until both ends have ended, or the target has failed. */

const { clientFailure } = require('./failures.js');
const { Inflow } = require('./inflow.js');

/** Who has ended its half has long said all; the other is given this long between two of its pieces, as by the engine. */
const HALF_CLOSED = 30_000;

class NodeTunnel {
  #socket;
  #first;
  #tell;
  #over;
  #idle;
  #timer;
  #hasTargetEnded = false;
  #hasClientEnded = false;
  #hasClientLeft = false;
  #resets = false;

  /**
   * @param {import('node:net').Socket} socket
   * @param {Buffer} first what the target has sent behind its head
   * @param {{ tell(event: string): void, over(error?: Error): void }} owner
   */
  constructor(socket, first, { tell, over }) {
    this.#socket = socket;
    this.#first = first;
    this.#tell = tell;
    this.#over = over;
    // Node's client ends a connection as soon as its other end does; here that is for the client to decide.
    socket.allowHalfOpen = true;
    socket.setTimeout(0);
    socket.setNoDelay(true);
    // Until somebody says what is to become of it.
    socket.on('error', (error) => this.#failed(error));
    this.inflow = new Inflow(socket, () => tell('onReadable'));
  }

  /** @param {number | undefined} idle milliseconds for which nothing may move */
  begin(idle) {
    const socket = this.#socket;
    this.#idle = idle;
    this.#moved();
    socket.on('drain', () => this.#tell('onWritable'));
    socket.on('finish', () => this.#settle());
    socket.on('close', () => this.#end());
    socket.on('end', () => {
      this.#hasTargetEnded = true;
      this.#moved();
      this.#tell('onTargetEnded');
      this.#settle();
    });
    if (this.#first.length > 0) this.inflow.push(this.#first);
    socket.on('data', (chunk) => {
      this.#moved();
      this.inflow.push(chunk);
    });
  }

  /** @param {Buffer} chunk */
  write(chunk) {
    this.#moved();
    return this.#socket.destroyed || this.#socket.write(chunk);
  }

  /** The client sends no more. */
  finish() {
    this.#hasClientEnded = true;
    this.#moved();
    this.#socket.end();
  }

  /** The client is gone: what it has sent is passed on, and nothing more is expected. */
  leave() {
    this.#hasClientLeft = true;
    this.finish();
    this.#settle();
  }

  /** When it is given up from now on, the client has not left in good order. */
  reset() {
    this.#resets = true;
  }

  destroy() {
    clearTimeout(this.#timer);
    if (this.#resets && typeof this.#socket.resetAndDestroy === 'function' && !this.#socket.encrypted)
      this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #moved() {
    const halfClosed = this.#hasClientEnded || this.#hasTargetEnded ? HALF_CLOSED : Infinity;
    const limit = Math.min(this.#idle ?? Infinity, halfClosed);
    clearTimeout(this.#timer);
    if (limit !== Infinity) this.#timer = setTimeout(() => this.#end(), limit).unref();
  }

  #settle() {
    if (this.#socket.writableFinished && (this.#hasTargetEnded || this.#hasClientLeft)) this.#end();
  }

  #failed(error) {
    clearTimeout(this.#timer);
    // A target that has ended may have closed: that it takes no more is no failure then.
    this.#over(this.#hasTargetEnded ? undefined : clientFailure(error, 'body', true));
  }

  #end() {
    clearTimeout(this.#timer);
    this.#socket.destroy();
    this.#over();
  }
}

module.exports = { NodeTunnel };
