'use strict';

/**
 * One exchange over Node's own client, told to whoever began it in the completions of the engine: interim responses, the response's head,
 * bytes to read, room to write, the end or the failure. Nothing is told before `start()` has returned.
 */

const { hookError } = require('../bridge/errors.js');
const { BAD_FIELD, badAnswer, cancelled, clientFailure, hangUp, wrongLength } = require('./failures.js');
const { NodeAnswer } = require('./node-answer.js');
const { NodeTunnel } = require('./node-tunnel.js');
const { framing } = require('./request-head.js');
const { isClientReplaced } = require('./replaced-client.js');
const { answerText, messagesOf, trailerPairs, upgradeFailure } = require('./passes.js');
const { TimeLimits } = require('./time-limits.js');

/** Interim responses that are passed on; of more than the second number an answer is not expected any more. */
const MOST_INTERIM = 16;
const MOST_INTERIM_EVER = 1024;
/** A body up to this size can be sent a second time. */
const REPLAY_LIMIT = 64 * 1024;
const IDEMPOTENT = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PUT', 'TRACE']);

/** @type {WeakSet<object>} connections that have carried a request */
const used = new WeakSet();

/**
 * @typedef {object} Order
 * @property {object} config the engine's; knows the passes
 * @property {import('./place.js').Place} place
 * @property {import('./request-head.js').RequestHead} head
 * @property {Buffer | undefined} body `undefined`: it is written piece by piece
 * @property {boolean} isRaw the response's head is told as the target sent it
 * @property {boolean} isAnnounced it is told when the request begins to be sent
 * @property {boolean} isUpgrade it asks for a WebSocket
 * @property {boolean} isVerified … and takes nothing else for one
 * @property {boolean} isJudged … whose messages its owner judges
 * @property {string | undefined} clientHost by which the client knows this server
 */

class NodeExchange {
  #order;
  #face;
  #onRetry;
  #onOver;
  #limits;
  #request = null;
  #answer = null;
  #tunnel = null;
  /** @type {'connect' | 'tls' | 'send' | 'head' | 'body'} */
  #phase = 'connect';
  #socket = null;
  /** What had come over the connection before it was used for this. */
  #bytesBefore = 0;
  #isReused = false;
  #isAnswered = false;
  #interim = 0;
  /** Of the length that the client has declared. */
  #left;
  #isGivenUp = false;
  #isOver = false;
  #hasRepeated = false;

  /**
   * @param {Order} order
   * @param {object} face what is told
   * @param {{ onRetry(): void, onOver(): void }} watcher
   */
  constructor(order, face, { onRetry, onOver }) {
    this.#order = order;
    this.#face = face;
    this.#onRetry = onRetry;
    this.#onOver = onOver;
    this.#left =
      order.body === undefined && typeof order.head.declared === 'number' ? order.head.declared : undefined;
    this.#limits = new TimeLimits(order.place.limits, (limit, errorOf) => this.#exceeded(limit, errorOf));
  }

  start() {
    this.#limits.start('total');
    try {
      this.#send();
    } catch (thrown) {
      // An agent of another protocol, for instance.
      this.#failLater(hookError('agent', thrown));
    }
  }

  /** Fails before anything was sent. */
  #failLater(error) {
    process.nextTick(() => this.#fail(error));
  }

  #send() {
    const { body, head, isUpgrade, place } = this.#order;
    const { method, path } = head;
    const more = isUpgrade ? UPGRADE_FIELDS : framing(head, body);
    this.#phase = 'connect';
    this.#limits.start('connect');
    const request = place.request({ method, path, headers: { __proto__: null, ...head.headers, ...more } });
    this.#request = request;
    const on = (event, act) =>
      request.on(event, (...args) => {
        // One that was repeated is of no interest any more; nobody else may hear of its end.
        if (request === this.#request && !this.#isGivenUp) act(...args);
      });
    on('socket', (socket) => this.#connecting(socket));
    on('finish', () => this.#sent());
    on('drain', () => this.#drained());
    on('information', (message) => this.#interimResponse(message));
    on('response', (message) => this.#response(message));
    on('upgrade', (message, socket, first) => this.#upgraded(message, socket, first));
    on('error', (error) => this.#failed(error));
    on('close', () => this.#answer ?? this.#failed(hangUp(this.#phase)));
    if (body !== undefined) request.end(body.length > 0 ? body : undefined);
    // The head does not wait for the body: the target may answer before there is one. What only plays a target would take it for all.
    else if (!isClientReplaced()) request.flushHeaders();
  }

  // Before the answer

  #connecting(socket) {
    // What is taken over from the request before it, Node does not count as used again.
    this.#isReused = this.#request.reusedSocket === true || used.has(socket);
    used.add(socket);
    this.#socket = socket;
    this.#bytesBefore = socket.bytesRead;
    const step = () => {
      if (socket.connecting) this.#phase = 'connect';
      else if (socket.secureConnecting) this.#phase = 'tls';
      else this.#connected();
    };
    if (socket.connecting) socket.once('connect', step);
    if (socket.connecting || socket.secureConnecting) socket.once('secureConnect', step);
    step();
  }

  #connected() {
    this.#bytesBefore = this.#socket.bytesRead;
    this.#limits.stop('connect');
    if (this.#phase === 'connect' || this.#phase === 'tls') this.#phase = 'send';
    if (this.#request.writableFinished) this.#sent();
    if (this.#order.isAnnounced) this.#tell('onWritable');
  }

  /** The request is through. */
  #sent() {
    this.#limits.stop('idle');
    if (this.#isAnswered || this.#phase !== 'send') return;
    this.#phase = 'head';
    this.#limits.start('head');
  }

  #drained() {
    if (this.#phase === 'send') this.#limits.stop('idle');
    this.#tell('onWritable');
  }

  /**
   * Adds bytes to the request's body.
   *
   * @param {Buffer} chunk
   * @returns {boolean} `false`: wait for `onWritable`
   */
  write(chunk) {
    if (this.#tunnel !== null) return this.#tunnel.write(chunk);
    const request = this.#request;
    if (this.#isOver || request === null || request.writableEnded || request.destroyed) return true;
    if (this.#left < chunk.length) {
      this.#failLater(wrongLength());
      return true;
    }
    if (this.#left !== undefined) this.#left -= chunk.length;
    // Copied: who has given it may write to it again, while this waits for the target.
    const hasRoom = request.write(Buffer.from(chunk));
    // A body of known length is over with its last byte, whether its writer has said so yet or not.
    if (this.#left === 0) request.end();
    if (!hasRoom && this.#phase === 'send') this.#limits.start('idle');
    return hasRoom;
  }

  /**
   * Ends the request's body.
   *
   * @param {string} trailers packed
   * @param {number} count
   */
  finish(trailers, count) {
    if (this.#tunnel !== null) {
      this.#tunnel.finish();
      return;
    }
    const request = this.#request;
    if (this.#isOver || request === null || request.writableEnded || request.destroyed) return;
    if (this.#left > 0) {
      this.#failLater(wrongLength());
      return;
    }
    if (count > 0 && this.#left === undefined) request.addTrailers(trailerPairs(trailers, count));
    request.end();
  }

  // The answer

  #interimResponse(message) {
    this.#isAnswered = true;
    this.#interim += 1;
    if (this.#interim > MOST_INTERIM_EVER) this.#fail(badAnswer(...TOO_MANY_INTERIM));
    else if (this.#interim <= MOST_INTERIM)
      this.#tell(
        'onInterim',
        message.statusCode,
        answerText(message, { ...this.#order, isRaw: false }, false),
      );
  }

  #response(message) {
    this.#isAnswered = true;
    this.#phase = 'body';
    for (const limit of BEFORE_ANSWER) this.#limits.stop(limit);
    const fault = faultOf(message);
    if (fault !== undefined) {
      this.#fail(badAnswer(...fault));
      return;
    }
    this.#answer = new NodeAnswer(message, this.#request, this.#order, this.#limits, {
      tell: (event, ...args) => this.#tell(event, ...args),
      end: (event, ...args) => this.#end(event, ...args),
      fail: (error) => this.#fail(error),
    });
    // By then what has come together with the head is there.
    process.nextTick(() => this.#isGivenUp || this.#answer.begin());
  }

  /** The response's body, or what comes through a tunnel. */
  get #inflow() {
    return this.#tunnel?.inflow ?? this.#answer?.inflow;
  }

  /** How many bytes of it wait. */
  get waiting() {
    return this.#inflow?.waiting ?? 0;
  }

  /** @param {Buffer} into */
  read(into) {
    return this.#inflow?.read(into) ?? 0;
  }

  #upgraded(message, socket, first) {
    const { config, head, isJudged, isUpgrade, isVerified } = this.#order;
    this.#isAnswered = true;
    let fault = isUpgrade ? isVerified && upgradeFailure(head, message) : badAnswer(...UNASKED_UPGRADE);
    const { failure, messages } = isJudged ? messagesOf(message) : NOT_JUDGED;
    fault ||= failure;
    const text = answerText(message, { ...this.#order, config, isRaw: false }, false);
    if (fault || text === undefined) {
      socket.destroy();
      this.#fail(fault || badAnswer(...BAD_FIELD));
      return;
    }
    for (const limit of [...BEFORE_ANSWER, 'total']) this.#limits.stop(limit);
    this.#tunnel = new NodeTunnel(socket, first, messages, {
      tell: (event, ...args) => this.#tell(event, ...args),
      over: (error) => (error === undefined ? this.#end('onEnd', '') : this.#end('onFailed', error)),
    });
    this.#tell('onSwitched', text, endsOf(socket));
  }

  /** Of an upgrade that was granted. */
  get tunnel() {
    return this.#tunnel;
  }

  /** Says what becomes of the message of a direction that was shown last. */
  judge(isToClient, what, payload) {
    if (!this.#isOver && !this.#isGivenUp) this.#tunnel?.judge(isToClient, what, payload);
  }

  // Ends

  /** Gives the exchange up. It still ends with a last completion. */
  abort() {
    if (this.#isGivenUp) return;
    this.#isGivenUp = true;
    this.#request?.destroy();
    this.#tunnel?.destroy();
    process.nextTick(() => this.#end('onFailed', cancelled()));
  }

  #exceeded(limit, errorOf) {
    if (limit === 'connect' && this.#order.place.isQueued(this.#request)) this.#limits.start('connect');
    else if (limit === 'connect') this.#fail(errorOf('connect'));
    else if (this.#answer !== null) this.#fail(errorOf('body'));
    else this.#fail(errorOf(limit === 'idle' ? 'send' : 'head'));
  }

  #failed(error) {
    if (this.#isOver || this.#tunnel !== null) return;
    if (this.#mayRepeat(error)) this.#repeat();
    else this.#fail(clientFailure(error, this.#phase, this.#hasAnswer));
  }

  /** Whether anything has come back, were it only a part of a head. */
  get #hasAnswer() {
    return this.#isAnswered || this.#socket?.bytesRead > this.#bytesBefore;
  }

  /** A connection that was kept was closed under our hands. Once more, if nothing can happen twice. */
  #mayRepeat({ code }) {
    const { body, head } = this.#order;
    const wasClosed = code === 'ECONNRESET' || code === 'EPIPE';
    if (!wasClosed || !this.#isReused || this.#hasAnswer || this.#hasRepeated) return false;
    return IDEMPOTENT.has(head.method) && body !== undefined && body.length <= REPLAY_LIMIT;
  }

  #repeat() {
    this.#hasRepeated = true;
    this.#onRetry();
    this.#limits.stop('head');
    try {
      this.#send();
    } catch (thrown) {
      this.#fail(hookError('agent', thrown));
    }
  }

  #fail(error) {
    if (this.#isOver) return;
    this.#end('onFailed', error);
    this.#isGivenUp = true;
    this.#request?.destroy();
  }

  #end(event, ...args) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#limits.stopAll();
    this.#onOver();
    this.#tell(event, ...args);
  }

  /** What somebody throws who is told is this exchange's failure. */
  #tell(event, ...args) {
    try {
      this.#face[event](...args);
    } catch (thrown) {
      this.#face.fail(hookError('proxyRes', thrown));
    }
  }
}

const NOT_JUDGED = {};
const UPGRADE_FIELDS = { connection: 'Upgrade', upgrade: 'websocket' };
const TOO_MANY_INTERIM = ['HPE_HEADER_OVERFLOW', 'Too many interim responses'];
/** Limits that an answer ends. */
const BEFORE_ANSWER = ['connect', 'head', 'idle'];
const UNASKED_UPGRADE = ['HPE_INVALID_STATUS', '101 Switching Protocols without a request for an upgrade'];

/** What Node lets pass and the engine does not. */
function faultOf({ httpVersion, statusCode }) {
  if (statusCode === 101) return HALF_UPGRADE;
  // What only plays a target may not say it.
  return ['1.0', '1.1', null, undefined].includes(httpVersion) ? undefined : BAD_VERSION;
}

const HALF_UPGRADE = [
  'ERR_PROXY_INVALID_UPGRADE',
  '101 Switching Protocols that does not grant the WebSocket that was asked for',
];
const BAD_VERSION = ['HPE_INVALID_VERSION', 'Invalid HTTP version'];

/** Our end and the target's, as the engine says it. */
function endsOf({ localAddress, localPort, remoteAddress, remotePort }) {
  if (localAddress === undefined || remoteAddress === undefined) return '';
  return `${localAddress}\n${localPort}\n${remoteAddress}\n${remotePort}\n`;
}

module.exports = { NodeExchange };
