'use strict';

/** `require('http-proxy/lib/http-proxy')`: in http-proxy the place of the constructor itself. */

module.exports = require('../index.js');
