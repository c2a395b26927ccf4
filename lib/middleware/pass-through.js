'use strict';

const { optionError } = require('../proxy-server/options.js');

/**
 * Reads the option `passThrough`: the statuses of answers that the application gives instead, or a function that says so.
 *
 * @param {unknown} passThrough
 * @returns {((status: number, proxyRes: object, req: object) => boolean) | undefined}
 * @throws {TypeError} if it is neither
 */
function createPassThrough(passThrough) {
  if (passThrough === undefined || passThrough === null || passThrough === false) return undefined;
  if (typeof passThrough === 'function') return byFunction(passThrough);
  if (Array.isArray(passThrough) && passThrough.every(isStatus)) {
    const statuses = new Set(passThrough);
    return (status) => statuses.has(status);
  }
  const want = 'an array of statuses from 200 to 999, or a function that gives true or false';
  throw optionError('passThrough', `The option passThrough must be ${want}`);
}

const isStatus = (value) => Number.isInteger(value) && value >= 200 && value <= 999;

function byFunction(decide) {
  return (status, proxyRes, req) => {
    const answer = decide(status, proxyRes, req);
    // It would always be true.
    if (typeof answer?.then !== 'function') return Boolean(answer);
    // Nobody waits for it, so nobody would hear of its rejection either.
    Promise.resolve(answer).catch(() => {});
    throw new TypeError('The function passThrough must say at once whether to pass: it has given a promise');
  };
}

module.exports = { createPassThrough };
