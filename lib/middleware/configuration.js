'use strict';

const { optionError } = require('../proxy-server/options.js');
const { HttpProxyMiddlewareError } = require('./errors.js');
const { isPlainObject } = require('./plain-object.js');

/**
 * Checks, once, the options that are the middleware's own. Those of the proxy are checked where the proxy is made.
 *
 * @param {import('../../index.js').Options} options
 * @throws {Error} that names the option that is wrong
 */
function verifyConfig(options) {
  // An empty text is a target that is wrong, not one that is missing.
  if (!options?.router && !options?.target && options?.target !== '') {
    throw new HttpProxyMiddlewareError(
      '[HPM] Missing "target" option. Example: {target: "http://www.example.org"}',
      'ERR_CONFIG_FACTORY_TARGET_MISSING',
    );
  }
  for (const [name, { is, want }] of Object.entries(OWN)) {
    if (options[name] && !is(options[name])) throw optionError(name, `The option ${name} must be ${want}`);
  }
  for (const [event, listener] of Object.entries(options.on ?? {})) {
    if (listener && typeof listener !== 'function')
      throw optionError('on', `The option on.${event} must be a function`);
  }
}

const isObject = (value) => typeof value === 'object';
const isFunction = (value) => typeof value === 'function';

/** `pathFilter` and `pathRewrite` have messages of their own, and are checked where they are read. */
const OWN = {
  router: {
    is: (value) => isFunction(value) || isPlainObject(value),
    want: 'a table of targets by host and path, or a function that gives a target',
  },
  on: { is: isObject, want: 'an object of listeners' },
  plugins: {
    is: (value) => Array.isArray(value) && value.every(isFunction),
    want: 'an array of functions',
  },
  logger: {
    is: (value) =>
      (isObject(value) || isFunction(value)) && isFunction(value.info) && isFunction(value.error),
    want: 'an object with the methods info, warn and error',
  },
};

module.exports = { verifyConfig };
