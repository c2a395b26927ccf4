import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';
import type { Options } from '../../index.js';

/**
 * Makes a Hono middleware that proxies requests, for Hono on `@hono/node-server`. Paths are whole: Hono does not strip the route's.
 */
export declare function createHonoProxyMiddleware(
  options: Options,
): MiddlewareHandler<{ Bindings: HttpBindings }>;
