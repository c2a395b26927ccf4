'use strict';

/** `rs-proxy-middleware/vite`: a plugin for Vite 5 and later. */

const { rsProxy } = require('./rs-proxy.js');

module.exports.rsProxy = rsProxy;
module.exports.default = rsProxy;
Object.defineProperty(module.exports, '__esModule', { value: true });
