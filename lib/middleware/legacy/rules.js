'use strict';

const { proxyEventsPlugin } = require('../plugins/default/proxy-events.js');
const { RULES } = require('../rules.js');
const { logger } = require('./logger.js');
const { legacyEventsPlugin } = require('./plugins.js');

/** Puts back what Express has taken off for a mount. */
function keepMount(req) {
  req.url = req.originalUrl || req.url;
}

/** Version 3's bridge filters by the path behind the mount, and forwards the whole one. */
const BRIDGE_RULES = { ...RULES, prepare: keepMount };

/**
 * Version 2: paths are those of the whole application, whatever the middleware is mounted on, and its log has other lines.
 *
 * @type {import('../rules.js').Rules}
 */
const LEGACY_RULES = {
  logger: () => logger,
  plugins: ({ plugins }) => [legacyEventsPlugin, proxyEventsPlugin, ...(plugins || [])],
  filteredUrl: (req) => req.originalUrl || req.url,
  prepare: keepMount,
  created: ({ pathFilter, target }) =>
    logger.info(`[HPM] Proxy created: ${pathFilter ?? undefined}  -> ${target}`),
  rewriteLines: {
    created: (key, value) => logger.info('[HPM] Proxy rewrite rule created: "%s" ~> "%s"', key, value),
    rewritten: (path, result) => logger.debug('[HPM] Rewriting path from "%s" to "%s"', path, result),
  },
  matched: (key) => logger.debug('[HPM] Router table match: "%s"', key),
  routed: (target, previous) => logger.debug('[HPM] Router new target: %s -> "%s"', previous, target),
  rewritten(path, isNew) {
    if (!isNew) logger.info('[HPM] pathRewrite: No rewritten path found. (%s)', path);
  },
  forwarding({ options, req, url, target }) {
    if (options.logLevel !== 'debug') return;
    const arrow = ARROWS[Number(target !== options.target)][Number(req.url !== url)];
    logger.debug('[HPM] %s %s %s %s', req.method, url, arrow, target);
  },
  upgrading: () => logger.info('[HPM] Upgrading to WebSocket'),
  serverClosing: () => logger.info('[HPM] server close signal received: closing proxy server'),
};

/** By whether the router and the rewriter have changed anything. */
const ARROWS = [
  ['->', '~>'],
  ['=>', '≈>'],
];

module.exports = { BRIDGE_RULES, LEGACY_RULES };
