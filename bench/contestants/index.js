'use strict';

const path = require('node:path');

/**
 * Who is measured, in the order of the tables. `script` is a Node program on top of ../serve.js; `command` makes
 * the command line of another program. `hooks`: it has a way to edit both heads; `interceptor`: one to edit a whole body. `framework`: what it runs in,
 * if not in a plain server. `over`: how it reaches its target, if that is not plain. `door`: it has the clients' sockets to itself, without JavaScript, and
 * takes part where such are compared. `pkg`: whose version is printed.
 *
 * @typedef {(directory: string, port: number, target: string, scenario: { front?: 'tls' | 'h2', sockets?: boolean }) => string[]} Command
 * @type {Array<{ name: string, label: string, kind: 'floor' | 'original' | 'ours' | 'reference', pkg?: string,
 *   hooks?: boolean, interceptor?: boolean, framework?: 'express', over?: 'tls' | 'h2', door?: boolean, script?: string, command?: Command }>}
 */
module.exports = [
  node('node-floor', 'Node http answering itself, no proxy', { kind: 'floor' }),
  node('http-proxy-3', 'http-proxy-3, default', { pkg: 'http-proxy-3', hooks: true }),
  node('http-proxy-3-agent', 'http-proxy-3, keep-alive agent', { pkg: 'http-proxy-3', hooks: true }),
  node('http-proxy', 'http-proxy, default', { pkg: 'http-proxy', hooks: true }),
  node('http-proxy-middleware', 'http-proxy-middleware', {
    pkg: 'http-proxy-middleware',
    hooks: true,
    interceptor: true,
  }),
  node('httpxy', 'httpxy', { pkg: 'httpxy', hooks: true }),
  node('fastify-http-proxy', '@fastify/http-proxy', { pkg: '@fastify/http-proxy', hooks: true }),
  node('fast-proxy', 'fast-proxy (undici)', { pkg: 'fast-proxy', hooks: true }),
  node('undici', 'bare undici dispatch, no features', { pkg: 'undici' }),
  node('ours-server', 'ours: createProxyServer().web', { kind: 'ours', hooks: true }),
  node('ours-door', 'ours: the native door, listen(port, {})', { kind: 'ours', door: true }),
  node('ours-middleware', 'ours: createProxyMiddleware', { kind: 'ours', hooks: true, interceptor: true }),
  node('express-floor', 'Express answering itself, no proxy', {
    kind: 'floor',
    framework: 'express',
    pkg: 'express',
  }),
  node('http-proxy-middleware-express', 'http-proxy-middleware in Express', {
    framework: 'express',
    pkg: 'http-proxy-middleware',
  }),
  node('ours-middleware-express', 'ours: createProxyMiddleware in Express', {
    kind: 'ours',
    framework: 'express',
  }),
  ...['tls', 'h2'].flatMap((over) => [
    node(`http-proxy-3-fetch-${over}`, 'http-proxy-3, fetch with undici', {
      over,
      pkg: 'http-proxy-3',
      script: 'http-proxy-3-fetch',
    }),
    node(`undici-${over}`, 'bare undici dispatch, no features', { over, pkg: 'undici', script: 'undici' }),
    node(`ours-${over}`, 'ours: createProxyServer().web', { over, kind: 'ours', script: 'ours-tls' }),
  ]),
  node('http-proxy-3-agent-tls', 'http-proxy-3, keep-alive agent', { over: 'tls', pkg: 'http-proxy-3' }),
  program('nginx', require('./nginx.js')),
  program('haproxy', require('./haproxy.js')),
];

function program(name, { command }) {
  return { name, label: name, kind: 'reference', door: true, command };
}

function node(name, label, { script = name, ...more }) {
  return { name, label, kind: 'original', script: path.join(__dirname, `${script}.js`), ...more };
}
