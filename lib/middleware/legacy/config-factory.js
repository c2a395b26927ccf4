'use strict';

const { isPlainObject } = require('../plain-object.js');

const SHORTHAND = /^[a-z][a-z\d+.-]*:\/\/[^/?#]/i;

/**
 * Reads the ways in which version 2 could be called: `(options)`, `('http://host/path', options)` and `(context, options)`.
 *
 * @param {unknown} context
 * @param {object} [options]
 * @returns {{ context: unknown, options: Record<string, any> }}
 */
function createConfig(context, options) {
  const isAlone = options === undefined || options === null || Object.keys(options).length === 0;
  if (isPlainObject(context) && isAlone) return { context: '/', options: { ...context } };
  if (typeof context === 'string' && SHORTHAND.test(context)) return fromShorthand(context, options);
  return { context, options: { ...options } };
}

function fromShorthand(text, options) {
  const { protocol, host, pathname } = new URL(text);
  const config = { context: pathname || '/', options: { target: `${protocol}//${host}`, ...options } };
  if (protocol === 'ws:' || protocol === 'wss:') config.options.ws = true;
  return config;
}

module.exports = { createConfig, SHORTHAND };
