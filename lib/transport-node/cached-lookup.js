'use strict';

/** The option `dnsCache` for Node's own client: addresses of names are used again, as the engine does (src/engine/upstream/resolve.rs). */

const dns = require('node:dns');

/** A target that has just come up must be found. */
const LONGEST_FAILURE = 1000;
const MOST_NAMES = 1024;

/**
 * A function for the option `lookup` of `net.connect`.
 *
 * @param {number} milliseconds for which an answer is used again; a failure for a second at most
 */
function cachedLookup(milliseconds) {
  /** @type {Map<string, { answer: Promise<import('node:dns').LookupAddress[]>, until: number }>} */
  const known = new Map();
  const ask = (hostname, { family = 0, hints = 0 }) => {
    const key = `${hostname} ${family} ${hints}`;
    const found = known.get(key);
    if (found !== undefined && found.until > Date.now()) return found.answer;
    if (known.size >= MOST_NAMES) known.clear();
    const answer = dns.promises.lookup(hostname, { family, hints, all: true });
    // Whoever asks meanwhile waits for the same answer.
    const entry = { answer, until: Infinity };
    const keep = (limit) => (entry.until = Date.now() + limit);
    answer.then(
      () => keep(milliseconds),
      () => keep(Math.min(milliseconds, LONGEST_FAILURE)),
    );
    known.set(key, entry);
    return answer;
  };
  return (hostname, options, callback) => {
    const tell = (addresses) =>
      options.all ? callback(null, addresses) : callback(null, addresses[0].address, addresses[0].family);
    // Outside of the promise: what the callback throws is not its own.
    ask(hostname, options).then(
      (addresses) => process.nextTick(tell, addresses),
      (error) => process.nextTick(callback, error),
    );
  };
}

module.exports = { cachedLookup };
