'use strict';

const { serve, badGateway } = require('../serve.js');
const { intercept, setRequestHeader, setResponseHeader } = require('../hooks.js');

serve(async ({ target, hooks, interceptor }) => {
  const { createProxyMiddleware, responseInterceptor } = await import('http-proxy-middleware');
  const on = { error: badGateway };
  if (hooks) Object.assign(on, { proxyReq: setRequestHeader, proxyRes: setResponseHeader });
  if (interceptor) on.proxyRes = responseInterceptor(intercept);
  const middleware = createProxyMiddleware({ target, on, selfHandleResponse: interceptor });
  return (req, res) =>
    middleware(req, res, (error) => badGateway(error ?? new Error('not proxied'), req, res));
});
