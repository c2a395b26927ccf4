/** Code written for http-proxy-3. Compiled with its types, and with ours in their place; never run. */

import * as http from 'node:http';
import { Agent } from 'node:http';
import { PassThrough } from 'node:stream';
import {
  ProxyServer,
  createProxy,
  createProxyServer,
  createServer,
  numOpenSockets,
  type ErrorCallback,
  type ProxyTarget,
  type ProxyTargetUrl,
  type ServerOptions,
} from 'http-proxy-3';

class AppRequest extends http.IncomingMessage {
  user = '';
}
class AppResponse<R extends http.IncomingMessage> extends http.ServerResponse<R> {
  started = 0;
}

const target: ProxyTarget = { host: '127.0.0.1', port: 9000, socketPath: '/run/app.sock' };
const url: ProxyTargetUrl = { host: '127.0.0.1', port: 9000, protocol: 'http:' };
const options: ServerOptions = {
  target,
  forward: url,
  agent: new Agent(),
  ca: 'PEM',
  buffer: new PassThrough(),
  headers: { 'x-a': ['b', 'c'] },
  cookiePathRewrite: { '/a': '/b' },
  fetchOptions: { onBeforeRequest: (init, req) => void [init, req.url] },
};

const proxy = new ProxyServer(options);
proxy satisfies ProxyServer;
createProxyServer({ target: new URL('http://127.0.0.1:9000') }) satisfies ProxyServer;
const typed = createServer<typeof AppRequest, typeof AppResponse, NodeJS.ErrnoException>({ target });
const alsoTyped: ProxyServer<typeof AppRequest, typeof AppResponse, NodeJS.ErrnoException> = typed;
createProxy();

const onError: ErrorCallback<typeof AppRequest, typeof AppResponse, NodeJS.ErrnoException> = (
  error,
  req,
  res,
) => {
  if ('writeHead' in res) res.writeHead(502, error.code).end(req.user);
  else res.destroy();
};
typed.on('error', onError);
alsoTyped.on('proxyReq', (proxyReq, req, res, _options, socket) => {
  proxyReq.setHeader('x-user', req.user);
  socket.setNoDelay(true);
  void res.started;
});
proxy.on('proxyRes', (proxyRes, req, res) => void [proxyRes.statusCode, req.url, res.headersSent]);
proxy.on(
  'proxyReqWs',
  (proxyReq, req, socket) => void [proxyReq.getHeader('origin'), req.url, socket.destroyed],
);
proxy.on('open', (socket) => void socket.remotePort);
proxy.on('close', (res, socket) => void [res.statusCode, socket.destroyed]);
proxy.on('end', (req, res, proxyRes) => void [req.url, res.statusCode, proxyRes.statusCode]);
proxy.on('start', (req, res, to) => void [req.url, res.statusCode, to]);

http
  .createServer((req, res) => {
    proxy.web(req, res);
    proxy.web(req, res, { target: url });
    proxy.web(req, res, { target: url }, (error, _req, response) => void [error.message, response]);
    proxy.web(req, res, (error) => void error.message);
  })
  .on('upgrade', (req, socket, head) => {
    proxy.ws(req, socket, head);
    proxy.ws(req, socket, head, { target: url });
    proxy.ws(req, socket, head, (error) => void error.message);
  });
proxy.before('web', 'stream', (req, _res, { headers }) => void [delete req.headers.expect, headers]);
proxy.after('ws', 'XHeaders', (req, socket) => void [req.url, socket.destroyed]);
const address = proxy.listen(8000).address();
if (typeof address === 'object') void address?.port;
proxy.close(() => {});
numOpenSockets() satisfies number;

// @ts-expect-error a port is no target
createProxyServer({ target: 9000 });
// @ts-expect-error an option that does not exist
createProxyServer({ tarjet: 'http://127.0.0.1:9000' });
// @ts-expect-error an event has these arguments and no others
proxy.on('proxyReq', (proxyReq: string) => void proxyReq);
