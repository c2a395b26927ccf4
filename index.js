'use strict';

const { createProxyMiddleware } = require('./lib/middleware/create-proxy-middleware.js');
const { legacyCreateProxyMiddleware } = require('./lib/middleware/legacy/legacy-create-proxy-middleware.js');
const {
  debugProxyErrorsPlugin,
  definePlugin,
  errorResponsePlugin,
  loggerPlugin,
  proxyEventsPlugin,
} = require('./lib/middleware/plugins/index.js');
const { fixRequestBody } = require('./lib/middleware/fix-request-body.js');
const { responseInterceptor } = require('./lib/middleware/response-interceptor.js');
const { proxyFetch } = require('./lib/fetch/proxy-fetch.js');
const { proxyUpgrade } = require('./lib/fetch/proxy-upgrade.js');
const { ProxyServer, createProxyServer, numOpenSockets } = require('./lib/proxy-server/proxy-server.js');

/**
 * With `new` it makes a `ProxyServer`, as http-proxy's export does; without, a middleware, as that of http-proxy-middleware 0.x.
 *
 * @param {import('./index.js').ServerOptions} [options]
 */
function HttpProxy(options, ...rest) {
  if (new.target !== undefined) return Reflect.construct(ProxyServer, [options], new.target);
  if (this instanceof ProxyServer) {
    throw new TypeError(
      'A constructor that inherits from this one must be a class, and call it with super()',
    );
  }
  return createProxyMiddleware(options, ...rest);
}

HttpProxy.prototype = ProxyServer.prototype;

// One line for each name: that is how `import` finds the names of a CommonJS module.
module.exports = HttpProxy;
module.exports.ProxyServer = ProxyServer;
module.exports.createProxy = createProxyServer;
module.exports.createProxyMiddleware = createProxyMiddleware;
module.exports.createProxyServer = createProxyServer;
module.exports.createServer = createProxyServer;
module.exports.debugProxyErrorsPlugin = debugProxyErrorsPlugin;
module.exports.definePlugin = definePlugin;
module.exports.errorResponsePlugin = errorResponsePlugin;
module.exports.fixRequestBody = fixRequestBody;
module.exports.legacyCreateProxyMiddleware = legacyCreateProxyMiddleware;
module.exports.loggerPlugin = loggerPlugin;
module.exports.numOpenSockets = numOpenSockets;
module.exports.proxyEventsPlugin = proxyEventsPlugin;
module.exports.proxyFetch = proxyFetch;
module.exports.proxyUpgrade = proxyUpgrade;
module.exports.responseInterceptor = responseInterceptor;
module.exports.default = module.exports;
Object.defineProperty(module.exports, '__esModule', { value: true });
