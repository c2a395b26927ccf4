'use strict';

const { POST_BODY } = require('./payload.js');
const { PER_SECOND, measureRoutes } = require('./routes/measure.js');
const { CONNECTIONS, measureSockets } = require('./websockets/measure.js');

/**
 * `compare` is the figure the ratios of the table are made of: CPU time per request, or the median latency. `hooks`: heads are edited by listeners,
 * the request's or both. `over`: how contestants reach the target, `front`: how clients reach the contestants, where that is not plain. `among`: who
 * takes part, if not everybody who can; `doors`: those that are a door as well. `ours`: to whom ratios are relative, if not to the server.
 *
 * @typedef {{ name: string, title: string, path: string, method: string, body: string, connections: number, streams?: number,
 *   hooks: '' | 'request' | 'both', interceptor: boolean, framework?: 'express', over?: 'tls' | 'h2', front?: 'tls' | 'h2', among?: string[],
 *   doors?: boolean, ours?: string, compare: 'cpu' | 'p50' | 'memory', measure?: Function,
 *   columns?: { figure: string, head: string, digits: number }[] }} Scenario `measure` and `columns`: instead of the usual ones
 */

/** Those that have the clients' sockets to themselves. */
const DOORS = ['ours-door', 'nginx', 'haproxy'];

/** @type {Scenario[]} */
module.exports = [
  scenario('small', 'Small JSON GET, 64 keep-alive connections', { doors: true }),
  scenario('hooks', 'Small JSON GET, 64 connections, one header set on each head by hooks', {
    hooks: 'both',
  }),
  scenario('post', 'POST of 1 KB, 64 connections', { path: '/post', method: 'POST', body: POST_BODY }),
  scenario('large', 'GET of 1 MB, 16 connections', { path: '/large', connections: 16 }),
  scenario('latency', 'Small JSON GET, one connection at a time', { connections: 1, compare: 'p50' }),
  scenario('express', 'Small JSON GET, 64 connections, in Express', { framework: 'express' }),
  scenario('interceptor', 'GET of 1 MB that came as gzip, through responseInterceptor, 16 connections', {
    path: '/gzip',
    connections: 16,
    interceptor: true,
  }),
  scenario('tls', 'Small JSON GET, 64 keep-alive connections, the target over TLS', { over: 'tls' }),
  scenario('h2', 'Small JSON GET, 64 at the same time, the target over HTTP/2 with TLS', { over: 'h2' }),
  sockets('websockets', 'WebSockets', [
    'http-proxy',
    'http-proxy-3',
    'httpxy',
    'ours-server',
    'ours-middleware',
    'ours-messages',
  ]),
  door('door-one', 'Small JSON GET, one connection at a time', { connections: 1, compare: 'p50' }),
  // The server beside them joins these tables to the others.
  door('door-small', 'Small JSON GET, 64 connections', { among: [...DOORS, 'ours-server'] }),
  door('door-thousand', 'Small JSON GET, 1000 connections', { connections: 1000 }),
  door('door-post', 'POST of 1 KB, 64 connections', { path: '/post', method: 'POST', body: POST_BODY }),
  door('door-large', 'GET of 1 MB, 16 connections', { path: '/large', connections: 16 }),
  door('door-tls', 'Small JSON GET, 64 keep-alive connections with TLS', { front: 'tls' }),
  door('door-h2', 'Small JSON GET, HTTP/2 with TLS, 8 connections with 8 streams each', {
    front: 'h2',
    connections: 8,
    streams: 8,
  }),
  door('door-hook', 'Small JSON GET, 64 connections, one header set on the request by a hook', {
    hooks: 'request',
    among: ['http-proxy-3', 'httpxy', 'ours-server', 'ours-door'],
  }),
  sockets('door-websockets', 'WebSockets: the native door', DOORS),
  {
    name: 'routes',
    title: `Routes that change: ${PER_SECOND} changes a second, small JSON GET, 64 connections`,
    compare: 'cpu',
    measure: measureRoutes,
    columns: [
      { figure: 'first', head: 'ms to the first answer', digits: 2 },
      { figure: 'calmRps', head: 'requests/s at rest', digits: 0 },
      { figure: 'calmCpu', head: 'µs CPU/request at rest', digits: 1 },
      { figure: 'changes', head: 'changes/s', digits: 0 },
      { figure: 'rps', head: 'requests/s', digits: 0 },
      { figure: 'cpu', head: 'µs CPU/request', digits: 1 },
      { figure: 'socketErrors', head: 'socket errors', digits: 0 },
    ],
  },
];

/** The native door beside servers of its kind. */
function door(name, title, more) {
  return scenario(name, `${title}: the native door`, { among: DOORS, ours: 'ours-door', ...more });
}

function sockets(name, title, among) {
  return {
    name,
    title,
    compare: 'memory',
    measure: measureSockets,
    among,
    columns: [
      { figure: 'memory', head: `KiB per idle connection of ${CONNECTIONS}`, digits: 1 },
      { figure: 'heap', head: 'of them V8’s heap', digits: 1 },
      { figure: 'perSecond', head: 'connections/s', digits: 0 },
      { figure: 'cpu', head: 'µs CPU per 100-byte echo', digits: 1 },
      { figure: 'throughput', head: 'MiB/s of 64 KiB messages', digits: 0 },
    ],
  };
}

function scenario(name, title, more) {
  const usual = {
    path: '/small',
    method: 'GET',
    body: '',
    connections: 64,
    hooks: '',
    interceptor: false,
    framework: undefined,
    over: undefined,
    compare: 'cpu',
  };
  return { name, title, ...usual, ...more };
}
