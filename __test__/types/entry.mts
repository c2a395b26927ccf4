/** Every way to import the package in an ES module reaches the same things. Compiled, never run. */

import proxy, { createProxyMiddleware, createProxyServer, ProxyServer, Server } from 'rs-proxy-middleware';
import * as namespace from 'rs-proxy-middleware';
import type { ErrorCallback, ServerOptions } from 'rs-proxy-middleware';

const options: ServerOptions = { target: 'http://127.0.0.1:9000' };
const sameOptions: proxy.ServerOptions = options;
const again: namespace.ServerOptions = sameOptions;
const onError: ErrorCallback = (error) => void error.code;
onError satisfies proxy.ErrorCallback;

new proxy(again) satisfies proxy;
new ProxyServer(options) satisfies Server;
new Server(options) satisfies namespace.ProxyServer;
new namespace.default(options) satisfies proxy;
proxy(options) satisfies proxy.RequestHandler;
for (const make of [createProxyServer, proxy.createServer, namespace.createProxy]) {
  make(options) satisfies ProxyServer;
}
namespace.createProxyMiddleware satisfies typeof createProxyMiddleware;
namespace.proxyFetch satisfies typeof proxy.proxyFetch;
namespace.numOpenSockets() satisfies number;

// @ts-expect-error a name that does not exist
void namespace.createProxyServers;
// @ts-expect-error a type that does not exist
export type Missing = namespace.ServerOption;
// @ts-expect-error a number is no option
new proxy(9000);
// @ts-expect-error a namespace is no constructor in an ES module
new namespace(options);
