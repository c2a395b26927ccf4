'use strict';

/** `require('http-proxy/lib/http-proxy/common')`. */

module.exports = require('../proxy-server/common.js');
