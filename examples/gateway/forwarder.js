'use strict';

const { createProxyServer } = require('rs-proxy-middleware');

const proxy = createProxyServer({ changeOrigin: true, xfwd: true, proxyTimeout: 30_000 });

// `express.json()` has read the body, so it is written anew.
proxy.on('proxyReq', (proxyReq, req) => {
  if (req.body === undefined) return;
  const body = Buffer.from(JSON.stringify(req.body));
  proxyReq.setHeader('content-type', 'application/json');
  proxyReq.setHeader('content-length', body.length);
  // It was unpacked when it was read.
  proxyReq.removeHeader('content-encoding');
  proxyReq.write(body);
});

/**
 * A handler that forwards to a service.
 *
 * @param {string} name
 * @param {string} target
 * @returns {import('express').RequestHandler}
 */
function forwarder(name, target) {
  return (req, res) => {
    proxy.web(req, res, { target }, (error) => {
      console.error(`${name}: ${req.method} ${req.originalUrl}: ${error.message}`);
      if (res.headersSent) return;
      res.status(503).json({ message: `The service ${name} is not available.` });
    });
  };
}

module.exports = { forwarder };
