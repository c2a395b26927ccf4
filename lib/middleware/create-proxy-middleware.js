'use strict';

const { HttpProxyMiddleware } = require('./http-proxy-middleware.js');
const { createProxyMiddleware: createByOldRules } = require('./legacy/create-proxy-middleware.js');
const { EVENT_OPTIONS } = require('./legacy/event-options.js');

/**
 * Makes an Express or connect middleware that proxies requests. Called as http-proxy-middleware 2 was, it goes by the rules of that version.
 *
 * @param {import('../../index.js').Options} options those of `createProxyServer`, and the middleware's own
 * @param {object} [legacyOptions] the options, if the first argument is a context
 * @returns {import('../../index.js').RequestHandler}
 */
function createProxyMiddleware(options, legacyOptions) {
  if (!isOldCall(options, legacyOptions)) return new HttpProxyMiddleware(options).middleware;
  warnOfOldCall();
  return createByOldRules(options, legacyOptions);
}

const OLD_OPTIONS = [...Object.keys(EVENT_OPTIONS), 'logLevel', 'logProvider'];

function isOldCall(options, legacyOptions) {
  if (typeof legacyOptions === 'object' && legacyOptions !== null) return true;
  if (typeof options === 'string' || typeof options === 'function' || Array.isArray(options)) return true;
  return OLD_OPTIONS.some((name) => options?.[name] !== undefined && options[name] !== null);
}

let hasWarned = false;

function warnOfOldCall() {
  if (hasWarned) return;
  hasWarned = true;
  process.emitWarning(
    'createProxyMiddleware() was called as in version 2 of http-proxy-middleware: with a context, or with on…, logLevel or logProvider. ' +
      'Use the options pathFilter, on and logger, or import it from rs-proxy-middleware/legacy.',
    { type: 'DeprecationWarning', code: 'RS_PROXY_LEGACY_CALL' },
  );
}

module.exports = { createProxyMiddleware };
