'use strict';

const http = require('node:http');
const { createApp, defineEventHandler, fromNodeMiddleware, toNodeListener } = require('h3');
const { createProxyMiddleware } = require('rs-proxy-middleware');

const proxy = createProxyMiddleware({
  target: process.env.TARGET ?? 'http://localhost:9000',
  pathFilter: '/api',
  changeOrigin: true,
});

const app = createApp();
app.use(fromNodeMiddleware(proxy));
app.use(defineEventHandler(() => 'h3 answers this itself.\n'));

const server = http.createServer(toNodeListener(app));
server.on('upgrade', proxy.upgrade);
server.listen(process.env.PORT ?? 3000, () => {
  console.log(`Listening on port ${server.address().port}`);
});
