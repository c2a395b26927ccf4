import proxy from './index.js';

export const {
  ProxyServer,
  createProxy,
  createProxyMiddleware,
  createProxyServer,
  createServer,
  numOpenSockets,
  proxyFetch,
} = proxy;
export { proxy as default, proxy as 'module.exports' };
