'use strict';

const Koa = require('koa');
const { createProxyMiddleware } = require('rs-proxy-middleware');

const proxy = createProxyMiddleware({
  target: process.env.TARGET ?? 'http://localhost:9000',
  pathFilter: '/api',
  changeOrigin: true,
});

const app = new Koa();
app.use(inKoa(proxy));
app.use((ctx) => {
  ctx.body = 'Koa answers this itself.\n';
});

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(`Listening on port ${server.address().port}`);
});
server.on('upgrade', proxy.upgrade);

/** Koa waits for promises instead of handing on a `next`, and answers itself unless it is told not to. */
function inKoa(middleware) {
  return async (ctx, next) => {
    let handedOn;
    ctx.respond = false;
    await middleware(ctx.req, ctx.res, (error) => {
      handedOn = { error };
    });
    if (handedOn === undefined) return;
    ctx.respond = true;
    if (handedOn.error) throw handedOn.error;
    await next();
  };
}
