/** Applications declare options of their own; plugins and listeners see them. */

import {
  createProxyMiddleware,
  createProxyServer,
  type Options,
  type ServerOptions,
} from 'rs-proxy-middleware';

declare module 'rs-proxy-middleware' {
  interface ServerOptions {
    tenant?: string;
  }
}

const tenant: string | undefined = createProxyServer({ tenant: 'a' }).options.tenant;
createProxyMiddleware({ target: 'http://127.0.0.1:9000', tenant: 'a' });
export const tenants: [ServerOptions['tenant'], Options['tenant']] = [tenant, tenant];
