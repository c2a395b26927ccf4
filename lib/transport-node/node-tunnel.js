'use strict';

/** A WebSocket's connection to its target that is a socket of Node's: carries bytes until both ends have ended, or the target has failed. */

const { clientFailure } = require('./failures.js');
const { Inflow } = require('./inflow.js');
const { MessageLane, OpenLane } = require('./message-lane.js');

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
  #toTarget;
  #toClient;
  /** What has come waits to be read. */
  #isFull = false;

  /**
   * @param {import('node:net').Socket} socket
   * @param {Buffer} first what the target has sent behind its head
   * @param {object | undefined} messages the binding's, if the owner judges them
   * @param {{ tell(event: string, ...args: unknown[]): void, over(error?: Error): void }} owner
   */
  constructor(socket, first, messages, { tell, over }) {
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
    const source = { pause: () => this.#full(true), resume: () => this.#full(false) };
    this.inflow = new Inflow(source, () => tell('onReadable'));
    this.#toTarget = this.#lane(messages, false, {
      pass: (bytes) => socket.destroyed || socket.write(bytes),
      onIdle: () => this.#writable(),
    });
    this.#toClient = this.#lane(messages, true, {
      pass: (bytes) => this.inflow.push(bytes),
      onIdle: () => this.#flow(),
    });
  }

  #lane(messages, isToClient, owner) {
    if (messages === undefined) return new OpenLane(owner);
    const show = (...message) => this.#tell('onMessage', ...message);
    return new MessageLane(messages, isToClient, { show, ...owner });
  }

  #full(isFull) {
    this.#isFull = isFull;
    this.#flow();
  }

  #flow() {
    if (this.#isFull || this.#toClient.isJudging) this.#socket.pause();
    else this.#socket.resume();
  }

  get #hasRoom() {
    return !this.#toTarget.isJudging && !this.#socket.writableNeedDrain;
  }

  #writable() {
    if (this.#hasRoom) this.#tell('onWritable');
  }

  /** @param {number | undefined} idle milliseconds for which nothing may move */
  begin(idle) {
    const socket = this.#socket;
    this.#idle = idle;
    this.#moved();
    socket.on('drain', () => this.#writable());
    socket.on('finish', () => this.#settle());
    socket.on('close', () => this.#toClient.end(() => this.#end()));
    socket.on('end', () => this.#toClient.end(() => this.#targetEnded()));
    if (this.#first.length > 0) this.#receive(this.#first);
    socket.on('data', (chunk) => this.#receive(chunk));
  }

  #receive(chunk) {
    this.#moved();
    this.#toClient.push(chunk);
    if (this.#toClient.isJudging) this.#flow();
  }

  #targetEnded() {
    this.#hasTargetEnded = true;
    this.#moved();
    this.#tell('onTargetEnded');
    this.#settle();
  }

  /** Says what becomes of the message of a direction that was shown last. */
  judge(isToClient, what, payload) {
    this.#moved();
    (isToClient ? this.#toClient : this.#toTarget).judge(what, payload);
  }

  /** @param {Buffer} chunk */
  write(chunk) {
    this.#moved();
    this.#toTarget.push(chunk);
    return this.#socket.destroyed || this.#hasRoom;
  }

  /** The client sends no more. */
  finish() {
    this.#hasClientEnded = true;
    this.#moved();
    this.#toTarget.end(() => this.#socket.end());
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
