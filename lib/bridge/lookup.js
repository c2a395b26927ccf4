'use strict';

/**
 * The option `lookup`: a function of the user's gives the addresses of a name, as it does for Node's own client. The engine asks for them when it is about to
 * connect.
 */

const dns = require('node:dns');
const net = require('node:net');

/** What Node's own client gives: addresses of families that this machine has none of are not wanted. */
const HINTS = process.platform === 'win32' ? 0 : dns.ADDRCONFIG;

/** The engine knows functions by their numbers. */
const numbers = new WeakMap();
/** @type {Map<number, WeakRef<Function>>} whoever uses a function holds it */
const functions = new Map();
const forgotten = new FinalizationRegistry((number) => functions.delete(number));
let lastNumber = 0;

/** The number of a function. */
function numberOf(lookup) {
  let number = numbers.get(lookup);
  if (number === undefined) {
    number = ++lastNumber;
    numbers.set(lookup, number);
    functions.set(number, new WeakRef(lookup));
    forgotten.register(lookup, number);
  }
  return number;
}

/**
 * Calls a function as Node does; it may answer with one address or with all of them.
 *
 * @param {number} number
 * @param {string} host
 * @param {(addresses: string[], code: string, message: string) => void} found is called once; without addresses there is a message
 */
function lookUp(number, host, found) {
  let isAnswered = false;
  const answer = (error, given) => {
    if (isAnswered) return;
    isAnswered = true;
    const addresses = Array.isArray(given) ? given.map((one) => one?.address) : [given];
    const strange = addresses.find((address) => net.isIP(address) === 0);
    if (error) found([], `${error.code ?? ''}`, `${error.message ?? error}`);
    else if (addresses.length === 0) found([], 'ENOTFOUND', `getaddrinfo ENOTFOUND ${host}`);
    else if (strange !== undefined || addresses.includes(undefined))
      found([], 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${strange}`);
    else found(addresses, '', '');
  };
  try {
    functions.get(number)?.deref()?.(host, { family: 0, hints: HINTS, all: true }, answer);
  } catch (thrown) {
    answer(thrown ?? new Error('The function lookup has thrown nothing'));
  }
}

module.exports = { lookUp, numberOf };
