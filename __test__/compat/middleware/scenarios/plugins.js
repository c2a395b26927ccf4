'use strict';

/** `plugins` and `ejectPlugins`. */

const { HPM_3, HPM_4 } = require('../../harness/originals.js');
const { ask, reply } = require('../../harness/texts.js');

const scenario = (name, options, more = {}) => ({ name, options, originals: [HPM_3, HPM_4], ...more });
const down = ({ closed }) => `http://127.0.0.1:${closed}`;

module.exports = [
  scenario('what a plugin is given', ({ target, note }) => {
    const options = {
      target,
      plugins: [
        (...args) =>
          note(`${args.length} ${typeof args[0].on} ${typeof args[0].web} ${args[1].target === target}`),
      ],
    };
    return options;
  }),
  scenario('the order of plugins', ({ target, note }) => ({
    target,
    plugins: [() => note('first'), () => note('second')],
  })),
  scenario('the order of listeners', ({ target, note }) => ({
    target,
    on: { proxyReq: () => note('on'), proxyRes: () => note('on') },
    plugins: [
      (proxy) => proxy.on('proxyReq', () => note('plugin')),
      (proxy) => proxy.on('proxyRes', () => note('plugin')),
    ],
  })),
  scenario('no plugins', ({ target }) => ({ target, plugins: [] })),
  scenario('a plugin that sets a field', ({ target }) => ({
    target,
    plugins: [(proxy) => proxy.on('proxyReq', (proxyReq) => proxyReq.setHeader('x-plugin', '1'))],
  })),
  scenario('a plugin that edits a response', ({ target }) => ({
    target,
    plugins: [(proxy) => proxy.on('proxyRes', (proxyRes) => (proxyRes.headers['x-plugin'] = '1'))],
  })),
  scenario('a plugin that hears of a failure', (at) => ({
    target: down(at),
    plugins: [(proxy) => proxy.on('error', (error, req, res) => at.note(`${error.code} ${res.headersSent}`))],
  })),
  scenario(
    'a plugin that hears of a failure before the own answer',
    (at) => ({
      target: down(at),
      plugins: [
        (proxy) => proxy.prependListener?.('error', (error, req, res) => res.writeHead(418).end('prepended')),
      ],
    }),
    { originals: [HPM_4] },
  ),
  scenario('a plugin that throws', ({ target }) => ({
    target,
    plugins: [
      () => {
        throw new RangeError('of the plugin');
      },
    ],
  })),
  scenario('a plugin that removes listeners', (at) => ({
    target: down(at),
    plugins: [
      (proxy) => {
        proxy.removeAllListeners('error');
        proxy.on('error', (error, req, res) => res.writeHead(418).end('mine'));
      },
    ],
  })),
  scenario('a plugin that counts listeners of error', ({ target, note }) => ({
    target,
    plugins: [(proxy) => note(`${proxy.listenerCount('error')}`)],
  })),
  scenario('ejected', ({ target, note }) => ({
    target,
    ejectPlugins: true,
    on: { proxyReq: () => note('never') },
  })),
  scenario('ejected, and nobody listens', (at) => ({ target: down(at), ejectPlugins: true }), {
    unheard: true,
    originals: [HPM_4],
  }),
  scenario('ejected, and put back one by one', (at) => ({
    target: down(at),
    ejectPlugins: true,
    on: { error: () => at.note('on') },
    plugins: [at.hpm.proxyEventsPlugin, at.hpm.loggerPlugin, at.hpm.errorResponsePlugin],
  })),
  scenario('ejected, the answer alone', (at) => ({
    target: down(at),
    ejectPlugins: true,
    plugins: [at.hpm.errorResponsePlugin],
  })),
  scenario('ejected, the log alone', ({ target, hpm }) => ({
    target,
    ejectPlugins: true,
    plugins: [hpm.loggerPlugin],
  })),
  scenario('ejected, the listeners alone', ({ target, hpm, note }) => ({
    target,
    ejectPlugins: true,
    on: { proxyReq: () => note('on') },
    plugins: [hpm.proxyEventsPlugin],
  })),
  scenario('ejected, the debugging alone', ({ target, hpm }) => ({
    target,
    ejectPlugins: true,
    plugins: [hpm.debugProxyErrorsPlugin],
  })),
  scenario('ejectPlugins: false', ({ target }) => ({ target, ejectPlugins: false })),
  scenario(
    'definePlugin',
    ({ target, hpm, note }) => ({
      target,
      plugins: [hpm.definePlugin(() => note('defined'))],
    }),
    { originals: [HPM_4] },
  ),
  scenario('the default plugins are exported', ({ target, hpm, note }) => {
    for (const name of ['debugProxyErrorsPlugin', 'proxyEventsPlugin', 'loggerPlugin', 'errorResponsePlugin'])
      note(typeof hpm[name]);
    return { target };
  }),
  scenario(
    'a plugin that keeps the proxy, and its events afterwards',
    ({ target, note }) => ({
      target,
      plugins: [
        (proxy) => {
          proxy.once('proxyRes', () => note('once'));
        },
      ],
    }),
    { request: [ask('/a'), ask('/b')], upstream: { answer: reply(['X-A: 1']) } },
  ),
];
