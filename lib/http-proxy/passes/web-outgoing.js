'use strict';

/** `require('http-proxy/lib/http-proxy/passes/web-outgoing')`. */

module.exports = require('../../proxy-server/passes/web-outgoing.js');
