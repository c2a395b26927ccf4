'use strict';

const http = require('node:http');
const polka = require('polka');
const { createProxyMiddleware } = require('rs-proxy-middleware');

const proxy = createProxyMiddleware({
  target: process.env.TARGET ?? 'http://localhost:9000',
  pathFilter: '/api',
  changeOrigin: true,
});

const server = http.createServer();
server.on('upgrade', proxy.upgrade);

const app = polka({ server });
app.use(proxy);
app.get('/', (req, res) => {
  res.end('polka answers this itself.\n');
});
app.listen(process.env.PORT ?? 3000, (error) => {
  if (error) throw error;
  console.log(`Listening on port ${server.address().port}`);
});
