'use strict';

/**
 * The engine's methods for exchanges (src/binding/engine.rs), over Node's own client: for what only JavaScript can do, such as agents that
 * connect in a way of their own. Passes and their refusals are the engine's.
 */

const { debuglog } = require('node:util');
const { Engine } = require('../bridge/engine.js');
const { unpackError } = require('../bridge/errors.js');
const { NodeExchange } = require('./node-exchange.js');
const { offerKnown } = require('./passes.js');
const { hostOf, requestHead } = require('./request-head.js');

const debug = debuglog('rs-proxy-middleware');

// How an exchange crosses; the same numbers stand in src/binding/engine.rs.
const STREAMED = 1;
const RAW_HEAD = 2;
const ANNOUNCED = 8;
const UPGRADE = 16;
const UNVERIFIED = 32;
const MESSAGES = 64;

const BANG = 0x21;
/** A router may name a new target with each request. */
const MOST_NAMED = 100;

/** @type {WeakMap<object, () => import('./place.js').Place>} by the engine's configuration */
const places = new WeakMap();

let shared;

class NodeTransport {
  /** @type {object[]} what is told, by number */
  #faces = [];
  #free = [];
  /** @type {(NodeExchange | undefined)[]} */
  #exchanges = [];
  #open = 0;
  #started = 0;
  #retries = 0;
  /** @type {Map<string, string>} why, by target */
  #reasons = new Map();

  /** The one of this environment. */
  static get() {
    shared ??= new NodeTransport();
    return shared;
  }

  /** What has been; `undefined` if nothing has. */
  static get stats() {
    return shared?.stats;
  }

  /**
   * Says how to find out where requests of a configuration go.
   *
   * @param {object} config the engine's
   * @param {() => import('./place.js').Place} placeOf is called at most once
   */
  static know(config, placeOf) {
    let place;
    places.set(config, () => (place ??= placeOf()));
  }

  get stats() {
    return {
      exchanges: this.#open,
      exchangesStarted: this.#started,
      retries: this.#retries,
      targets: Object.fromEntries(this.#reasons),
    };
  }

  // As `Engine` has it

  get native() {
    return this;
  }

  /** Whether it can move a client's bytes without Node. */
  get adopts() {
    return false;
  }

  get inFlight() {
    return this.#faces.length - this.#free.length;
  }

  register(face) {
    const id = this.#free.pop() ?? this.#faces.length;
    this.#faces[id] = face;
    return id;
  }

  flushSoon() {}

  release(id) {
    this.forget(id);
  }

  forget(id) {
    this.#faces[id] = undefined;
    this.#exchanges[id] = undefined;
    this.#free.push(id);
  }

  // As the engine's native half has it

  prepare(...args) {
    return Engine.get().native.prepare(...args);
  }

  outgoing(...args) {
    return Engine.get().native.outgoing(...args);
  }

  submit(id, config, text, fields, overrides, body, flags) {
    const prepared = this.prepare(config, text, fields, overrides);
    this.#begin(id, config, prepared, body, flags, hostOf(text));
  }

  resume(id, config, base, text, fields, body, flags, clientHost) {
    const { editedHead } = require('../native/binding.js');
    this.#begin(id, config, editedHead(base, text, fields), body, flags, clientHost);
  }

  #begin(id, config, packed, body, flags, clientHost) {
    const face = this.#faces[id];
    if (packed.charCodeAt(0) === BANG) {
      process.nextTick(() => face.onFailed(unpackError(packed.slice(1))));
      return;
    }
    const place = places.get(config)();
    this.#note(place);
    const isJudged = (flags & MESSAGES) !== 0;
    const exchange = new NodeExchange(
      {
        config,
        place,
        head: isJudged ? offerKnown(requestHead(packed)) : requestHead(packed),
        body: (flags & STREAMED) === 0 ? (body ?? EMPTY) : undefined,
        isRaw: (flags & RAW_HEAD) !== 0,
        isAnnounced: (flags & ANNOUNCED) !== 0,
        isUpgrade: (flags & UPGRADE) !== 0,
        isVerified: (flags & UNVERIFIED) === 0,
        isJudged,
        clientHost,
      },
      face,
      { onRetry: () => (this.#retries += 1), onOver: () => (this.#open -= 1) },
    );
    this.#exchanges[id] = exchange;
    this.#open += 1;
    this.#started += 1;
    exchange.start();
  }

  #note({ origin, reason }) {
    if (this.#reasons.get(origin) === reason) return;
    this.#reasons.set(origin, reason);
    debug('Requests to %s go over the HTTP client of Node: %s', origin, reason);
    if (this.#reasons.size > MOST_NAMED) this.#reasons.delete(this.#reasons.keys().next().value);
  }

  write(id, chunk) {
    return this.#exchanges[id]?.write(chunk) ?? true;
  }

  finish(id, trailers, fields) {
    this.#exchanges[id]?.finish(trailers, fields);
  }

  waiting(id) {
    return this.#exchanges[id]?.waiting ?? 0;
  }

  read(id, into) {
    return this.#exchanges[id]?.read(into) ?? 0;
  }

  abort(id) {
    this.#exchanges[id]?.abort();
  }

  tunnel(id, _fd, idle) {
    this.#exchanges[id]?.tunnel?.begin(idle);
    return true;
  }

  judge(id, isToClient, what, payload) {
    this.#exchanges[id]?.judge(isToClient, what, payload);
  }

  leave(id) {
    this.#exchanges[id]?.tunnel?.leave();
  }

  reset(id) {
    this.#exchanges[id]?.tunnel?.reset();
    this.abort(id);
  }
}

const EMPTY = Buffer.alloc(0);

module.exports = { NodeTransport };
