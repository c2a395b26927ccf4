'use strict';

/** `rs-proxy-middleware/dynamic`: a drop-in for dynamic-reverse-proxy, a proxy whose routes are registered while it runs. */

const { DynamicProxy } = require('./dynamic-proxy.js');

/**
 * Makes a proxy. Each has its own routes.
 *
 * @param {import('./index.js').DynamicProxyOptions} [options]
 */
module.exports = function createDynamicProxy(options) {
  return new DynamicProxy(options);
};
