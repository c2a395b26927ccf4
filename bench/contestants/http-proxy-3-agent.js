'use strict';

const http = require('node:http');
const httpProxy = require('http-proxy-3');
const { serve, badGateway } = require('../serve.js');
const { addHooks } = require('../hooks.js');

serve(({ target, hooks }) => {
  const proxy = httpProxy.createProxyServer({ target, agent: new http.Agent({ keepAlive: true }) });
  addHooks(proxy, hooks);
  proxy.on('error', badGateway);
  return (req, res) => proxy.web(req, res);
});
