/** The same in CommonJS. Compiled, never run. */

import proxy = require('rs-proxy-middleware');
import { createProxyMiddleware, createProxyServer } from 'rs-proxy-middleware';
import type { ServerOptions } from 'rs-proxy-middleware';

const options: ServerOptions = { target: 'http://127.0.0.1:9000' };
const sameOptions: proxy.ServerOptions = options;

proxy.createProxyServer(sameOptions) satisfies proxy.ProxyServer;
createProxyServer(options) satisfies proxy.ProxyServer;
createProxyMiddleware satisfies typeof proxy.createProxyMiddleware;
