'use strict';

const createDebug = require('debug');

/** `DEBUG=http-proxy-middleware*`; the parts have namespaces of their own (`Debug.extend`). */
const Debug = createDebug('http-proxy-middleware');

module.exports = { Debug };
