'use strict';

/** `require('http-proxy/lib/http-proxy/passes/ws-incoming')`. */

module.exports = require('../../proxy-server/passes/ws-incoming.js');
