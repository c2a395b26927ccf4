'use strict';

const httpProxy = require('http-proxy-3');
const { serve, badGateway } = require('../serve.js');
const { addHooks } = require('../hooks.js');

serve(({ target, hooks }) => {
  const proxy = httpProxy.createProxyServer({ target });
  addHooks(proxy, hooks);
  proxy.on('error', badGateway);
  return (req, res) => proxy.web(req, res);
});
