'use strict';

const { createProxyMiddleware } = require('../middleware/create-proxy-middleware.js');
const { getLogger } = require('../middleware/logger.js');

/**
 * Makes a Hono middleware that proxies requests, for Hono on `@hono/node-server`. Paths are whole: Hono does not strip the route's.
 *
 * @param {import('../../index.js').Options} options
 */
function createHonoProxyMiddleware(options) {
  const proxy = createProxyMiddleware(options);
  const logger = getLogger(options);
  return async (c, next) => {
    let isHandedOn = false;
    let failure;
    await proxy(c.env.incoming, c.env.outgoing, (error) => {
      isHandedOn = true;
      failure = error;
    });
    if (!isHandedOn) return alreadySent();
    if (!failure) return next();
    logger.error('Proxy error:', failure);
    return c.text('Proxy Error', 500);
  };
}

/**
 * By this header @hono/node-server knows that the response was given to Node's own. It looks at it in Node's responses only, and has put a
 * class of its own in the place of theirs, whose copies are Node's.
 */
function alreadySent() {
  return new Response(null, { headers: { 'x-hono-already-sent': 'true' } }).clone();
}

module.exports.createHonoProxyMiddleware = createHonoProxyMiddleware;
Object.defineProperty(module.exports, '__esModule', { value: true });
