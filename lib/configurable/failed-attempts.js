'use strict';

/** Attempts to use the API with a wrong token: who has made too many of them has to wait, so that nobody can try out tokens. */

/** One a second, all at once or not. */
const USUAL = { most: 60, within: 60_000, mostAddresses: 10_000 };

class FailedAttempts {
  #limits;
  #now;
  /** @type {Map<string, { count: number, until: number }>} by address, the oldest first */
  #failures = new Map();
  /** Addresses that have shown the right token: others who are there, too, must not shut them out. The least recently seen first. */
  #trusted = new Set();

  /**
   * @param {Partial<typeof USUAL>} [limits]
   * @param {() => number} [now] milliseconds
   */
  constructor(limits, now = () => performance.now()) {
    this.#limits = { ...USUAL, ...limits };
    this.#now = now;
  }

  /**
   * How long an address has to wait until it may try again.
   *
   * @param {string} address
   * @returns {number} seconds; 0 if it may
   */
  wait(address) {
    const failures = this.#current(address);
    if (failures === undefined || failures.count < this.#limits.most || this.#trusted.has(address)) return 0;
    return Math.ceil((failures.until - this.#now()) / 1000);
  }

  failed(address) {
    const failures = this.#current(address);
    if (failures !== undefined) failures.count += 1;
    else {
      this.#failures.delete(address);
      this.#failures.set(address, { count: 1, until: this.#now() + this.#limits.within });
      this.#bound(this.#failures);
    }
  }

  succeeded(address) {
    this.#trusted.delete(address);
    this.#trusted.add(address);
    this.#bound(this.#trusted);
  }

  #current(address) {
    const failures = this.#failures.get(address);
    return failures !== undefined && failures.until > this.#now() ? failures : undefined;
  }

  #bound(table) {
    if (table.size > this.#limits.mostAddresses) table.delete(table.keys().next().value);
  }
}

module.exports = { FailedAttempts };
