/** Code written for httpxy. Compiled with its types, and with ours in their place; never run. */

import * as http from 'node:http';
import {
  ProxyServer,
  createProxyServer,
  proxyFetch,
  type ProxyAddr,
  type ProxyFetchOptions,
  type ProxyServerEventMap,
  type ProxyServerOptions,
  type ProxyTarget,
  type ProxyTargetDetailed,
} from 'httpxy';

const detailed: ProxyTargetDetailed = { hostname: '127.0.0.1', port: '9000', pathname: '/base' };
const target: ProxyTarget = detailed;
const options: ProxyServerOptions = {
  target,
  http2: false,
  followRedirects: 5,
  upgradeTimeout: 1000,
  headers: { 'x-a': 'b' },
};

const proxy = createProxyServer(options);
proxy satisfies ProxyServer;
new ProxyServer<http.IncomingMessage, http.ServerResponse>().options satisfies ProxyServerOptions;
proxy.on('error', (error, req, res, to) => {
  if (res && 'headersSent' in res) res.end(`${error.message} ${req?.url} ${to}`);
});
proxy.on('proxyReq', (proxyReq, req, res, { headers }) => {
  proxyReq.appendHeader('x-a', 'c');
  void [req.url, res.headersSent, headers];
});
proxy.on('proxySocket', (socket) => void socket.destroyed);
type Start = ProxyServerEventMap['start'];
const onStart = (...[req, res, to]: Start) => void [req.url, res.statusCode, to];
proxy.on('start', onStart);

http
  .createServer((req, res) => {
    proxy.web(req, res).catch(() => res.end());
    void proxy.web(req, res, { target: 'http://127.0.0.1:9000' }).then(() => res.end());
  })
  .on('upgrade', (req, socket, head) => {
    if ('remoteAddress' in socket) void proxy.ws(req, req.socket, {}, head).catch(() => socket.destroy());
  });
proxy.listen(8000, '127.0.0.1', () => {}).close(() => {});

const addr: ProxyAddr = { host: '127.0.0.1', port: 9000 };
const fetchOptions: ProxyFetchOptions = {
  timeout: 1000,
  xfwd: true,
  changeOrigin: true,
  agent: false,
  followRedirects: true,
  ssl: { rejectUnauthorized: false },
};
(await proxyFetch(
  addr,
  'http://example.com/a',
  { method: 'POST', body: 'a' },
  fetchOptions,
)) satisfies Response;
await proxyFetch('unix:/run/app.sock', new Request('http://example.com/a'));
await proxyFetch({ socketPath: '/run/app.sock' }, new URL('http://example.com/a'), undefined, { Response });

// @ts-expect-error a port is no target
createProxyServer({ target: 9000 });
// @ts-expect-error an option that does not exist
createProxyServer({ tarjet: 'http://127.0.0.1:9000' });
// @ts-expect-error a URL is needed
await proxyFetch(addr);
