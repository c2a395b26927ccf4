/** Every way to reach the package in a CommonJS module reaches the same things. Compiled, never run. */

import proxy = require('rs-proxy-middleware');
import byDefault from 'rs-proxy-middleware';
import * as namespace from 'rs-proxy-middleware';
import { createProxyMiddleware, createProxyServer, ProxyServer, Server } from 'rs-proxy-middleware';
import type { ErrorCallback, ServerOptions } from 'rs-proxy-middleware';

const options: ServerOptions = { target: 'http://127.0.0.1:9000' };
const sameOptions: proxy.ServerOptions = options;
const again: namespace.ServerOptions = sameOptions;
const andAgain: byDefault.ServerOptions = again;
const onError: ErrorCallback = (error) => void error.code;
onError satisfies proxy.ErrorCallback;

new proxy(andAgain) satisfies proxy;
new proxy(options) satisfies proxy.ProxyServer;
new proxy.ProxyServer(options) satisfies Server;
new proxy.Server(options) satisfies ProxyServer;
new byDefault(options) satisfies proxy;
new namespace.ProxyServer(options) satisfies proxy;
new namespace.default(options) satisfies proxy;
proxy(options) satisfies proxy.RequestHandler;
for (const make of [
  createProxyServer,
  proxy.createServer,
  byDefault.createProxy,
  namespace.createProxyServer,
]) {
  make(options) satisfies proxy.Server;
}
createProxyMiddleware satisfies typeof proxy.createProxyMiddleware;
namespace.proxyFetch satisfies typeof proxy.proxyFetch;
byDefault.numOpenSockets() satisfies number;

// @ts-expect-error a name that does not exist
void proxy.createProxyServers;
// @ts-expect-error a type that does not exist
export type Missing = proxy.ServerOption;
// @ts-expect-error a number is no option
new proxy(9000);
// @ts-expect-error a middleware must have options
proxy();
