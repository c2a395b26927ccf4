'use strict';

/**
 * A tunnel after its handshake. Either the engine moves the bytes between two sockets of its own (adopted), or they go through Node's
 * streams (bridged): for client sockets that only Node can read, and as soon as somebody wants to see the bytes.
 */

const { adopt, endAdopted, letGo, takeBack } = require('./adopted-socket.js');
const { closeSoon, reset } = require('./sockets.js');
const { descriptorOf } = require('./upgrade-client.js');
const { ProxySocket } = require('../facades/proxy-socket.js');

const PIECE = 32 * 1024;
const NOTHING = Buffer.alloc(0);

class Tunnel {
  #engine;
  #id;
  #socket;
  #ends;
  #owner;
  /** The stream over the target's side, once there is one. */
  #proxySocket = null;
  /** The engine has the client's socket. */
  #isAdopted = false;
  #isBridged = false;
  /** The target sends no more. */
  #hasTargetEnded = false;
  /** The engine has nothing more to do with it. */
  #hasEngineEnded = false;
  /** Its number was given back. */
  #isReleased = false;
  #wantsBytes = false;
  /** Called when the engine has room for more. */
  #onWritable = null;
  /** Called when the client's end was passed on and all is over. */
  #onFinished = null;
  /** What waits for the client's socket to come back. */
  #deferred = null;

  /**
   * @param {object} order
   * @param {import('./engine.js').Engine} order.engine
   * @param {number} order.id
   * @param {import('node:stream').Duplex} order.socket the client's
   * @param {string} order.ends the addresses of the target's connection
   * @param {{ onTunnelEnding(): void, onTunnelOver(hasEnded: boolean): void }} owner
   */
  constructor({ engine, id, socket, ends }, owner) {
    this.#engine = engine;
    this.#id = id;
    this.#socket = socket;
    this.#ends = ends;
    this.#owner = owner;
    socket.on('close', (hadError) => this.#clientClosed(hadError));
  }

  /** The socket that listeners get. */
  get proxySocket() {
    if (this.#proxySocket === null) {
      this.#proxySocket = new ProxySocket(this, this.#ends === '' ? [] : this.#ends.split('\n'));
      if (this.#isReleased) this.#proxySocket.destroy();
    }
    return this.#proxySocket;
  }

  /**
   * @param {Buffer[]} early what the client has sent already
   * @param {number | undefined} idle milliseconds for which nothing may move
   */
  start(early, idle) {
    if (this.#isReleased) return;
    if (this.#adopt(early, idle)) return;
    this.#engine.native.tunnel(this.#id, undefined, idle);
    for (const chunk of early) this.proxySocket.write(chunk);
    this.#bridge();
  }

  #adopt(early, idle) {
    const isWanted = this.#deferred !== null || this.#proxySocket?.isRead === true;
    const fd = isWanted || !this.#engine.adopts ? undefined : descriptorOf(this.#socket);
    if (fd === undefined) return false;
    const rest = this.#socket.read();
    if (rest !== null) early.push(rest);
    adopt(this.#socket, this);
    this.#isAdopted = true;
    const { native } = this.#engine;
    for (const chunk of early) native.write(this.#id, chunk);
    if (native.tunnel(this.#id, fd, idle)) return true;
    // There is no descriptor left, for instance. What was written waits for the bridge.
    takeBack(this.#socket);
    this.#isAdopted = false;
    early.length = 0;
    return false;
  }

  #bridge() {
    this.#isBridged = true;
    const { proxySocket } = this;
    const deferred = this.#deferred ?? [];
    this.#deferred = null;
    for (const act of deferred) act();
    proxySocket.on('error', ignore);
    proxySocket.once('end', () => {
      this.#owner.onTunnelEnding();
      if (this.#hasEngineEnded) closeSoon(this.#socket);
    });
    proxySocket.pipe(this.#socket);
    this.#socket.pipe(proxySocket);
  }

  /** Somebody wants to see, or to add to, what the engine moves. */
  wanted() {
    if (this.#isAdopted) this.#engine.native.detach(this.#id);
  }

  #defer(act) {
    (this.#deferred ??= []).push(act);
    this.wanted();
  }

  // What the engine says

  detached() {
    if (!this.#isAdopted) return;
    takeBack(this.#socket);
    this.#isAdopted = false;
    this.#bridge();
  }

  readable() {
    if (this.#wantsBytes) this.#fill();
  }

  writable() {
    const callback = this.#onWritable;
    this.#onWritable = null;
    callback?.();
  }

  targetEnded() {
    this.#hasTargetEnded = true;
    if (this.#isBridged) {
      this.readable();
      return;
    }
    // Nobody reads it, but somebody may wait for its end.
    this.#proxySocket?.push(null);
    this.#proxySocket?.read(0);
    this.#owner.onTunnelEnding();
  }

  /** Nothing more is moved. Bytes may still wait to be read. */
  ended() {
    this.#hasEngineEnded = true;
    if (this.#isAdopted) {
      endAdopted(this.#socket);
      this.#isAdopted = false;
      this.#release();
      this.#proxySocket?.destroy();
      return;
    }
    const finished = this.#onFinished;
    this.#onFinished = null;
    finished?.();
    if (this.#engine.native.waiting(this.#id) > 0) return;
    this.#endProxySocket();
  }

  /** The target has failed, or a listener. */
  failed(error, hasEngineEnded) {
    this.#hasEngineEnded = hasEngineEnded;
    if (!hasEngineEnded) this.#engine.native.reset(this.#id);
    this.#release();
    reset(this.#socket);
    if (this.#proxySocket === null) return;
    this.#proxySocket.on('error', ignore);
    this.#proxySocket.destroy(error);
  }

  // What the streams say

  /** The stream over the target's side wants bytes. */
  read() {
    this.#wantsBytes = true;
    if (this.#isBridged) this.#fill();
    else this.wanted();
  }

  #fill() {
    if (this.#isReleased) return;
    const { native } = this.#engine;
    const waiting = native.waiting(this.#id);
    if (waiting > 0) {
      this.#wantsBytes = false;
      const chunk = Buffer.allocUnsafe(Math.min(waiting, PIECE));
      native.read(this.#id, chunk);
      this.#proxySocket.push(chunk);
    } else if (this.#hasTargetEnded || this.#hasEngineEnded) {
      this.#endProxySocket();
    } else {
      // Asks to be told when there is something again.
      native.read(this.#id, NOTHING);
    }
  }

  #endProxySocket() {
    this.#wantsBytes = false;
    const proxySocket = this.#proxySocket;
    if (this.#hasEngineEnded) this.#release();
    if (proxySocket.readableEnded) closeSoon(this.#socket);
    else if (!proxySocket._readableState.ended) proxySocket.push(null);
  }

  write(chunk, callback) {
    if (!this.#isBridged) this.#defer(() => this.write(chunk, callback));
    else if (this.#isReleased || this.#engine.native.write(this.#id, chunk)) callback();
    else this.#onWritable = callback;
  }

  finish(callback) {
    if (!this.#isBridged) {
      this.#defer(() => this.finish(callback));
    } else if (this.#hasEngineEnded) {
      callback();
    } else {
      this.#onFinished = callback;
      this.#engine.native.finish(this.#id, '', 0);
    }
  }

  /** The stream over the target's side is destroyed: by a listener, or because both ends have ended. */
  socketDestroyed() {
    if (!this.#isReleased && !this.#hasEngineEnded) this.#engine.native.abort(this.#id);
    this.#release();
    closeSoon(this.#socket);
  }

  #clientClosed(hadError) {
    if (!this.#isReleased && !this.#hasEngineEnded) {
      const { native } = this.#engine;
      if (hadError) native.reset(this.#id);
      else if (this.#isBridged) native.leave(this.#id);
      else native.abort(this.#id);
    }
    this.#release();
    this.#proxySocket?.destroy();
  }

  /** What is still to come is of no interest. */
  #release() {
    if (this.#isReleased) return;
    this.#isReleased = true;
    if (this.#isAdopted) letGo(this.#socket);
    this.#isAdopted = false;
    this.#owner.onTunnelOver(this.#hasEngineEnded);
  }
}

function ignore() {}

module.exports = { Tunnel };
