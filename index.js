'use strict';

const { ProxyServer, createProxyServer } = require('./lib/proxy-server/proxy-server.js');
const { createProxyMiddleware } = require('./lib/middleware/create-proxy-middleware.js');

module.exports.ProxyServer = ProxyServer;
module.exports.createProxyServer = createProxyServer;
module.exports.createProxyMiddleware = createProxyMiddleware;
