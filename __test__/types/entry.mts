/** Every way to import the package in an ES module reaches the same things. Compiled, never run. */

import proxyDefault, { createProxyMiddleware, createProxyServer, ProxyServer } from 'rs-proxy-middleware';
import * as namespace from 'rs-proxy-middleware';
import type { ServerOptions } from 'rs-proxy-middleware';

const options: ServerOptions = { target: 'http://127.0.0.1:9000' };

createProxyServer(options) satisfies ProxyServer;
proxyDefault.createProxyServer(options) satisfies ProxyServer;
namespace.createProxyServer(options) satisfies ProxyServer;
namespace.createProxyMiddleware satisfies typeof createProxyMiddleware;
