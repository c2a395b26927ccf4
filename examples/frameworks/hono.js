'use strict';

const { serve } = require('@hono/node-server');
const { Hono } = require('hono');
const { createProxyMiddleware } = require('rs-proxy-middleware');
const { createHonoProxyMiddleware } = require('rs-proxy-middleware/hono');

const options = {
  target: process.env.TARGET ?? 'http://localhost:9000',
  pathFilter: '/api',
  changeOrigin: true,
};

const app = new Hono();
app.use(createHonoProxyMiddleware(options));
app.get('/', (c) => c.text('Hono answers this itself.\n'));

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`Listening on port ${port}`);
});
// Upgrades do not pass through Hono.
server.on('upgrade', createProxyMiddleware(options).upgrade);
