'use strict';

/** The time limits of one exchange over Node's client; the same as the engine's (src/engine/config.rs). */

const { timeoutError } = require('../bridge/errors.js');

/** Name, connection and handshake together, unless the options say otherwise. */
const CONNECT_LIMIT = 10_000;

class TimeLimits {
  #limits;
  #isNamed;
  #onExceeded;
  #timers = new Map();

  /**
   * @param {object} limits in milliseconds; a limit that is missing is none
   * @param {number} [limits.connect]
   * @param {number} [limits.head]
   * @param {number} [limits.idle]
   * @param {number} [limits.total]
   * @param {boolean} limits.isNamed they were given by the option `timeouts`
   * @param {(limit: string, errorOf: (phase: string) => Error) => void} onExceeded
   */
  constructor({ isNamed, ...limits }, onExceeded) {
    this.#limits = { ...limits, connect: limits.connect ?? CONNECT_LIMIT };
    this.#isNamed = isNamed;
    this.#onExceeded = onExceeded;
  }

  /**
   * Begins a limit anew.
   *
   * @param {'connect' | 'head' | 'idle' | 'total'} limit
   */
  start(limit) {
    const milliseconds = this.#limits[limit];
    this.stop(limit);
    if (milliseconds === undefined) return;
    const timer = setTimeout(() => {
      this.#onExceeded(limit, (phase) => timeoutError(limit, milliseconds, this.#isNamed, phase));
    }, milliseconds);
    timer.unref();
    this.#timers.set(limit, timer);
  }

  stop(limit) {
    clearTimeout(this.#timers.get(limit));
    this.#timers.delete(limit);
  }

  stopAll() {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}

module.exports = { TimeLimits };
