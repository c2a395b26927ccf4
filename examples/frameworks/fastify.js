'use strict';

/** Fastify with @fastify/middie: middlewares run before Fastify reads the body. */

const middie = require('@fastify/middie');
const { fastify } = require('fastify');
const { createProxyMiddleware } = require('rs-proxy-middleware');

const proxy = createProxyMiddleware({
  target: process.env.TARGET ?? 'http://localhost:9000',
  pathFilter: '/api',
  changeOrigin: true,
});

async function main() {
  const app = fastify();
  await app.register(middie);
  app.use(proxy);
  app.get('/', () => 'Fastify answers this itself.\n');

  app.server.on('upgrade', proxy.upgrade);
  await app.listen({ port: Number(process.env.PORT ?? 3000), host: '::' });
  console.log(`Listening on port ${app.server.address().port}`);
}

main();
