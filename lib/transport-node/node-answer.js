'use strict';

/** The answer that Node's client has got: its head past the engine's passes, then its body inside a window. */

const { BAD_FIELD, badAnswer, cutShort } = require('./failures.js');
const { Inflow } = require('./inflow.js');
const { answerText, trailerText } = require('./passes.js');

// What a response is; the same numbers stand in src/binding/completion.rs.
const OPEN_ENDED = 2;
const ENDS_CONNECTION = 4;
const HTTP10 = 8;

/** As many fields the engine takes. */
const MOST_FIELDS = 200;
/** Bodies up to this size cross together with their head. */
const WHOLE_LIMIT = 32 * 1024;

class NodeAnswer {
  #message;
  #request;
  #order;
  #limits;
  #owner;

  /**
   * @param {import('node:http').IncomingMessage} message
   * @param {import('node:http').ClientRequest} request
   * @param {import('./node-exchange.js').Order} order
   * @param {import('./time-limits.js').TimeLimits} limits
   * @param {{ tell: Function, end: Function, fail(error: Error): void }} owner
   */
  constructor(message, request, order, limits, owner) {
    this.#message = message;
    this.#request = request;
    this.#order = order;
    this.#limits = limits;
    this.#owner = owner;
    this.inflow = new Inflow(
      {
        pause: () => {
          limits.stop('idle');
          message.pause();
        },
        resume: () => {
          limits.start('idle');
          message.resume();
        },
      },
      () => owner.tell('onReadable'),
    );
  }

  /** Tells of the head, and of the body as it comes. */
  begin() {
    const message = this.#message;
    const request = this.#request;
    const { statusCode: status, rawHeaders } = message;
    if (message.destroyed) {
      this.#owner.fail(cutShort());
      return;
    }
    const isBodiless = this.#order.head.method === 'HEAD' || status === 204 || status === 304;
    const whole = isBodiless ? '' : this.#takeWhole();
    const isOpen = !isBodiless && message.headers['content-length'] === undefined;
    const text = answerText(message, this.#order, isOpen);
    if (text === undefined || rawHeaders.length > 2 * MOST_FIELDS) {
      this.#owner.fail(badAnswer(...(text === undefined ? BAD_FIELD : TOO_MANY_FIELDS)));
      return;
    }
    const cuts = this.#order.body === undefined && !request.writableEnded;
    const flag = (isSet, bit) => (isSet ? bit : 0);
    const flags =
      flag(isOpen, OPEN_ENDED) | flag(cuts, ENDS_CONNECTION) | flag(message.httpVersion === '1.0', HTTP10);
    if (whole !== undefined) {
      // Told once its connection is free: whoever hears of it may ask again at once.
      const told = () => {
        this.#owner.end('onResponse', status, flags, text, whole);
        if (cuts) request.destroy();
      };
      message.on('error', () => {});
      message.on('end', () => process.nextTick(told));
      message.on('close', () => process.nextTick(told));
      message.resume();
      return;
    }
    this.#owner.tell('onResponse', status, flags, text, undefined);
    if (!request.destroyed) this.#receive();
  }

  /** A small body that is there already crosses together with its head, a character a byte. */
  #takeWhole() {
    const { complete, rawTrailers = [], readableLength } = this.#message;
    if (!complete || rawTrailers.length > 0 || readableLength > WHOLE_LIMIT) return undefined;
    let whole = '';
    while (this.#message.readableLength > 0) whole += this.#message.read().toString('latin1');
    return whole;
  }

  #receive() {
    const message = this.#message;
    const request = this.#request;
    this.#limits.start('idle');
    message.on('data', (chunk) => {
      this.#limits.start('idle');
      this.inflow.push(chunk);
    });
    message.on('end', () => {
      if (message.complete === false) return;
      this.#owner.end('onEnd', trailerText(message.rawTrailers ?? []));
      // What is still to come of the request has nowhere to go, and the connection cannot be used again.
      if (!request.writableEnded) request.destroy();
    });
    // What the parser does not like is told of the request, and sooner.
    message.on('error', () => this.#owner.fail(cutShort()));
    message.on('close', () => this.#owner.fail(cutShort()));
  }
}

const TOO_MANY_FIELDS = ['HPE_HEADER_OVERFLOW', 'Header overflow'];

module.exports = { NodeAnswer };
