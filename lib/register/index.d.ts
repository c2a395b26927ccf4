/**
 * `node --import rs-proxy-middleware/register` (or `--require`): http-proxy, http-proxy-3, httpxy, http-proxy-middleware and the copies that
 * Next.js brings along are this package from then on. There is nothing to call.
 */
export {};
