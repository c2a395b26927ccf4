'use strict';

const { createProxyMiddleware, responseInterceptor } = require('../../index.js');
const { serve, badGateway } = require('../serve.js');
const { intercept, setRequestHeader, setResponseHeader } = require('../hooks.js');

serve(({ target, hooks, interceptor }) => {
  const on = { error: badGateway };
  if (hooks) Object.assign(on, { proxyReq: setRequestHeader, proxyRes: setResponseHeader });
  if (interceptor) on.proxyRes = responseInterceptor(intercept);
  const middleware = createProxyMiddleware({ target, on, selfHandleResponse: interceptor });
  return (req, res) =>
    middleware(req, res, (error) => badGateway(error ?? new Error('not proxied'), req, res));
});
