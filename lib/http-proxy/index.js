'use strict';

/** `require('http-proxy/lib/http-proxy/index.js')`. */

const { ProxyServer } = require('../proxy-server/proxy-server.js');

/**
 * @param {'web' | 'ws'} type
 * @returns {(options?: object) => Function} makes the `web` or `ws` of a new proxy
 */
function createRightProxy(type) {
  if (type !== 'web' && type !== 'ws') throw new Error('type must be `web` or `ws`');
  return (options) => new ProxyServer(options)[type];
}

module.exports = { Server: require('../../index.js'), createRightProxy };
