'use strict';

const httpProxy = require('http-proxy');
const { serve, badGateway } = require('../serve.js');
const { setRequestHeader, setResponseHeader } = require('../hooks.js');

serve(({ target, hooks }) => {
  const proxy = httpProxy.createProxyServer({ target });
  if (hooks) proxy.on('proxyReq', setRequestHeader).on('proxyRes', setResponseHeader);
  proxy.on('error', badGateway);
  return (req, res) => proxy.web(req, res);
});
