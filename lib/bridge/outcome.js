'use strict';

/**
 * The promise of `web()`. It knows whether anybody waits for it: a failure that somebody waits for is theirs to answer, one that nobody
 * waits for is answered by the proxy and must not become an unhandled rejection.
 */
class Outcome extends Promise {
  #resolve;
  #reject;
  #awaited = false;

  constructor(executor) {
    let resolveThis;
    let rejectThis;
    super((resolve, reject) => {
      resolveThis = resolve;
      rejectThis = reject;
      executor?.(resolve, reject);
    });
    this.#resolve = resolveThis;
    this.#reject = rejectThis;
  }

  /** What `then` returns is an ordinary promise. */
  static get [Symbol.species]() {
    return Promise;
  }

  get isAwaited() {
    return this.#awaited;
  }

  then(onFulfilled, onRejected) {
    this.#awaited = true;
    return super.then(onFulfilled, onRejected);
  }

  resolve(value) {
    this.#resolve(value);
  }

  reject(error) {
    this.#reject(error);
  }
}

module.exports = { Outcome };
