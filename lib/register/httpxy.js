'use strict';

/** What httpxy exports, for whoever has asked for it by its name: where a default of its own differs from that of the others, it is httpxy's. */

const { proxyFetch } = require('../fetch/proxy-fetch.js');
const { proxyUpgrade } = require('../fetch/proxy-upgrade.js');
const everybody = require('../proxy-server/proxy-server.js');
const { REDIRECTS_OF_TRUE } = require('../proxy-server/redirects.js');

class ProxyServer extends everybody.ProxyServer {
  get [REDIRECTS_OF_TRUE]() {
    return 5;
  }
}

/** @param {import('../../index.js').ServerOptions} [options] */
function createProxyServer(options) {
  return new ProxyServer(options);
}

module.exports.ProxyServer = ProxyServer;
module.exports.createProxyServer = createProxyServer;
module.exports.proxyFetch = proxyFetch;
module.exports.proxyUpgrade = proxyUpgrade;
Object.defineProperty(module.exports, '__esModule', { value: true });
