import proxy = require('./index.js');

export import ProxyServer = proxy.ProxyServer;
export import createProxyServer = proxy.createProxyServer;
export import createProxyMiddleware = proxy.createProxyMiddleware;
export import ErrorCallback = proxy.ErrorCallback;
export import Options = proxy.Options;
export import ProxyError = proxy.ProxyError;
export import ProxyServerEvents = proxy.ProxyServerEvents;
export import ProxyTarget = proxy.ProxyTarget;
export import ProxyTargetDetailed = proxy.ProxyTargetDetailed;
export import RequestHandler = proxy.RequestHandler;
export import ServerOptions = proxy.ServerOptions;
export import Stats = proxy.Stats;
export default proxy;
