'use strict';

/**
 * One upgrade, from `ws(req, socket, head)` to the end of its tunnel. Until the target has switched protocols it is an exchange like others:
 * the passed head, the answer or the failure.
 */

const { FAULT } = require('./engine.js');
const { hookError, proxyError, unpackError } = require('./errors.js');
const { packRequest, unpack } = require('./head-codec.js');
const { callListeners, withinTime } = require('./listeners.js');
const { judge } = require('./messages.js');
const { setupSocket } = require('./sockets.js');
const { RefusedUpgrade } = require('./refused-upgrade.js');
const { transportOf } = require('./transport.js');
const { Tunnel } = require('./tunnel.js');
const { UpgradeClient } = require('./upgrade-client.js');
const { warnOnce } = require('./warning.js');
const { endRefused, markSwitched } = require('./refuse-upgrade.js');
const { holdTarget, releaseTarget } = require('./open-sockets.js');
const { ProxyRequest } = require('../facades/proxy-request.js');
const { ProxyResponse } = require('../facades/proxy-response.js');

// The same numbers stand in src/binding/engine.rs.
const PANIC = { handshake: 4, tunnel: 4 | 8 };
const UPGRADE = 16;
const UNVERIFIED = 32;
const MESSAGES = 64;

// What a message is; the same numbers stand in src/binding/messages.rs.
const TO_CLIENT = 1;
const BINARY = 2;

const EMPTY = Buffer.alloc(0);
const BANG = 0x21;

class Upgrade {
  #proxy;
  #req;
  #socket;
  #head;
  #call;
  #client;
  #engine = null;
  /** Its number while the engine works on it. */
  #id = -1;
  #proxyReq = null;
  /** The target's answer, if it is not the one that was asked for. */
  #refused = null;
  /** The packed head of the 101. */
  #switched = '';
  #proxyRes = null;
  #tunnel = null;
  #hasClosed = false;
  #isOver = false;
  /** What was written to the client's socket before anybody heard of a failure. */
  #written = 0;

  /**
   * @param {import('node:events').EventEmitter} proxy
   * @param {import('node:http').IncomingMessage} req
   * @param {import('node:stream').Duplex} socket
   * @param {ArrayBufferView | undefined} head
   * @param {import('../proxy-server/call.js').Call} call that knows its configuration
   */
  constructor(proxy, req, socket, head, call) {
    this.#proxy = proxy;
    this.#req = req;
    this.#socket = socket;
    this.#head = head;
    this.#call = call;
  }

  /** Emits `proxyReqWs` and asks the target. */
  begin() {
    if (typeof this.#socket.setKeepAlive === 'function') setupSocket(this.#socket);
    this.#client = new UpgradeClient(this.#socket, this.#head, () => this.#clientLeft());
    // While something was waited for.
    if (this.#socket.destroyed || this.#socket.readableEnded) this.#clientLeft();
    else this.#ask();
  }

  #ask() {
    const { config, headers } = this.#call;
    this.#engine = transportOf(config);
    const packed = packRequest(this.#req, headers);
    if (this.#proxy.listenerCount('proxyReqWs') > 0) {
      this.#showRequest(packed);
      return;
    }
    this.#id = this.#engine.register(this);
    const { native } = this.#engine;
    native.submit(this.#id, config.native, packed.text, packed.fields, packed.overrides, EMPTY, this.#flags);
    this.#engine.flushSoon();
  }

  get #flags() {
    const { options } = this.#call;
    const verification = options.verifyUpgrade === false ? UNVERIFIED : 0;
    const panic = PANIC[options[FAULT]] ?? 0;
    // Decided once: what is never asked for is never decoded.
    return UPGRADE | panic | verification | (this.#proxy.listenerCount('wsMessage') > 0 ? MESSAGES : 0);
  }

  #showRequest(packed) {
    const { config, options } = this.#call;
    const { native } = this.#engine;
    const prepared = native.prepare(config.native, packed.text, packed.fields, packed.overrides);
    if (prepared.charCodeAt(0) === BANG) {
      this.fail(unpackError(prepared.slice(1)));
      return;
    }
    const facade = new ProxyRequest(this, prepared + FIELDS, config.target);
    this.#proxyReq = facade;
    const args = [facade, this.#req, this.#socket, this.#call.shownOptions(), this.#head ?? EMPTY];
    const pending = this.#emit('proxyReqWs', args);
    if (pending === undefined || !(options.hookTimeout > 0)) {
      this.#sendShown();
      return;
    }
    withinTime('proxyReqWs', pending, options.hookTimeout).then(
      () => this.#sendShown(),
      (error) => this.fail(error),
    );
  }

  #sendShown() {
    const facade = this.#proxyReq;
    if (this.#isOver || facade.destroyed) return;
    const { base, text, fields } = facade.pack();
    facade.markSent();
    const { native } = this.#engine;
    // Not before: of what is never sent the engine says no end, and its number would be lost.
    this.#id = this.#engine.register(this);
    native.resume(this.#id, this.#call.config.native, base, text, fields, EMPTY, this.#flags, undefined);
    this.#engine.flushSoon();
  }

  // What `proxyReq` asks for

  get isSending() {
    return false;
  }

  destroyedBy(_facade, error) {
    this.fail(error ?? proxyError('ECONNRESET', 'socket hang up', 502, 'send', 'internal'));
  }

  // What the engine says

  onInterim() {}

  /** The target refuses: its answer is the client's. */
  onResponse(status, flags, text, body) {
    if (body !== undefined) {
      this.#engine.forget(this.#id);
      this.#id = -1;
    }
    if (this.#isOver) return;
    this.#client.release();
    if (this.#proxyReq?.listenerCount('response') > 0) this.#proxyReq.responded(this.#response(status, text));
    if (this.#isOver) return;
    this.#refused = new RefusedUpgrade(this.#engine.native, this.#id, this.#req, this.#socket, () =>
      this.#leave(),
    );
    this.#refused.answer(status, flags, text, body);
    if (body !== undefined) this.#leave();
  }

  onReadable() {
    if (this.#refused === null) this.#tunnel?.readable();
    else this.#refused.readable();
  }

  onWritable() {
    this.#tunnel?.writable();
  }

  onEnd() {
    if (this.#tunnel !== null && !this.#isOver) this.#tunnel.ended();
    else if (this.#refused === null) this.#release();
    else this.#refused.end(() => this.#release());
  }

  onFailed(error) {
    const fail = () => {
      this.#release();
      this.fail(error);
    };
    if (this.#refused !== null) this.#refused.cut(fail);
    else if (this.#tunnel !== null || this.#isOver || !this.#tryAgain(error)) fail();
  }

  /** Asks the next target of a list, or the same one once more, where the options want that. */
  #tryAgain(error) {
    const { attempts, options } = this.#call;
    if (attempts?.afterFailure(error, 'GET', this.#engine.inFlight) !== true) return false;
    if (options.timeouts?.total > 0 && attempts.elapsed >= options.timeouts.total) return false;
    this.#release();
    const pause = attempts.next(error.phase !== 'connect' && error.phase !== 'tls');
    this.#call.config = attempts.config;
    this.#proxyReq?.closed(error);
    this.#proxyReq = null;
    setTimeout(() => {
      if (this.#isOver) return;
      try {
        this.#ask();
      } catch (thrown) {
        this.fail(hookError('ws', thrown));
      }
    }, pause);
    return true;
  }

  /** A message, for the listeners to judge. The next one of its direction waits. */
  onMessage(flags, text) {
    const id = this.#id;
    if (this.#isOver || id < 0) return;
    const isToClient = (flags & TO_CLIENT) !== 0;
    const binary = (flags & BINARY) !== 0;
    const direction = isToClient ? 'toClient' : 'toTarget';
    const message = binary ? Buffer.from(text, 'latin1') : text;
    const failed = (thrown) => this.fail(hookError('wsMessage', thrown));
    const judged = ({ what, payload }) => {
      if (this.#id === id) this.#engine.native.judge(id, isToClient, what, payload);
    };
    try {
      const circumstances = { direction, binary, socket: this.#socket };
      const verdict = judge(this.#proxy, message, circumstances, this.#call.options.hookTimeout);
      if (typeof verdict.then === 'function') verdict.then(judged).catch(failed);
      else judged(verdict);
    } catch (thrown) {
      failed(thrown);
    }
  }

  onTargetEnded() {
    if (!this.#isOver) this.#tunnel?.targetEnded();
  }

  onDetached() {
    if (!this.#isOver) this.#tunnel?.detached();
  }

  /** The target has switched protocols: so does the client. */
  onSwitched(text, ends) {
    if (this.#isOver) return;
    const socket = this.#socket;
    const early = this.#client.release();
    this.#switched = text;
    markSwitched(socket);
    holdTarget(this);
    socket.write(headOf(unpack(text)), 'latin1');
    this.#tunnel = new Tunnel({ engine: this.#engine, id: this.#id, socket, ends }, this);
    for (const event of OPENS) this.#emitOpen(event);
    if (this.#proxyReq !== null) {
      const proxyReq = this.#proxyReq;
      if (proxyReq.listenerCount('upgrade') > 0)
        proxyReq.emit('upgrade', this.#shownResponse, this.#tunnel.proxySocket, EMPTY);
      proxyReq.closed();
    }
    const { tunnelTimeout } = this.#call.options;
    this.#tunnel.start(early, tunnelTimeout > 0 ? tunnelTimeout : undefined);
    this.#forget();
  }

  /** An idle tunnel should hold no more than it may still need. */
  #forget() {
    this.#head = undefined;
    this.#client = null;
    this.#call.tunnelBegun();
  }

  #emitOpen(event) {
    if (!this.#isOver && this.#proxy.listenerCount(event) > 0) this.#emit(event, [this.#tunnel.proxySocket]);
  }

  /** The target's connection has ended, or the tunnel has without a failure of the target's. */
  onTunnelEnding() {
    if (this.#hasClosed) return;
    this.#hasClosed = true;
    if (this.#proxy.listenerCount('close') > 0)
      this.#emit('close', [this.#shownResponse, this.#tunnel.proxySocket, EMPTY]);
  }

  /** The 101 as `close` listeners get it. */
  get #shownResponse() {
    this.#proxyRes ??= this.#response(101, this.#switched);
    return this.#proxyRes;
  }

  #response(status, text) {
    return new ProxyResponse(this, NO_BODY, { status, text, version: '1.1' });
  }

  /** `proxyRes.req` */
  shownRequest() {
    if (this.#proxyReq === null) {
      const { config, headers } = this.#call;
      const { text, fields, overrides } = packRequest(this.#req, headers);
      const prepared = this.#engine.native.prepare(config.native, text, fields, overrides);
      this.#proxyReq = new ProxyRequest(this, prepared, config.target);
      this.#proxyReq.markSent();
    }
    return this.#proxyReq;
  }

  // Ends

  onTunnelOver(hasEnded) {
    releaseTarget(this);
    const wasOver = this.#isOver;
    this.#isOver = true;
    if (hasEnded) this.#release();
    if (!wasOver) this.onTunnelEnding();
  }

  /** While its answer is waited for, a client that ends its half has left, too: it cannot want a tunnel. */
  #clientLeft() {
    this.#leave();
    this.#socket.destroy();
  }

  #leave() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#client?.release();
    this.#refused?.abort();
    if (this.#id >= 0) this.#engine.native.abort(this.#id);
    this.#proxyReq?.closed();
  }

  #release() {
    if (this.#id < 0) return;
    const id = this.#id;
    this.#id = -1;
    this.#engine.release(id);
  }

  /** Tells of a failure and, unless a listener has answered, answers it. */
  fail(error) {
    if (this.#isOver) return;
    const tunnel = this.#tunnel;
    const hasBegun = this.#refused !== null;
    if (tunnel === null) {
      this.#leave();
    } else {
      // Who listens to `close` learns of it by the error.
      this.#hasClosed = true;
      this.#isOver = true;
      tunnel.failed(error, this.#id < 0);
    }
    const socket = this.#socket;
    this.#written = socket.bytesWritten;
    this.#call.failUpgrade(error, this.#req, socket, (thrown) => this.#guard(thrown));
    if (hasBegun) this.#refused.fail();
    else if (tunnel === null) this.#endUnswitched(error);
  }

  /** Failures of what listens to failures: they must not leave the client without an answer. */
  #guard(error) {
    warnOnce(this.#proxy, error);
    this.#call.answer(error, this.#socket);
  }

  #endUnswitched(error) {
    endRefused(this.#socket, this.#written, error.status ?? 502);
  }

  #emit(event, args) {
    return callListeners(this.#proxy, event, args, (error) => this.fail(hookError(event, error)));
  }
}

/** http-proxy and httpxy have an old name for it, too. */
const OPENS = ['open', 'proxySocket'];
/** What the engine adds to each handshake, as listeners see it. */
const FIELDS = 'connection\nUpgrade\nupgrade\nwebsocket\n';
/** The connection is the tunnel's: there is no body to read. */
const NO_BODY = { feed() {} };

/** The head of a 101, from the packed reason and fields of the target's. */
function headOf(items) {
  let head = 'HTTP/1.1 101 Switching Protocols\r\n';
  for (let i = 1; i < items.length; i += 2) head += `${items[i]}: ${items[i + 1]}\r\n`;
  return `${head}connection: Upgrade\r\nupgrade: websocket\r\n\r\n`;
}

module.exports = { Upgrade };
