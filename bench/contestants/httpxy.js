'use strict';

const { serve, badGateway } = require('../serve.js');
const { setRequestHeader, setResponseHeader } = require('../hooks.js');

serve(async ({ target, hooks }) => {
  const { createProxyServer } = await import('httpxy');
  const proxy = createProxyServer({ target });
  if (hooks) {
    proxy.on('proxyReq', setRequestHeader);
    proxy.on('proxyRes', setResponseHeader);
  }
  proxy.on('error', badGateway);
  return (req, res) => proxy.web(req, res);
});
