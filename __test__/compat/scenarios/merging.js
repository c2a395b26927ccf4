'use strict';

/** Options of the proxy and of the call; what `web` gives back; members. */

const { ask } = require('../harness/texts.js');

module.exports = [
  {
    name: 'the target of the call wins',
    options: ({ closed }) => ({ target: `http://127.0.0.1:${closed}` }),
    perCall: ({ target }) => ({ target }),
    originals: ['http-proxy', 'http-proxy-3'],
  },
  {
    name: 'the call wins where both say something',
    options: ({ closed }) => ({ target: `http://127.0.0.1:${closed}`, ignorePath: true }),
    perCall: ({ target }) => ({ target: `${target}/base`, ignorePath: false }),
  },
  {
    name: 'the call fills gaps',
    options: ({ target }) => ({ target }),
    perCall: () => ({ xfwd: true, changeOrigin: true }),
  },
  {
    name: 'no options of the proxy',
    options: () => undefined,
    perCall: ({ target }) => ({ target }),
  },
  {
    name: 'empty options of the call',
    perCall: () => ({}),
  },
  {
    name: 'options of one call are gone in the next',
    app: ({ req, web }) => web(req.url === '/a' ? { headers: { 'x-once': '1' }, changeOrigin: true } : {}),
    request: [ask('/a'), ask('/b')],
  },
  {
    name: 'an option set to undefined in the call',
    options: ({ target }) => ({ target, changeOrigin: true }),
    perCall: () => ({ changeOrigin: undefined }),
  },
  {
    name: 'options that nobody knows',
    options: ({ target }) => ({
      target,
      logLevel: 'silent',
      bypass: () => {},
      context: ['/a'],
      rewrite: String,
    }),
  },
  {
    name: 'the options of the proxy are the caller’s object',
    options: (at) => (at.given = { target: at.target }),
    inspect: ({ proxy, at }) => [`${proxy.options === at.given}`],
  },
  {
    name: 'the options of the proxy, after a request',
    inspect: ({ proxy }) => [`${typeof proxy.options.target}, ${Object.keys(proxy.options)}`],
  },
  {
    name: 'an unbound web',
    app: ({ proxy, req, res }) => {
      const { web } = proxy;
      web(req, res);
    },
    originals: ['http-proxy-3', 'httpxy'],
  },
  {
    name: 'web replaced by a function that calls the first one',
    prepare: (proxy) => {
      const original = proxy.web;
      proxy.web = function (req, ...rest) {
        req.headers['x-replaced'] = '1';
        return original.call(proxy, req, ...rest);
      };
    },
  },
  {
    name: 'a promise is given back',
    app: ({ proxy, req, res, events }) => {
      const result = proxy.web(req, res);
      events.push(typeof result?.then);
      result?.then?.(
        (value) => events.push(`resolved ${value}`),
        () => events.push('rejected'),
      );
    },
  },
  {
    name: 'a promise of a call that fails, and nobody listens to error',
    options: ({ closed }) => ({ target: `http://127.0.0.1:${closed}` }),
    requests: 0,
    unheard: true,
    originals: ['httpxy'],
  },
  {
    name: 'a promise of a call that fails, and somebody listens to error',
    options: ({ closed }) => ({ target: `http://127.0.0.1:${closed}` }),
    requests: 0,
    originals: ['httpxy'],
  },
  {
    name: 'the names of members',
    inspect: ({ proxy }) =>
      [
        'web',
        'ws',
        'listen',
        'close',
        'before',
        'after',
        'on',
        'emit',
        'listenerCount',
        'removeAllListeners',
        'address',
        'setMaxListeners',
        'proxyRequest',
        'proxyWebsocketRequest',
      ].map((name) => `${name}: ${typeof proxy[name]}`),
  },
  {
    name: 'the listeners of error of a new proxy',
    options: ({ target }) => ({ target }),
    unheard: true,
    inspect: ({ proxy }) => [`${proxy.listenerCount('error')}`],
  },
];
