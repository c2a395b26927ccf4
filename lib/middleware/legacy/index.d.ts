import HttpProxy = require('../../../index.js');

type Handler = HttpProxy.RequestHandler<any, any, any>;

/** `createProxyMiddleware` by the rules of http-proxy-middleware 2: a filter and options. */
export function createProxyMiddleware(
  context: HttpProxy.Filter<any>,
  options?: HttpProxy.LegacyOptions<any, any>,
): Handler;
export function createProxyMiddleware(
  options: HttpProxy.LegacyOptions<any, any>,
  none?: Record<string, never>,
): Handler;

export import fixRequestBody = HttpProxy.fixRequestBody;
export import legacyCreateProxyMiddleware = HttpProxy.legacyCreateProxyMiddleware;
export import responseInterceptor = HttpProxy.responseInterceptor;

/** Version 2's types. */
export type Filter = HttpProxy.Filter<any>;
export type Options = HttpProxy.LegacyOptions<any, any>;
export type RequestHandler = Handler;
