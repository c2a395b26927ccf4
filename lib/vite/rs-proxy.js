'use strict';

const { engineFailure } = require('../bridge/availability.js');
const { checkPluginOptions, isChosen } = require('./plugin-options.js');
const { Rules } = require('./rules.js');

/**
 * A Vite plugin that runs the rules of `server.proxy` and `preview.proxy` on the Rust engine. What decides whether and where to a request is
 * proxied stays Vite's own code; only the proxy that it hands the request to is another one.
 *
 * @param {import('./index.js').RsProxyOptions} [options]
 * @returns {import('./index.js').RsProxyPlugin}
 */
function rsProxy(options = {}) {
  checkPluginOptions(options);
  const { preview = true, onUnavailable = 'original' } = options;
  return {
    name: 'rs-proxy-middleware',
    apply: 'serve',
    // After the other plugins, which may add rules. `configurePreviewServer` must not be there: Vite takes it for another source of
    // pages, and no longer says that the project has not been built.
    configResolved: {
      order: 'post',
      handler(config) {
        const { server, preview: previewing, logger } = config;
        // A `preview` without rules of its own has those of `server`.
        const isShared = previewing.proxy === server.proxy;
        const swap = (rules) => {
          if (!rules) return rules;
          const chosen = (context) => isChosen(context, options);
          return new Rules(rules, { chosen, logger, onUnavailable, failure: engineFailure() }).swapped;
        };
        server.proxy = swap(server.proxy);
        if (preview) previewing.proxy = isShared ? server.proxy : swap(previewing.proxy);
      },
    },
  };
}

module.exports = { rsProxy };
