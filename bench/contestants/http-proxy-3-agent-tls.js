'use strict';

const https = require('node:https');
const httpProxy = require('http-proxy-3');
const { CERTIFICATE } = require('../certificate.js');
const { serve, badGateway } = require('../serve.js');

serve(({ target }) => {
  const agent = new https.Agent({ keepAlive: true });
  const proxy = httpProxy.createProxyServer({ target, agent, ca: CERTIFICATE, changeOrigin: true });
  proxy.on('error', badGateway);
  return (req, res) => proxy.web(req, res);
});
