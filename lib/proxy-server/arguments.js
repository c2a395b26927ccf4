'use strict';

/**
 * The arguments of `web(req, res[, options][, callback])`, told apart by kind.
 *
 * @param {unknown[]} rest what follows `req` and `res`
 * @returns {{ options: object | undefined, callback: Function | undefined }}
 */
function webArguments(rest) {
  let options;
  let callback;
  for (const argument of rest) {
    if (typeof argument === 'function') callback = argument;
    else if (typeof argument === 'object' && argument !== null && !ArrayBuffer.isView(argument))
      options ??= argument;
  }
  return { options, callback };
}

module.exports = { webArguments };
