'use strict';

/**
 * What follows `req` and `res` in `web(req, res[, options][, callback])`, and `req` and `socket` in `ws(req, socket, head[, options][,
 * callback])` or, as httpxy has it, `ws(req, socket, options[, head])`: told apart by kind. `instanceof` would not know objects of
 * another realm.
 *
 * @param {unknown[]} rest
 * @returns {{ options: object | undefined, head: ArrayBufferView | undefined, callback: Function | undefined }}
 */
function callArguments(rest) {
  let options;
  let head;
  let callback;
  for (const argument of rest) {
    if (typeof argument === 'function') callback = argument;
    else if (typeof argument !== 'object' || argument === null) continue;
    else if (ArrayBuffer.isView(argument)) head ??= argument;
    else options ??= argument;
  }
  return { options, head, callback };
}

module.exports = { callArguments };
