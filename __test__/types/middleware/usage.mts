/** Code written for http-proxy-middleware. Compiled with the types of versions 3 and 4, and with ours in their place; never run. */

import * as http from 'node:http';
import * as https from 'node:https';
import type * as net from 'node:net';
import express from 'express';
import {
  createProxyMiddleware,
  debugProxyErrorsPlugin,
  errorResponsePlugin,
  fixRequestBody,
  loggerPlugin,
  proxyEventsPlugin,
  responseInterceptor,
} from 'http-proxy-middleware';
import type { Filter, Options, Plugin, RequestHandler } from 'http-proxy-middleware';

const target = 'http://127.0.0.1:9000';
const app = express();

// Where a middleware can be put
app.use(createProxyMiddleware({ target }));
app.use('/api', createProxyMiddleware<express.Request, express.Response>({ target, pathFilter: '/api' }));
app.use('/api', createProxyMiddleware({ target }));
app.get('/one', createProxyMiddleware<express.Request, express.Response>({ target }));
http.createServer(createProxyMiddleware({ target }));
const handler: RequestHandler = createProxyMiddleware({ target, ws: true });
const server = http.createServer(handler);
server.on('upgrade', handler.upgrade);
handler.upgrade satisfies (req: http.IncomingMessage, socket: net.Socket, head: Buffer) => void;
const typed: RequestHandler<express.Request, express.Response> = createProxyMiddleware<
  express.Request,
  express.Response
>({ target });
app.use(typed);
http.createServer((req, res) => {
  void handler(req, res);
  handler(req, res, () => res.end()) satisfies Promise<void>;
});

// Filters
const byFunction: Filter = (pathname, req) => pathname.startsWith('/') && req.method === 'GET';
const filters: Filter[] = ['/api', ['/api', '/ajax'], '/api/**', ['/api/**', '!**/bad.json'], byFunction];
for (const pathFilter of filters) createProxyMiddleware({ target, pathFilter });
const byExpress: Filter<express.Request> = (pathname, req) => pathname === '/' && req.hostname === 'me';
createProxyMiddleware<express.Request, express.Response>({ target, pathFilter: byExpress });

// Rewriters
createProxyMiddleware({ target, pathRewrite: { '^/old': '/new', '^/gone': '' } });
createProxyMiddleware({ target, pathRewrite: (path) => path.replace('/a', '/b') });
createProxyMiddleware({ target, pathRewrite: (path, req) => `${path}${req.method ?? ''}` });
createProxyMiddleware({ target, pathRewrite: async (path) => path });
createProxyMiddleware({ target, pathRewrite: () => undefined });

// Routers
createProxyMiddleware({ target, router: { 'a.test': target, '/path': 'http://127.0.0.1:9001' } });
createProxyMiddleware({ target, router: { 'a.test': { protocol: 'http:', host: 'a', port: 1 } } });
createProxyMiddleware({ router: (req) => `http://${req.headers.host}` });
createProxyMiddleware({ router: async () => target });
createProxyMiddleware({ router: () => ({ protocol: 'https:', host: 'a', port: 1 }) });
createProxyMiddleware({ router: () => new URL(target) });

// Targets and other options of the engine
createProxyMiddleware({ target: new URL(target) });
createProxyMiddleware({ target: { host: '127.0.0.1', port: 9000 } });
createProxyMiddleware({ target: { protocol: 'https:', host: 'a', port: 443, pfx: 'PFX', passphrase: 'x' } });
createProxyMiddleware({
  target,
  forward: 'http://127.0.0.1:9001',
  agent: new https.Agent({ keepAlive: true }),
  ssl: { key: 'PEM', cert: 'PEM' },
  ws: true,
  xfwd: true,
  secure: false,
  toProxy: false,
  prependPath: true,
  ignorePath: false,
  localAddress: '127.0.0.1',
  changeOrigin: true,
  preserveHeaderKeyCase: true,
  auth: 'user:password',
  hostRewrite: 'example.com',
  autoRewrite: true,
  protocolRewrite: 'https',
  cookieDomainRewrite: { '*': '', 'a.test': 'b.test' },
  cookiePathRewrite: { '/a': '/b' },
  headers: { 'x-a': 'b' },
  proxyTimeout: 1000,
  timeout: 1000,
  followRedirects: true,
});
createProxyMiddleware({
  target,
  cookieDomainRewrite: 'a.test',
  cookiePathRewrite: '/',
  agent: new http.Agent(),
});

// Listeners
const options: Options = {
  target,
  logger: console,
  selfHandleResponse: true,
  on: {
    error: (error, req, res, to) => {
      if ('writeHead' in res) {
        res.writeHead(500, { 'Content-Type': 'text/plain' });
        res.end(`${error.message} ${req.url} ${String(to)}`);
      } else {
        res.destroy();
      }
    },
    proxyReq: (proxyReq, req, res, own) => {
      proxyReq.setHeader('x-a', req.headers['x-b'] ?? '');
      proxyReq.path += '?added';
      if (res.headersSent) proxyReq.destroy();
      void own.changeOrigin;
    },
    proxyReqWs: (proxyReq, req, socket, own, head) => {
      proxyReq.setHeader('x-url', req.url ?? '');
      socket.on('error', () => {});
      void [own.target, head.length];
    },
    proxyRes: (proxyRes, req, res) => {
      proxyRes.headers['x-added'] = 'foobar';
      delete proxyRes.headers['x-removed'];
      proxyRes.statusCode = 418;
      proxyRes.pipe(res);
      void req.url;
    },
    open: (proxySocket) => {
      proxySocket.on('data', (data: Buffer) => void data.length);
    },
    close: (proxyRes, proxySocket, proxyHead) => {
      void [proxyRes, proxySocket.address(), proxyHead];
    },
    start: (req, res, to) => void [req.url, res.headersSent, to],
    end: (req, res, proxyRes) => void [req.url, res.statusCode, proxyRes.statusCode],
    econnreset: (error, req, res, to) => void [error.message, req.url, res.headersSent, to],
  },
};
createProxyMiddleware(options);
createProxyMiddleware({ ...options, on: { ...options.on, error: (error) => void error.stack } });
createProxyMiddleware<express.Request, express.Response>({
  target,
  router: (req) => (req.hostname === 'me' ? target : 'http://127.0.0.1:9001'),
  pathRewrite: (path, req) => `${req.baseUrl}${path}`,
  on: {
    proxyReq: (proxyReq, req, res) => {
      proxyReq.setHeader('x-user', req.params['user'] ?? '');
      res.locals['seen'] = true;
    },
    proxyRes: (proxyRes, req, res) => {
      res.cookie('path', req.originalUrl);
      void proxyRes.statusCode;
    },
  },
});

// Bodies and responses
createProxyMiddleware({ target, on: { proxyReq: fixRequestBody } });
createProxyMiddleware<express.Request, express.Response>({ target, on: { proxyReq: fixRequestBody } });
createProxyMiddleware<express.Request, express.Response>({
  target,
  on: {
    proxyReq: (proxyReq, req) => {
      req.body.added = true;
      fixRequestBody(proxyReq, req);
    },
  },
});
createProxyMiddleware({
  target,
  selfHandleResponse: true,
  on: {
    proxyRes: responseInterceptor(async (buffer, proxyRes, req, res) => {
      res.setHeader('content-type', 'text/plain');
      return `${proxyRes.statusCode} ${req.url} ${buffer.toString('utf8')}`;
    }),
  },
});
createProxyMiddleware<express.Request, express.Response>({
  target,
  selfHandleResponse: true,
  on: { proxyRes: responseInterceptor(async (buffer) => buffer) },
});

// Plugins
const plugin: Plugin = (proxyServer, own) => {
  proxyServer.on('proxyReq', (proxyReq) => void proxyReq.path);
  proxyServer.on('error', (error) => void error.message);
  void own.target;
};
createProxyMiddleware({ target, plugins: [plugin] });
createProxyMiddleware({
  target,
  ejectPlugins: true,
  plugins: [debugProxyErrorsPlugin, loggerPlugin, errorResponsePlugin, proxyEventsPlugin, plugin],
});

// Loggers
createProxyMiddleware({ target, logger: { info() {}, warn() {}, error() {} } });

// What does not compile

// @ts-expect-error options are needed
createProxyMiddleware();
// @ts-expect-error options are an object
createProxyMiddleware(5);
// @ts-expect-error a logger has three methods
createProxyMiddleware({ target, logger: { info() {} } });
// @ts-expect-error a number filters nothing
createProxyMiddleware({ target, pathFilter: 5 });
// @ts-expect-error nor does a list of numbers
createProxyMiddleware({ target, pathFilter: [5] });
// @ts-expect-error a number rewrites nothing
createProxyMiddleware({ target, pathRewrite: 5 });
// @ts-expect-error paths are texts
createProxyMiddleware({ target, pathRewrite: { '^/a': 5 } });
// @ts-expect-error nor is a number a path
createProxyMiddleware({ target, pathRewrite: () => 5 });
// @ts-expect-error nor is a number a target
createProxyMiddleware({ target: 5 });
// @ts-expect-error nor can one be routed to
createProxyMiddleware({ target, router: () => 5 });
// @ts-expect-error a router is a table or a function
createProxyMiddleware({ target, router: 'http://a.test' });
// @ts-expect-error plugins are a list
createProxyMiddleware({ target, plugins: 5 });
// @ts-expect-error of functions
createProxyMiddleware({ target, plugins: ['x'] });
// @ts-expect-error yes or no
createProxyMiddleware({ target, ejectPlugins: 'yes' });
// @ts-expect-error a listener is a function
createProxyMiddleware({ target, on: { proxyReq: 5 } });
// @ts-expect-error listeners have a place of their own
createProxyMiddleware({ target, on: () => {} });
// @ts-expect-error yes or no
createProxyMiddleware({ target, changeOrigin: 'yes' });
// @ts-expect-error milliseconds
createProxyMiddleware({ target, proxyTimeout: '1 s' });
// @ts-expect-error an interceptor gives a body
responseInterceptor(async () => 5);
// @ts-expect-error and is a function
responseInterceptor('text');
// @ts-expect-error a request is needed
void handler();
