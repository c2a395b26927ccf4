'use strict';

const { Debug } = require('../debug.js');
const { getLogger } = require('../logger.js');
const { SHORTHAND } = require('./config-factory.js');
const { EVENT_OPTIONS } = require('./event-options.js');

const debug = Debug.extend('legacy-options-adapter');
const GUIDE = 'https://github.com/chimurai/http-proxy-middleware/blob/master/MIGRATION.md';

/**
 * Version 2's arguments as version 3's options. What is old about them is said in the log.
 *
 * @param {unknown} context a filter, or the options
 * @param {object} [legacyOptions]
 * @returns {Record<string, any>}
 */
function legacyOptionsAdapter(context, legacyOptions) {
  if (typeof context === 'string' && SHORTHAND.test(context)) throw new Error(SHORTHAND_IS_GONE);
  const hasContext = Boolean(context && legacyOptions);
  const options = hasContext ? { ...legacyOptions, pathFilter: context } : { ...context };
  const provided = options.logProvider?.();
  if (provided) options.logger = provided;
  const logger = getLogger(options);
  if (hasContext) {
    debug('map legacy context/filter to options.pathFilter');
    logger.warn(contextIsOld(context));
  }
  for (const name of ORDER) mapEvent(name, options, logger);
  const { logLevel } = options;
  debug('legacy logLevel', logLevel);
  debug('legacy logProvider: %O', provided);
  if (typeof logLevel === 'string' && logLevel !== 'silent') {
    debug('map "logProvider" to "logger"');
    logger.warn(LOG_OPTIONS_ARE_OLD);
  }
  return options;
}

/** The order in which version 3 speaks of them. */
const ORDER = ['onError', 'onProxyReq', 'onProxyRes', 'onProxyReqWs', 'onOpen', 'onClose'];

function mapEvent(name, options, logger) {
  if (!options[name]) return;
  const event = EVENT_OPTIONS[name];
  options.on = { ...options.on, [event]: options[name] };
  debug('map legacy event "%s" to "on.%s"', name, event);
  logger.warn(eventIsOld(name, event));
}

// The texts are version 3's to the last blank: users' tests have snapshots of them.

const SHORTHAND_IS_GONE = `Shorthand syntax is removed from legacyCreateProxyMiddleware().
      Please use "legacyCreateProxyMiddleware({ target: 'http://www.example.org' })" instead.

      More details: ${GUIDE}#removed-shorthand-usage
      `;

const LOG_OPTIONS_ARE_OLD = `[http-proxy-middleware] Legacy "logLevel" and "logProvider" are deprecated. Migrate to "options.logger":

      const options = {
        logger: console,
      }

      More details: ${GUIDE}#removed-logprovider-and-loglevel-options
      `;

function contextIsOld(context) {
  return `[http-proxy-middleware] Legacy "context" argument is deprecated. Migrate your "context" to "options.pathFilter":

      const options = {
        pathFilter: '${context}',
      }

      More details: ${GUIDE}#removed-context-argument
      `;
}

function eventIsOld(name, event) {
  return `[http-proxy-middleware] Legacy "${name}" is deprecated. Migrate to "options.on.${event}":

        const options = {
          on: {
            ${event}: () => {},
          },
        }

        More details: ${GUIDE}#refactored-proxy-events
        `;
}

module.exports = { legacyOptionsAdapter };
