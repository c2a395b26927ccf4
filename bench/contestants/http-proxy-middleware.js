'use strict';

const { serve, badGateway } = require('../serve.js');
const { setRequestHeader, setResponseHeader } = require('../hooks.js');

serve(async ({ target, hooks }) => {
  const { createProxyMiddleware } = await import('http-proxy-middleware');
  const on = { error: badGateway };
  if (hooks) Object.assign(on, { proxyReq: setRequestHeader, proxyRes: setResponseHeader });
  const middleware = createProxyMiddleware({ target, on });
  return (req, res) =>
    middleware(req, res, (error) => badGateway(error ?? new Error('not proxied'), req, res));
});
