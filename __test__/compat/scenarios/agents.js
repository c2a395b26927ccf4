'use strict';

/** `agent`: plain agents of Node's. */

const http = require('node:http');
const https = require('node:https');
const { CERTIFICATE } = require('../../support/tls.js');
const { ask, send } = require('../harness/texts.js');

/** How many connections the target has had. */
const connections = ({ upstream }) => [`connections: ${upstream.connections.length}`];

const withAgent = (name, settings, more = {}) => ({
  name,
  options: ({ target }) => ({ target, agent: new http.Agent(settings) }),
  request: ask('/', ['Connection: keep-alive']),
  inspect: connections,
  ...more,
});

const twice = [ask('/a', ['Connection: keep-alive']), ask('/b', ['Connection: keep-alive'])];

const overTls = (name, settings, more = {}) =>
  withAgent(name, settings, {
    upstream: { over: 'tls' },
    options: ({ port }) => ({
      target: `https://localhost:${port}`,
      changeOrigin: true,
      agent: new https.Agent(settings),
      ...more.proxy,
    }),
    ...more.scenario,
  });

const found = (_host, { all }, callback) =>
  all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);
const lost = (host, _options, callback) =>
  callback(Object.assign(new Error(`no ${host} here`), { code: 'ENOHOST' }));

/** The names of targets, as an agent finds them. */
const looking = (name, lookup, more = {}) => ({
  name,
  options: ({ port }) => ({
    target: `http://no.such.name.test:${port}`,
    agent: new http.Agent({ keepAlive: true, lookup }),
  }),
  request: ask('/', ['Connection: keep-alive']),
  ...more,
});

module.exports = [
  withAgent('keepAlive', { keepAlive: true }),
  withAgent('keepAlive, two requests', { keepAlive: true }, { request: twice }),
  withAgent('keepAlive, a body', { keepAlive: true }, { request: send('hello', ['Connection: keep-alive']) }),
  withAgent('keepAlive, maxSockets', { keepAlive: true, maxSockets: 1 }, { request: twice }),
  withAgent('keepAlive, fifo', { keepAlive: true, scheduling: 'fifo' }, { request: twice }),
  withAgent('keepAlive, timeout', { keepAlive: true, timeout: 1000 }, { request: twice }),
  withAgent(
    'keepAlive in one call',
    {},
    {
      options: ({ target }) => ({ target }),
      perCall: () => ({ agent: new http.Agent({ keepAlive: true }) }),
    },
  ),
  withAgent('keepAlive: false', {}, { request: ask('/', ['Connection: close']) }),
  withAgent('keepAlive: false, two requests', {}, { request: [ask('/a'), ask('/b', ['Connection: close'])] }),
  looking('lookup', found),
  looking('lookup, two requests', found, { request: twice, inspect: connections }),
  looking('lookup, a body', found, { request: send('hello', ['Connection: keep-alive']) }),
  looking('lookup that fails', lost, { requests: 0 }),
  looking('lookup, over TLS', found, {
    upstream: { over: 'tls' },
    options: ({ port }) => ({
      target: `https://no.such.name.test:${port}`,
      changeOrigin: true,
      agent: new https.Agent({ keepAlive: true, ca: CERTIFICATE, servername: 'localhost', lookup: found }),
    }),
  }),
  withAgent('localAddress', { keepAlive: true, localAddress: '127.0.0.9' }),
  withAgent(
    'nobody listens at the target',
    { keepAlive: true },
    {
      options: ({ closed }) => ({
        target: `http://127.0.0.1:${closed}`,
        agent: new http.Agent({ keepAlive: true }),
      }),
      requests: 0,
    },
  ),
  overTls('ca', { keepAlive: true, ca: CERTIFICATE }),
  overTls('ca, two requests', { keepAlive: true, ca: CERTIFICATE }, { scenario: { request: twice } }),
  overTls('rejectUnauthorized: false', { keepAlive: true, rejectUnauthorized: false }),
  overTls(
    'rejectUnauthorized: true counts more than secure',
    { rejectUnauthorized: true },
    { proxy: { secure: false }, scenario: { requests: 0 } },
  ),
  overTls('a certificate that nobody vouches for', { keepAlive: true }, { scenario: { requests: 0 } }),
];
