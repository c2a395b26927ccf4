'use strict';

/**
 * Which target a request goes to, and whether it may be sent again when that fails (the options `target` as a list and `retry`).
 *
 * What has not been written to a target cannot have been acted on: such a request may be sent again whatever its method is. What may have
 * been acted on is sent again only if its method allows it, nothing had come back, and not too many others are being sent again.
 */

const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'];
/** A target that could not be connected to is the last to be asked for so many milliseconds. */
const AVOIDED_FOR = 10_000;
/** Once each target was asked, there is a pause, which doubles with every further round. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1000;
/** Requests that are sent again at the same time: so many, or this share of all, whichever is more. */
const LEAST_RETRIES = 3;
const SHARE_OF_RETRIES = 0.2;
/** This machine has nothing left to connect with; another target would not help. */
const OWN_FAULT = new Set(['EMFILE', 'EADDRNOTAVAIL']);

/** Requests that are being sent again although their first target may have acted on them. */
let retrying = 0;

class Attempts {
  #configs;
  #retry;
  #most;
  #made = 1;
  #began = Date.now();
  #isCounted = false;

  /**
   * @param {import('./config.js').Config[]} configs of the targets, in turn
   * @param {{ attempts?: number, methods?: string[], statuses?: number[] } | undefined} retry
   */
  constructor(configs, retry) {
    this.#configs = inOrder(configs);
    this.#retry = retry || {};
    this.#most = this.#retry.attempts ?? Math.max(configs.length, retry ? 2 : 1);
  }

  /** That of the attempt that is being made. */
  get config() {
    return this.#configs[(this.#made - 1) % this.#configs.length];
  }

  /** How many milliseconds ago the first attempt began. */
  get elapsed() {
    return Date.now() - this.#began;
  }

  /**
   * Whether to try again after this failure. A target that could not be connected to is avoided from now on.
   *
   * @param {import('../bridge/errors.js').ProxyError} error
   * @param {string} method
   * @param {number} inFlight how many exchanges there are
   */
  afterFailure(error, method, inFlight) {
    if (error.side !== 'upstream' || error.isAnswered || OWN_FAULT.has(error.code)) return false;
    const isUnsent = error.phase === 'connect' || error.phase === 'tls';
    if (isUnsent) this.config.avoidedUntil = Date.now() + AVOIDED_FOR;
    if (this.#made >= this.#most) return false;
    return isUnsent || (error.timeout !== 'total' && this.#mayRepeat(method, inFlight));
  }

  /** Whether to try again instead of answering with this status. */
  afterStatus(status, method, inFlight) {
    const isListed = this.#retry.statuses?.includes(status) === true;
    return isListed && this.#made < this.#most && this.#mayRepeat(method, inFlight);
  }

  #mayRepeat(method, inFlight) {
    const methods = this.#retry.methods ?? IDEMPOTENT;
    if (!methods.some((one) => one.toUpperCase() === method)) return false;
    return this.#isCounted || retrying < Math.max(LEAST_RETRIES, SHARE_OF_RETRIES * inFlight);
  }

  /**
   * Goes on to the next attempt.
   *
   * @param {boolean} isRepeated whether the target may have acted on this one
   * @returns {number} how many milliseconds to wait for it
   */
  next(isRepeated) {
    if (isRepeated && !this.#isCounted) {
      this.#isCounted = true;
      retrying += 1;
    }
    const round = Math.floor(this.#made / this.#configs.length);
    this.#made += 1;
    return round === 0 ? 0 : Math.min(FIRST_PAUSE * 2 ** (round - 1), LONGEST_PAUSE);
  }

  /** There will be no further attempt. */
  end() {
    if (!this.#isCounted) return;
    this.#isCounted = false;
    retrying -= 1;
  }
}

/** Those that could not be connected to a moment ago come last; if that is all of them, nothing changes. */
function inOrder(configs) {
  const now = Date.now();
  const isAvoided = ({ avoidedUntil = 0 }) => avoidedUntil > now;
  if (!configs.some(isAvoided)) return configs;
  return [...configs.filter((config) => !isAvoided(config)), ...configs.filter(isAvoided)];
}

/** @type {WeakMap<object, number>} how many calls of a proxy went to a list */
const turns = new WeakMap();

/** Which of these targets a call asks first. */
function takeTurn(proxy, target) {
  if (!Array.isArray(target) || target.length === 0) return 0;
  const turn = turns.get(proxy) ?? 0;
  turns.set(proxy, turn + 1);
  return turn % target.length;
}

/**
 * Notes where a call goes: to one target, or to those of a list, beginning with the one whose turn it is.
 *
 * @param {import('./call.js').Call} call
 * @param {Record<string, any>} options
 * @param {{ of(options: object, target: unknown): import('./config.js').Config }} configs such as a `ConfigMemo`
 */
function chooseTarget(call, options, configs) {
  const { target, retry } = options;
  // A list without any target is refused like one.
  if (!Array.isArray(target) || target.length === 0) {
    call.config = configs.of(options, target);
    if (retry) call.attempts = new Attempts([call.config], retry);
    return;
  }
  const inTurn = target.map((_, i) => configs.of(options, target[(call.turn + i) % target.length]));
  call.attempts = new Attempts(inTurn, retry);
  call.config = call.attempts.config;
}

module.exports = { chooseTarget, takeTurn };
