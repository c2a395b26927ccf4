'use strict';

/** Express 5, with a body parser in front of the proxy: what it has read is sent again. */

const express = require('express');
const { createProxyMiddleware } = require('rs-proxy-middleware');

const proxy = createProxyMiddleware({
  target: process.env.TARGET ?? 'http://localhost:9000',
  pathFilter: '/api',
  changeOrigin: true,
});

const app = express();
app.use(express.json());
app.use(proxy);
app.get('/', (req, res) => {
  res.send('Express answers this itself.\n');
});

const server = app.listen(process.env.PORT ?? 3000, (error) => {
  if (error) throw error;
  console.log(`Listening on port ${server.address().port}`);
});
server.on('upgrade', proxy.upgrade);
