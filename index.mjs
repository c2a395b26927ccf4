import proxy from './index.js';

export const {
  ProxyServer,
  createProxy,
  createProxyMiddleware,
  createProxyServer,
  createServer,
  debugProxyErrorsPlugin,
  definePlugin,
  errorResponsePlugin,
  fixRequestBody,
  legacyCreateProxyMiddleware,
  loggerPlugin,
  numOpenSockets,
  proxyEventsPlugin,
  proxyFetch,
  proxyUpgrade,
  responseInterceptor,
} = proxy;
export { proxy as default, proxy as 'module.exports' };
