'use strict';

/** `rs-proxy-middleware/legacy`: what http-proxy-middleware 2 exports, always by its rules. */

const { fixRequestBody } = require('../fix-request-body.js');
const { responseInterceptor } = require('../response-interceptor.js');
const { createProxyMiddleware } = require('./create-proxy-middleware.js');
const { legacyCreateProxyMiddleware } = require('./legacy-create-proxy-middleware.js');

module.exports.createProxyMiddleware = createProxyMiddleware;
module.exports.fixRequestBody = fixRequestBody;
module.exports.legacyCreateProxyMiddleware = legacyCreateProxyMiddleware;
module.exports.responseInterceptor = responseInterceptor;
Object.defineProperty(module.exports, '__esModule', { value: true });
