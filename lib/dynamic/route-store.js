'use strict';

/** Where routes are kept: as long as the process lives, or in a file, where a route that was registered outlives every end of it. */

/** A change that could not be kept: nothing has changed. */
class StoreError extends Error {}

class RouteStore {
  #native;

  /**
   * @param {string} [store] `file:` and a path
   * @throws {StoreError} if the file cannot be used
   */
  constructor(store) {
    const { NativeStore } = require('../native/binding.js');
    const path = store?.slice('file:'.length);
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
   * @param {string} key host and prefix
   * @throws {StoreError}
   */
  put(key, route) {
    // As JSON, neither of them has tabs or line feeds.
    attempt('The route cannot be kept', () => this.#native.put(JSON.stringify(key), JSON.stringify(route)));
  }

  /** @throws {StoreError} */
  remove(key) {
    attempt('The route cannot be taken out', () => this.#native.remove(JSON.stringify(key)));
  }

  /** Lets go of the file. */
  close() {
    this.#native.close();
  }
}

function attempt(what, act) {
  try {
    return act();
  } catch (cause) {
    throw new StoreError(`${what}: ${cause.message}`, { cause });
  }
}

module.exports = { RouteStore, StoreError };
