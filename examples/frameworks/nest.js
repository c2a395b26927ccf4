'use strict';

/** NestJS without a compiler: decorators are functions. */

require('reflect-metadata');
const { Controller, Get, Module } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { createProxyMiddleware } = require('rs-proxy-middleware');

const proxy = createProxyMiddleware({
  target: process.env.TARGET ?? 'http://localhost:9000',
  pathFilter: '/api',
  changeOrigin: true,
});

class HomeController {
  home() {
    return 'Nest answers this itself.\n';
  }
}
Controller()(HomeController);
Get()(HomeController.prototype, 'home', Object.getOwnPropertyDescriptor(HomeController.prototype, 'home'));

class AppModule {}
Module({ controllers: [HomeController] })(AppModule);

async function main() {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  app.use(proxy);
  await app.listen(process.env.PORT ?? 3000);

  const server = app.getHttpServer();
  server.on('upgrade', proxy.upgrade);
  console.log(`Listening on port ${server.address().port}`);
}

main();
