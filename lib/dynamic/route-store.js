'use strict';

/** Where routes are kept: as long as the process lives, or in a file, where a route that was registered outlives every end of it. */

/** A change that could not be kept: nothing has changed. */
class StoreError extends Error {}

class RouteStore {
  #native;
  #isKept;
  /** @type {{ change: Change, resolve(): void, reject(error: Error): void }[]} changes that are made at the end of this turn */
  #waiting = [];

  /**
   * @param {string} [store] `file:` and a path
   * @throws {StoreError} if the file cannot be used
   */
  constructor(store) {
    const { NativeStore } = require('../native/binding.js');
    const path = store?.slice('file:'.length);
    this.#isKept = path !== undefined;
    this.#native = attempt(`The store ${path} cannot be opened`, () => new NativeStore(path));
  }

  /** The routes that are kept, by host and prefix. One for several hosts is one object. */
  *routes() {
    const known = new Map();
    for (const { key, value } of this.#native.records()) {
      if (!known.has(value)) known.set(value, JSON.parse(value));
      yield { key: JSON.parse(key), route: known.get(value) };
    }
  }

  /**
   * @param {string[]} keys hosts and prefixes
   * @throws {StoreError} if it cannot be kept; then nothing has changed
   */
  put(keys, route) {
    const changes = keys.map((key) => changeOf(key, route));
    attempt('The route cannot be kept', () => this.#native.apply(changes));
  }

  /** @throws {StoreError} */
  remove(keys) {
    const changes = keys.map((key) => changeOf(key));
    attempt('The route cannot be taken out', () => this.#native.apply(changes));
  }

  /**
   * Puts a route, or takes it out, together with whatever else comes in this turn of the loop: to be sure that it has reached the disk takes
   * as long for many changes as for one.
   *
   * @param {string} key
   * @param {object} [route] nothing takes it out
   * @returns {Promise<void>} rejects with a `StoreError`
   */
  async changeSoon(key, route) {
    const change = changeOf(key, route);
    await new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      if (!this.#isKept) this.#flush();
      else if (this.#waiting.length === 1) setImmediate(() => this.#flush());
    });
  }

  #flush() {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const changes = waiting.map(({ change }) => change);
    try {
      attempt('The change cannot be kept', () => this.#native.apply(changes));
      for (const { resolve } of waiting) resolve();
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }

  /** Lets go of the file, with all that was to be kept in it. */
  close() {
    this.#flush();
    this.#native.close();
  }
}

/**
 * As JSON, neither of them has tabs or line feeds.
 *
 * @typedef {{ key: string, value?: string }} Change
 *
 * @returns {Change}
 */
function changeOf(key, route) {
  return { key: JSON.stringify(key), value: route && JSON.stringify(route) };
}

function attempt(what, act) {
  try {
    return act();
  } catch (cause) {
    throw new StoreError(`${what}: ${cause.message}`, { cause });
  }
}

module.exports = { RouteStore, StoreError };
