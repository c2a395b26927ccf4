/** The middleware's types, in the frameworks that take it. Compiled, never run. */

import * as http from 'node:http';
import express from 'express';
import { createProxyMiddleware } from 'rs-proxy-middleware';
import type { Door, Filter, LegacyOptions, Logger, OnProxyEvent, RequestHandler } from 'rs-proxy-middleware';
import type { Options } from 'rs-proxy-middleware/dist/types';
import { createProxyMiddleware as createByOldRules } from 'rs-proxy-middleware/legacy';

const app = express();
app.use('/api', createProxyMiddleware({ target: 'http://127.0.0.1:9000', changeOrigin: true }));

app.use(
  createProxyMiddleware<express.Request, express.Response>({
    target: 'http://127.0.0.1:9000',
    on: {
      proxyReq: (proxyReq, req, res) => {
        proxyReq satisfies http.ClientRequest;
        proxyReq.setHeader('x-path', req.originalUrl);
        res satisfies express.Response;
      },
      proxyRes: (proxyRes, req, res) => {
        proxyRes.headers['x-status'] = String(proxyRes.statusCode);
        req satisfies express.Request;
        res satisfies express.Response;
      },
      error: (error) => {
        error satisfies Error;
      },
    },
  }),
);

const proxy = createProxyMiddleware({ target: 'http://127.0.0.1:9000' });
http.createServer((req, res) => {
  void proxy(req, res);
  void proxy(req, res, (error) => {
    void error;
  });
});

// As version 2 was called
const target = 'http://127.0.0.1:9000';
const filter: Filter = ['/api/**', '!**/bad.json'];
const old: LegacyOptions = { target, logLevel: 'debug', onError: (error) => void error.message };
app.use(createProxyMiddleware(filter, old));
app.use(createProxyMiddleware('http://127.0.0.1:9000/api'));
app.use(createProxyMiddleware({ target, onProxyReq: (proxyReq, req) => void [proxyReq.path, req.url] }));
app.use(createByOldRules('/api', { target, logProvider: () => console }), createByOldRules({ target }));

const on: OnProxyEvent = { error: (error, req, res) => void [error.message, req.url, res] };
const logger: Logger = console;
const options: Options = { target, on, logger, pathFilter: filter };
const handler: RequestHandler = createProxyMiddleware(options);
http.createServer(handler).on('upgrade', handler.upgrade);

// @ts-expect-error an event that does not exist
createProxyMiddleware({ target: 'http://127.0.0.1:9000', on: { proxyRequest: () => {} } });

createProxyMiddleware({
  target: 'http://127.0.0.1:9000',
  hookTimeout: 1000,
  timeouts: { connect: 500, head: 1000, idle: 1000, total: 60_000 },
  passThrough: [404, 410],
  on: {
    proxyReq: async (proxyReq) => {
      proxyReq.setHeader('x-late', await Promise.resolve('1'));
    },
    proxyRes: async (proxyRes) => {
      proxyRes.headers['x-late'] = await Promise.resolve('1');
    },
    error: (error) => {
      error.timeout satisfies 'connect' | 'head' | 'idle' | 'total' | undefined;
    },
  },
});
createProxyMiddleware<express.Request, express.Response>({
  target: 'http://127.0.0.1:9000',
  passThrough: (status, proxyRes, req) => {
    status satisfies number;
    proxyRes satisfies http.IncomingMessage;
    req satisfies express.Request;
    return req.originalUrl === '/' && proxyRes.headers['x-a'] === '1';
  },
});

// @ts-expect-error a limit that does not exist
createProxyMiddleware({ target: 'http://127.0.0.1:9000', timeouts: { first: 5 } });
// @ts-expect-error a text is no limit
createProxyMiddleware({ target: 'http://127.0.0.1:9000', timeouts: { head: '5' } });
// @ts-expect-error a single status is no list
createProxyMiddleware({ target: 'http://127.0.0.1:9000', passThrough: 404 });
// @ts-expect-error nobody waits for it
createProxyMiddleware({ target: 'http://127.0.0.1:9000', passThrough: async () => true });

createProxyMiddleware({
  target: ['http://127.0.0.1:9000', new URL('http://127.0.0.1:9001'), { host: '127.0.0.1', port: 9002 }],
  router: { '/a': ['http://127.0.0.1:9003', 'http://127.0.0.1:9004'] },
  retry: { attempts: 3, methods: ['GET', 'POST'], statuses: [502, 503, 504] },
});
createProxyMiddleware({ target: 'http://127.0.0.1:9000', retry: {} });

// @ts-expect-error a list holds targets
createProxyMiddleware({ target: ['http://127.0.0.1:9000', 5] });
// @ts-expect-error a list of functions
createProxyMiddleware({ target: [() => 'http://127.0.0.1:9000'] });
// @ts-expect-error a rule that does not exist
createProxyMiddleware({ target: 'http://127.0.0.1:9000', retry: { times: 3 } });
// @ts-expect-error a single status is no list
createProxyMiddleware({ target: 'http://127.0.0.1:9000', retry: { statuses: 503 } });
// @ts-expect-error one mirror only
createProxyMiddleware({ target: 'http://127.0.0.1:9000', forward: ['http://127.0.0.1:9001'] });

createProxyMiddleware({
  target: 'ws://a',
  ws: true,
  on: {
    wsMessage: (message, { direction, binary }) =>
      direction === 'toClient' && !binary ? `${message}` : null,
  },
});
// @ts-expect-error A message is no number.
createProxyMiddleware({ on: { wsMessage: () => 5 } });

const door = createProxyMiddleware({ target: 'http://127.0.0.1:9000', pathFilter: '/api' }).listen(0, {
  host: '127.0.0.1',
  fallback: app,
  grace: 1000,
});
door satisfies Door;
door.close((error) => error satisfies Error | undefined);
createProxyMiddleware({ target: 'http://127.0.0.1:9000' }).listen(0, () => {}) satisfies Door;
// @ts-expect-error -- A path is no application.
createProxyMiddleware({ target: 'http://127.0.0.1:9000' }).listen(0, { fallback: '/app' });
