'use strict';

/**
 * The options there are, and what may stand in them. An option that cannot be honoured is refused by name, never ignored.
 */

const isString = (value) => typeof value === 'string';
const isBoolean = (value) => typeof value === 'boolean';
const isMilliseconds = (value) => Number.isFinite(value) && value >= 0 && value <= LONGEST_TIMER;
const isObject = (value) => typeof value === 'object' && value !== null;

/** Node's timers cannot wait longer. */
const LONGEST_TIMER = 2 ** 31 - 1;

const BOOLEAN = { is: isBoolean, want: 'true or false' };
const MILLISECONDS = { is: isMilliseconds, want: `a number of milliseconds from 0 to ${LONGEST_TIMER}` };

/** @type {Record<string, { is(value: unknown): boolean, want: string }>} */
const OPTIONS = {
  agent: { is: (value) => value === false, want: 'false; other agents are not supported yet' },
  allowDuplicateHost: BOOLEAN,
  ca: { is: isCa, want: 'PEM certificates: a string, a Buffer, or an array of them' },
  changeOrigin: BOOLEAN,
  connectTimeout: MILLISECONDS,
  headers: { is: isObject, want: 'an object of header fields' },
  hookTimeout: MILLISECONDS,
  ignorePath: BOOLEAN,
  prependPath: BOOLEAN,
  proxyTimeout: MILLISECONDS,
  secure: BOOLEAN,
  selfHandleResponse: BOOLEAN,
  target: { is: (value) => isString(value) || isObject(value), want: 'a URL string, a URL, or an object' },
  throwOnUnhandledError: BOOLEAN,
  timeout: MILLISECONDS,
  xfwd: BOOLEAN,
};

function isCa(value) {
  if (Array.isArray(value)) return value.length > 0 && value.every(isCa);
  return isString(value) || ArrayBuffer.isView(value);
}

/**
 * Checks options by name and kind.
 *
 * @param {Record<string, unknown>} options
 * @throws {TypeError} that names the first option that cannot be honoured
 */
function checkOptions(options) {
  for (const name of Object.keys(options)) {
    const value = options[name];
    // What is not set asks for nothing.
    if (value === undefined || value === null) continue;
    const rule = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
    if (rule === undefined) {
      if (value === false) continue;
      throw optionError(
        name,
        `The option ${name} is not supported by this version of rs-proxy-middleware; remove it`,
      );
    }
    if (!rule.is(value)) throw optionError(name, `The option ${name} must be ${rule.want}`);
  }
}

/** An error that says which option is wrong. */
function optionError(name, message) {
  const error = new TypeError(message);
  error.code = 'ERR_PROXY_INVALID_OPTION';
  error.option = name;
  return error;
}

module.exports = { checkOptions, optionError };
