'use strict';

const { HttpProxyMiddleware } = require('../http-proxy-middleware.js');
const { createConfig } = require('./config-factory.js');
const { configureLogger } = require('./logger.js');
const { LEGACY_RULES } = require('./rules.js');

/**
 * `createProxyMiddleware` by the rules of version 2.
 *
 * @param {unknown} context a filter, a URL, or the options
 * @param {object} [options]
 * @returns {import('../../../index.js').RequestHandler}
 */
function createProxyMiddleware(context, options) {
  const config = createConfig(context, options);
  configureLogger(config.options);
  // None at all is no filter in version 2, and lets nothing through.
  const merged = { ...config.options, pathFilter: config.context ?? null };
  return new HttpProxyMiddleware(merged, LEGACY_RULES).middleware;
}

module.exports = { createProxyMiddleware };
