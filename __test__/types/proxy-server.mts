/** The proxy server's types, as an ES module sees them. Compiled, never run: what must not compile says so. */

import * as http from 'node:http';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { createProxyServer, ProxyServer } from 'rs-proxy-middleware';

const proxy = createProxyServer({ target: 'http://127.0.0.1:9000', changeOrigin: true });
proxy satisfies ProxyServer;

createProxyServer();
createProxyServer({ target: new URL('http://127.0.0.1:9000') });
createProxyServer({ target: { host: '127.0.0.1', port: 9000 } });
createProxyServer({ target: { socketPath: '/run/app.sock' } });
createProxyServer({
  target: 'https://127.0.0.1',
  secure: true,
  ca: 'PEM',
  headers: { 'x-a': 'b' },
  xfwd: true,
});
createProxyServer({ proxyTimeout: 1000, connectTimeout: 1000, timeout: 1000, agent: false });
createProxyServer({ target: 'http://127.0.0.1', agent: new http.Agent({ keepAlive: true, maxSockets: 8 }) });
createProxyServer({ prependPath: false, ignorePath: true, selfHandleResponse: true });

// @ts-expect-error a number is no target
createProxyServer({ target: 9000 });
// @ts-expect-error an option that does not exist
createProxyServer({ tarjet: 'http://127.0.0.1:9000' });
// @ts-expect-error a time-out is a number of milliseconds
createProxyServer({ proxyTimeout: '1 s' });

createProxyServer({
  target: { protocol: 'http:', hostname: '127.0.0.1', port: '9000', pathname: '/base', search: '?a' },
  forward: (req) => `http://127.0.0.1:${req.headers.port}`,
  ssl: { key: 'PEM', cert: 'PEM' },
  toProxy: true,
  localAddress: '127.0.0.1',
  preserveHeaderKeyCase: true,
  auth: 'user:password',
  hostRewrite: 'example.com',
  autoRewrite: true,
  protocolRewrite: 'https',
  cookieDomainRewrite: { '*': '' },
  cookiePathRewrite: '/',
  headers: { 'x-a': ['b', 'c'], 'x-d': 1 },
  method: 'POST',
  buffer: new PassThrough(),
  ws: true,
});
// @ts-expect-error no function of that kind
createProxyServer({ target: () => 9000 });
// @ts-expect-error PEM text or bytes
createProxyServer({ ca: true });
// @ts-expect-error a stream
createProxyServer({ buffer: 'text' });
// @ts-expect-error a text, or texts by old value
createProxyServer({ cookieDomainRewrite: true });
// @ts-expect-error values are texts or numbers
createProxyServer({ headers: { 'x-a': {} } });
// @ts-expect-error a text
createProxyServer({ auth: { user: 'user' } });
createProxyServer({
  key: ['PEM'],
  cert: Buffer.from('PEM'),
  passphrase: 'x',
  servername: 'h',
  minVersion: 'TLSv1.3',
});
createProxyServer({ pfx: [{ buf: Buffer.from('x'), passphrase: 'x' }], maxVersion: 'TLSv1.2' });
createProxyServer({
  target: { protocol: 'https:', host: 'h', port: 1, key: Buffer.from('PEM'), cert: ['PEM'] },
});
// @ts-expect-error not spoken
createProxyServer({ maxVersion: 'SSLv3' });
createProxyServer({ followRedirects: true });
createProxyServer({ followRedirects: 5 });
// @ts-expect-error a boolean or a number
createProxyServer({ followRedirects: 'yes' });
createProxyServer({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'x', secureProtocol: 'x' });
createProxyServer({ agent: new (class extends http.Agent {})(), upstreamProxy: 'env' });
createProxyServer({ fetch: true });
createProxyServer({
  fetch,
  fetchOptions: {
    requestOptions: { redirect: 'manual' },
    onBeforeRequest: (init, req) => void (init.headers = { 'x-url': req.url ?? '' }),
    onAfterResponse: async (response) => void (await response.clone().text()),
  },
});
// @ts-expect-error a function or true
createProxyServer({ fetch: 'undici' });
// @ts-expect-error an agent of Node's or false
createProxyServer({ agent: 'keep-alive' });

proxy.before('web', 'stream', (req, res, options, head, server) => {
  req satisfies http.IncomingMessage;
  res satisfies http.ServerResponse;
  server satisfies ProxyServer;
  return options.ws === true && head !== undefined;
});
proxy.after('ws', 'XHeaders', (req, socket) => void [req.url, socket.destroyed]);
// @ts-expect-error a kind of pass that does not exist
proxy.before('http', 'stream', () => {});
proxy.web = (req, res) => proxy.proxyRequest(req, res);
proxy.listen(8000, '127.0.0.1', () => {}) satisfies ProxyServer;
proxy.on('an event of their own', (anything) => void anything);

http.createServer((req, res) => {
  proxy.web(req, res) satisfies Promise<void>;
  proxy.web(req, res, { target: 'http://127.0.0.1:9001' }) satisfies Promise<void>;
  proxy.web(req, res, { target: 'http://127.0.0.1:9001' }, (error) => {
    error satisfies Error;
  });
  // @ts-expect-error a response is needed
  void proxy.web(req);
});

proxy.on('start', (req, res, target) => {
  req satisfies http.IncomingMessage;
  res satisfies http.ServerResponse;
  void target;
});
proxy.on('proxyReq', (proxyReq, req, res, options) => {
  proxyReq satisfies http.ClientRequest;
  proxyReq.setHeader('x-a', 'b');
  req satisfies http.IncomingMessage;
  res satisfies http.ServerResponse;
  void options.target;
});
proxy.on('proxyRes', (proxyRes, req, res) => {
  proxyRes satisfies http.IncomingMessage;
  proxyRes.headers['x-a'] = 'b';
  req satisfies http.IncomingMessage;
  res satisfies http.ServerResponse;
});
proxy.on('end', (req, res, proxyRes) => {
  req satisfies http.IncomingMessage;
  res satisfies http.ServerResponse;
  proxyRes satisfies http.IncomingMessage;
});
proxy.on('error', (error, req, res) => {
  error satisfies Error;
  req satisfies http.IncomingMessage;
  res satisfies http.ServerResponse | Socket;
  if (error instanceof Error && 'code' in error) void error.code;
});
proxy.on('econnreset', (error, req, res) => {
  error satisfies Error;
  req satisfies http.IncomingMessage;
  void res;
});

const door = createProxyServer({ target: 'http://127.0.0.1:9000' }).listen(0, {
  host: '127.0.0.1',
  grace: 1000,
  trustProxy: ['10.0.0.0/8'],
  threads: 2,
  accessLog: { format: 'json', path: 'access.log' },
  metrics: { port: 9100 },
  maxConnections: 10,
});
door.stats().door?.forwarded.toFixed();
door.stats().node?.targets['http://h']?.toUpperCase();
// @ts-expect-error an option that does not exist
door.listen(0, { hostname: '127.0.0.1' });
