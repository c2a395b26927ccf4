'use strict';

/** What `wsMessage` listeners make of a message: each is given what the one before it has left. */

const { withinTime } = require('./listeners.js');

// What becomes of a message; the same numbers stand in src/binding/messages.rs.
const PASS = 0;
const DROP = 1;
const TEXT = 2;
const BINARY = 3;

/**
 * @typedef {object} Circumstances
 * @property {'toTarget' | 'toClient'} direction
 * @property {boolean} binary
 * @property {import('node:stream').Duplex} socket the client's
 *
 * @typedef {{ what: number, payload?: Buffer }} Verdict
 */

/**
 * @param {import('node:events').EventEmitter} proxy
 * @param {string | Buffer} message
 * @param {Circumstances} circumstances
 * @param {number | undefined} milliseconds how long to wait for those that return promises
 * @returns {Verdict | Promise<Verdict>} throws and rejects as the listeners do
 */
function judge(proxy, message, circumstances, milliseconds) {
  const listeners = proxy.rawListeners('wsMessage');
  const from = (at, current) => {
    for (let i = at; i < listeners.length; i++) {
      const result = Reflect.apply(listeners[i], proxy, [current, circumstances]);
      if (typeof result?.then === 'function') return result.then((settled) => goOn(i, settled, current));
      if (result === null) return null;
      if (result !== undefined) current = result;
    }
    return current;
  };
  const goOn = (i, settled, current) => (settled === null ? null : from(i + 1, settled ?? current));
  const last = from(0, message);
  if (typeof last?.then !== 'function') return verdictOf(last, message);
  const inTime = milliseconds > 0 ? withinTime('wsMessage', [last], milliseconds).then(([one]) => one) : last;
  return inTime.then((settled) => verdictOf(settled, message));
}

/** @returns {Verdict} */
function verdictOf(result, message) {
  // Bytes may have been changed in their place.
  if (result === message && typeof result === 'string') return { what: PASS };
  if (result === null) return { what: DROP };
  if (typeof result === 'string') return { what: TEXT, payload: Buffer.from(result) };
  if (ArrayBuffer.isView(result)) {
    return { what: BINARY, payload: Buffer.from(result.buffer, result.byteOffset, result.byteLength) };
  }
  const error = new TypeError(
    'A wsMessage listener must return a string, a Buffer, null to drop the message, or undefined to leave it as it is',
  );
  error.code = 'ERR_INVALID_RETURN_VALUE';
  throw error;
}

module.exports = { judge };
