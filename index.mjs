import proxy from './index.js';

export const { ProxyServer, createProxyServer, createProxyMiddleware } = proxy;
export default proxy;
