/** The plugin in the configurations of every Vite that it is for: rules keep the types that Vite gives them. Compiled, never run. */

import { defineConfig as define5 } from 'vite5';
import { defineConfig as define6 } from 'vite6';
import { defineConfig as define7 } from 'vite7';
import { defineConfig as define8 } from 'vite8';
import rsProxy, { rsProxy as byName } from 'rs-proxy-middleware/vite';
import type { RsProxyOptions, RsProxyPlugin } from 'rs-proxy-middleware/vite';
import type {} from 'rs-proxy-middleware/register';

byName satisfies typeof rsProxy;
const options: RsProxyOptions = { include: ['/api', /^\^/], exclude: '/old', preview: false };
rsProxy({ ...options, onUnavailable: 'throw' }) satisfies RsProxyPlugin;

export const five = define5({
  plugins: [rsProxy()],
  server: {
    proxy: {
      '/shorthand': 'http://127.0.0.1:9000',
      '/api': {
        target: 'http://127.0.0.1:9000',
        rewrite: (path) => path.replace('/api', ''),
        bypass: (req) => (req.method === 'GET' ? undefined : false),
        configure(proxy, rule) {
          rule.target satisfies unknown;
          proxy.on('proxyReq', (proxyReq, req, res) => {
            proxyReq.setHeader('x-path', `${req.url} ${res.statusCode}`);
          });
          proxy.on('proxyRes', (proxyRes) => void proxyRes.headers['set-cookie']?.length);
          proxy.on('error', (error) => void error.message);
        },
      },
    },
  },
});

export const six = define6({
  plugins: [[rsProxy(options)]],
  preview: {
    proxy: {
      '^/api/.*': {
        target: 'ws://127.0.0.1:9000',
        ws: true,
        rewriteWsOrigin: true,
        bypass: async (req) => req.headers.accept,
        configure: (proxy) => void proxy.on('proxyReqWs', (proxyReq) => void proxyReq.getHeader('origin')),
      },
    },
  },
});

export const seven = define7({
  plugins: [rsProxy()],
  server: {
    proxy: {
      '/api': {
        target: 'http://127.0.0.1:9000',
        configure(proxy) {
          proxy.on('proxyReq', (proxyReq) => proxyReq.setHeader('x-added', '1'));
          proxy.on('end', (req, _res, proxyRes) => void [req.url, proxyRes.statusCode]);
        },
      },
    },
  },
});

export const eight = define8({
  plugins: [rsProxy({ exclude: /^\/old/ })],
  server: {
    proxy: {
      '/api': {
        target: 'http://127.0.0.1:9000',
        configure(proxy, rule) {
          rule.changeOrigin = true;
          proxy.on('proxyRes', (proxyRes) => void proxyRes.statusCode?.toFixed());
          // @ts-expect-error an event that Vite's proxies do not have
          proxy.on('proxyResponse', () => {});
        },
      },
    },
  },
});

// @ts-expect-error an option that does not exist
rsProxy({ target: 'http://127.0.0.1:9000' });
// @ts-expect-error another value than the two
rsProxy({ onUnavailable: 'ignore' });
// @ts-expect-error a number is no pattern
rsProxy({ include: 1 });
