'use strict';

/** The chains of passes that `before` and `after` change. */

const { withinTime } = require('../bridge/listeners.js');
const webIncoming = require('./passes/web-incoming.js');
const wsIncoming = require('./passes/ws-incoming.js');

const WEB_PASSES = Object.values(webIncoming);
const WS_PASSES = Object.values(wsIncoming);

/** Whether nobody has added or removed a pass: then the engine does what they do. */
function isBuiltIn(passes, ours = WEB_PASSES) {
  if (passes.length !== ours.length) return false;
  for (let i = 0; i < passes.length; i++) if (passes[i] !== ours[i]) return false;
  return true;
}

/**
 * Inserts a pass.
 *
 * @param {Function[]} passes
 * @param {string} name of the pass that it is put next to; the last one of that name counts
 * @param {0 | 1} distance
 * @param {Function} pass
 */
function insertPass(passes, name, distance, pass) {
  const at = passes.findLastIndex((one) => one.name === name);
  if (at < 0) throw new Error('No such pass');
  passes.splice(at + distance, 0, pass);
}

/**
 * Runs a chain until one of the passes says that it has answered itself. Passes that return promises are waited for.
 *
 * @param {Function[]} passes
 * @param {unknown[]} args
 * @param {number | undefined} milliseconds how long to wait for each
 * @returns {boolean | Promise<boolean>} whether it ran to its end
 */
function runPasses(passes, args, milliseconds) {
  const chain = [...passes];
  for (let i = 0; i < chain.length; i++) {
    const result = chain[i](...args);
    if (typeof result?.then === 'function') return goOn(chain, i, result, args, milliseconds);
    if (result) return false;
  }
  return true;
}

async function goOn(chain, at, result, args, milliseconds) {
  if (await settled(chain[at].name, result, milliseconds)) return false;
  return runPasses(chain.slice(at + 1), args, milliseconds);
}

/** What a promise of the user's becomes, within the time that there is. */
function settled(name, promise, milliseconds) {
  if (!(milliseconds > 0)) return promise;
  return withinTime(name, [promise], milliseconds).then(([value]) => value);
}

module.exports = { WEB_PASSES, WS_PASSES, insertPass, isBuiltIn, runPasses, settled };
