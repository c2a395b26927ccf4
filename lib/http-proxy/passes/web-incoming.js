'use strict';

/** `require('http-proxy/lib/http-proxy/passes/web-incoming')`. */

module.exports = require('../../proxy-server/passes/web-incoming.js');
