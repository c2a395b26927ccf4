'use strict';

const { POST_BODY } = require('./payload.js');
const { CONNECTIONS, measureSockets } = require('./websockets/measure.js');

/**
 * `compare` is the figure the ratios of the table are made of: CPU time per request, or the median latency.
 *
 * @typedef {{ name: string, title: string, path: string, method: string, body: string, connections: number,
 *   hooks: boolean, interceptor: boolean, framework: 'express' | undefined, compare: 'cpu' | 'p50',
 *   measure?: Function, columns?: { figure: string, head: string, digits: number }[] }} Scenario `measure` and `columns`: instead of the usual ones
 */

/** @type {Scenario[]} */
module.exports = [
  scenario('small', 'Small JSON GET, 64 keep-alive connections'),
  scenario('hooks', 'Small JSON GET, 64 connections, one header set on each head by hooks', { hooks: true }),
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
  {
    name: 'websockets',
    title: 'WebSockets',
    compare: 'memory',
    measure: measureSockets,
    columns: [
      { figure: 'memory', head: `KiB per idle connection of ${CONNECTIONS}`, digits: 1 },
      { figure: 'heap', head: 'of them V8’s heap', digits: 1 },
      { figure: 'perSecond', head: 'connections/s', digits: 0 },
      { figure: 'cpu', head: 'µs CPU per 100-byte echo', digits: 1 },
      { figure: 'throughput', head: 'MiB/s of 64 KiB messages', digits: 0 },
    ],
  },
];

function scenario(name, title, more) {
  const usual = {
    path: '/small',
    method: 'GET',
    body: '',
    connections: 64,
    hooks: false,
    interceptor: false,
    framework: undefined,
    over: undefined,
    compare: 'cpu',
  };
  return { name, title, ...usual, ...more };
}
