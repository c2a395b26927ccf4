'use strict';

const { Debug: debug } = require('./debug.js');
const { getPlugins } = require('./get-plugins.js');
const { getLogger } = require('./logger.js');
const { DEBUG_LINES } = require('./path-rewriter.js');
const { debugMatch } = require('./router.js');

/**
 * Where the versions of http-proxy-middleware differ: which paths a middleware goes by, which plugins it has, and what it says. These are
 * the rules of versions 3 and 4.
 *
 * @typedef {typeof RULES} Rules
 */
const RULES = {
  logger: getLogger,
  plugins: getPlugins,

  /** The URL that the filter sees. */
  filteredUrl: (req) => req.url,

  /** Before the router is asked. */
  prepare() {},

  created: () => debug('create proxy server'),
  rewriteLines: DEBUG_LINES,
  matched: debugMatch,
  routed: (target) => debug('router new target: "%s"', target),

  /** @param {boolean} isNew whether the rewriter gave a path */
  rewritten(path, isNew) {
    if (isNew) debug('pathRewrite new path: %s', path);
    else debug('pathRewrite: no rewritten path found: %s', path);
  },

  /**
   * @param {{ options: object, req: object, url: string, target: unknown }} forwarding `url` is the request's before it was rewritten
   */
  forwarding: ({ target }) => debug('proxy request to target: %O', target),
  upgrading: () => debug('server upgrade event received. Proxying WebSocket'),
  serverClosing: () => debug('server close signal received.'),
};

module.exports = { RULES };
