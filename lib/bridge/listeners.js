'use strict';

const { hookError, hookTimeoutError } = require('./errors.js');

/**
 * Calls an emitter's listeners of `event` one after another, as `emit` does, with every failure caught: neither a throw nor a rejection of
 * a user's listener may end the process or disturb another exchange.
 *
 * @param {import('node:events').EventEmitter} emitter
 * @param {string} event
 * @param {unknown[]} args
 * @param {(error: Error) => void} onFailure is told what a listener threw, or rejected with later
 * @param {Function[]} [listeners] if not all of them
 * @returns {Promise<unknown>[] | undefined} what asynchronous listeners returned; never rejects
 */
function callListeners(emitter, event, args, onFailure, listeners = emitter.rawListeners(event)) {
  let pending;
  for (const listener of listeners) {
    const settled = callCaught(listener, emitter, event, args, onFailure);
    if (settled === THREW) return pending;
    if (settled !== undefined) (pending ??= []).push(settled);
  }
  return pending;
}

/**
 * Calls one function of the user's, with every failure caught.
 *
 * @returns {Promise<unknown> | undefined | typeof THREW} what it returned, if that is a promise; never rejects
 */
function callCaught(hook, self, name, args, onFailure) {
  try {
    const result = Reflect.apply(hook, self, args);
    if (typeof result?.then !== 'function') return undefined;
    return Promise.resolve(result).catch((reason) => onFailure(hookError(name, reason)));
  } catch (thrown) {
    onFailure(hookError(name, thrown));
    return THREW;
  }
}

const THREW = Symbol('threw');

/**
 * Waits for asynchronous listeners, but not for ever.
 *
 * @param {string} event
 * @param {Promise<unknown>[]} pending
 * @param {number} milliseconds
 * @returns {Promise<unknown[]>} what they came to
 */
async function withinTime(event, pending, milliseconds) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(hookTimeoutError(event, milliseconds)), milliseconds);
    timer.unref();
  });
  try {
    return await Promise.race([Promise.all(pending), limit]);
  } finally {
    clearTimeout(timer);
  }
}

module.exports = { callCaught, callListeners, withinTime };
