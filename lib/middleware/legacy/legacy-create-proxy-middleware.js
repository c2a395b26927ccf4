'use strict';

const { Debug } = require('../debug.js');
const { HttpProxyMiddleware } = require('../http-proxy-middleware.js');
const { legacyOptionsAdapter } = require('./options-adapter.js');
const { BRIDGE_RULES } = require('./rules.js');

const debug = Debug.extend('legacy-create-proxy-middleware');

/**
 * Version 3's bridge for those who come from version 2: its arguments, and the mount path kept.
 *
 * @param {unknown} context a filter, or the options
 * @param {object} [options]
 * @returns {import('../../../index.js').RequestHandler}
 */
function legacyCreateProxyMiddleware(context, options) {
  debug('init');
  return new HttpProxyMiddleware(legacyOptionsAdapter(context, options), BRIDGE_RULES).middleware;
}

module.exports = { legacyCreateProxyMiddleware };
