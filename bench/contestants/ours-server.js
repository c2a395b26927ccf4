'use strict';

const rsProxy = require('../../index.js');
const { serve, badGateway } = require('../serve.js');
const { addHooks } = require('../hooks.js');

serve(({ target, hooks }) => {
  const proxy = rsProxy.createProxyServer({ target });
  addHooks(proxy, hooks);
  proxy.on('error', badGateway);
  return (req, res) => proxy.web(req, res);
});
