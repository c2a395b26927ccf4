/** Code written for http-proxy and its types. Compiled with them, and with ours in their place; never run. */

import * as http from 'node:http';
import * as net from 'node:net';
import httpProxy = require('http-proxy');
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerOptions } from 'http-proxy';

interface AppRequest extends IncomingMessage {
  user: string;
}

const options: ServerOptions = {
  target: { host: '127.0.0.1', port: 9000, protocol: 'https:', ca: 'PEM', key: 'PEM', cert: 'PEM' },
  forward: 'http://127.0.0.1:9001',
  agent: new http.Agent({ keepAlive: true }),
  ssl: { key: 'PEM', cert: 'PEM' },
  ws: true,
  xfwd: true,
  secure: false,
  toProxy: true,
  prependPath: true,
  ignorePath: false,
  localAddress: '127.0.0.1',
  changeOrigin: true,
  preserveHeaderKeyCase: true,
  auth: 'user:password',
  hostRewrite: 'example.com',
  autoRewrite: true,
  protocolRewrite: 'https',
  cookieDomainRewrite: { 'a.example': 'b.example', '*': '' },
  cookiePathRewrite: false,
  headers: { 'x-a': 'b' },
  proxyTimeout: 1000,
  timeout: 1000,
  followRedirects: false,
  selfHandleResponse: false,
  method: 'POST',
};

const proxy: httpProxy = httpProxy.createProxyServer(options);
const typed: httpProxy<AppRequest, ServerResponse> = httpProxy.createServer<AppRequest, ServerResponse>({});
const inherited = new (class extends httpProxy {})(options);
const target: httpProxy.ProxyTarget = 'http://127.0.0.1:9000';
const targetUrl: httpProxy.ProxyTargetUrl = new URL('http://127.0.0.1:9000');

const onStart: httpProxy.StartCallback = (req, res, to) => void [req.url, res.statusCode, to];
const onProxyReq: httpProxy.ProxyReqCallback = (proxyReq, req, res, { headers }) => {
  proxyReq.setHeader('x-url', req.url ?? '');
  proxyReq.path = `/b${proxyReq.path}`;
  void [res.headersSent, headers];
};
const onProxyRes: httpProxy.ProxyResCallback = (proxyRes, req, res) => {
  proxyRes.headers['x-a'] = req.method;
  proxyRes.pipe(res);
};
const onProxyReqWs: httpProxy.ProxyReqWsCallback = (proxyReq, req, socket, { ws }, head) => {
  proxyReq.setHeader('origin', `${req.headers.host}`);
  socket.on('error', () => void [ws, head.length]);
};
const onEconnreset: httpProxy.EconnresetCallback = (error, req, res, to) =>
  void [error.message, req, res, to];
const onEnd: httpProxy.EndCallback = (req, res, proxyRes) =>
  void [req.url, res.statusCode, proxyRes.statusCode];
const onOpen: httpProxy.OpenCallback = (socket) => void socket.setKeepAlive(true);
const onClose: httpProxy.CloseCallback = (res, socket, head) => void [res.statusCode, socket.destroyed, head];
const onError: httpProxy.ErrorCallback<NodeJS.ErrnoException> = (error, req, res, to) => {
  if (res instanceof net.Socket) res.end();
  else if (error.code === 'ECONNREFUSED' && !res.headersSent) res.writeHead(503).end(req.url);
  void to;
};

proxy
  .on('start', onStart)
  .on('proxyReq', onProxyReq)
  .on('proxyRes', onProxyRes)
  .on('proxyReqWs', onProxyReqWs)
  .on('econnreset', onEconnreset)
  .on('end', onEnd)
  .on('open', onOpen)
  .on('close', onClose)
  .once('error', onError);
typed.on('proxyReq', (proxyReq, req) => proxyReq.setHeader('x-user', req.user));
proxy.removeAllListeners('error');
proxy.listeners('error').length satisfies number;

const server = http.createServer((req, res) => {
  proxy.web(req, res);
  proxy.web(req, res, { target });
  proxy.web(req, res, { target: targetUrl }, (error, _req, response) => void [error.message, response]);
  inherited.web(req, res);
});
server.on('upgrade', (req, socket, head) => {
  proxy.ws(req, socket, head);
  proxy.ws(req, socket, head, { target }, (error) => void error.message);
});
proxy.listen(8000, '127.0.0.1').close(() => {});

// @ts-expect-error a port is no target
httpProxy.createProxyServer({ target: 9000 });
// @ts-expect-error an option that does not exist
httpProxy.createProxyServer({ tarjet: 'http://127.0.0.1:9000' });
// @ts-expect-error a response is needed
proxy.web(new http.IncomingMessage(new net.Socket()));
