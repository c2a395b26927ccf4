'use strict';

/** The only way in which http-proxy-3 asks targets in HTTP/2: `fetch`, here undici's own with a dispatcher of its. */

const httpProxy = require('http-proxy-3');
const undici = require('undici');
const { CERTIFICATE } = require('../certificate.js');
const { serve, badGateway } = require('../serve.js');

serve(({ target, over }) => {
  const dispatcher = new undici.Agent({ allowH2: over === 'h2', connect: { ca: CERTIFICATE } });
  const proxy = httpProxy.createProxyServer({
    target,
    changeOrigin: true,
    fetch: undici.fetch,
    fetchOptions: { requestOptions: { dispatcher } },
  });
  proxy.on('error', badGateway);
  return (req, res) => proxy.web(req, res);
});
