'use strict';

const { serve, badGateway } = require('../serve.js');
const { addHooks } = require('../hooks.js');

serve(async ({ target, hooks }) => {
  const { createProxyServer } = await import('httpxy');
  const proxy = createProxyServer({ target });
  addHooks(proxy, hooks);
  proxy.on('error', badGateway);
  return (req, res) => proxy.web(req, res);
});
