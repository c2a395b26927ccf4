'use strict';

const http = require('node:http');
const connect = require('connect');
const { createProxyMiddleware } = require('rs-proxy-middleware');

const proxy = createProxyMiddleware({
  target: process.env.TARGET ?? 'http://localhost:9000',
  pathFilter: '/api',
  changeOrigin: true,
});

const app = connect();
app.use(proxy);
app.use((req, res) => {
  res.end('connect answers this itself.\n');
});

const server = http.createServer(app);
server.on('upgrade', proxy.upgrade);
server.listen(process.env.PORT ?? 3000, () => {
  console.log(`Listening on port ${server.address().port}`);
});
