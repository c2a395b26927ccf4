'use strict';

/** The proxy's own server. */

const { CERTIFICATE, KEY } = require('../../support/tls.js');
const { ask, send } = require('../harness/texts.js');

const listening = (name, more = {}) => ({ name, listens: true, ...more });

module.exports = [
  listening('a request'),
  listening('a request with a body', { request: send('hello') }),
  listening('options of the proxy', {
    options: ({ target }) => ({ target: `${target}/base`, xfwd: true, changeOrigin: true }),
    request: ask('/a'),
  }),
  listening('a target where nobody listens', {
    options: ({ closed }) => ({ target: `http://127.0.0.1:${closed}` }),
    requests: 0,
  }),
  listening('the forward leg alone', {
    forward: {},
    requests: 0,
    options: ({ forward }) => ({ forward }),
  }),
  listening('ssl', {
    overTls: true,
    options: ({ target }) => ({ target, ssl: { key: KEY, cert: CERTIFICATE } }),
  }),
  listening('ssl, xfwd and a body', {
    overTls: true,
    options: ({ target }) => ({ target, xfwd: true, ssl: { key: KEY, cert: CERTIFICATE } }),
    request: send('hello', ['Host: public.test:8443']),
  }),
  {
    name: 'listen gives the proxy back',
    requests: 0,
    inspect: async ({ proxy }) => {
      const same = proxy.listen(0, '127.0.0.1') === proxy;
      const closed = await new Promise((resolve) => proxy.close((...args) => resolve(args.length)));
      return [`${same}`, `closed, ${closed} arguments`, `${proxy._server == null}`];
    },
  },
  {
    name: 'close without listen',
    inspect: ({ proxy }) => {
      proxy.close();
      return ['closed'];
    },
  },
  {
    name: 'close without listen, a callback',
    inspect: async ({ proxy }) => {
      const called = new Promise((resolve) => proxy.close(() => resolve('called')));
      const late = new Promise((resolve) => setTimeout(resolve, 30, 'not called'));
      return [await Promise.race([called, late])];
    },
  },
  {
    name: 'address',
    inspect: async ({ proxy }) => {
      proxy.listen(0, '127.0.0.1');
      await new Promise((resolve) => setTimeout(resolve, 20));
      const { address, family } = proxy.address();
      proxy.close();
      return [`${address} ${family}`];
    },
    originals: ['http-proxy-3'],
  },
];
