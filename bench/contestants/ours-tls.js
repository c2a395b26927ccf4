'use strict';

const rsProxy = require('../../index.js');
const { CERTIFICATE } = require('../certificate.js');
const { serve, badGateway } = require('../serve.js');

serve(({ target, over }) => {
  const http2 = over === 'h2' ? 'auto' : false;
  const proxy = rsProxy.createProxyServer({ target, ca: CERTIFICATE, changeOrigin: true, http2 });
  proxy.on('error', badGateway);
  return (req, res) => proxy.web(req, res);
});
