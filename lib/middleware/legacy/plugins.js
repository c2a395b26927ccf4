'use strict';

const { optionError } = require('../../proxy-server/options.js');
const { logError } = require('../plugins/default/logger-plugin.js');
const { errorResponsePlugin } = require('../plugins/default/error-response-plugin.js');
const { EVENT_OPTIONS } = require('./event-options.js');
const { logger } = require('./logger.js');

/**
 * What version 2 did by itself: it added the listeners of the options, answered errors and wrote its log.
 *
 * @param {import('node:events').EventEmitter} proxyServer
 * @param {Record<string, any>} options
 */
function legacyEventsPlugin(proxyServer, options) {
  const events = [];
  for (const [name, event] of Object.entries(EVENT_OPTIONS)) {
    const listener = options[name];
    if (!listener) continue;
    if (typeof listener !== 'function') throw optionError(name, `The option ${name} must be a function`);
    proxyServer.on(event, listener);
    events.push(event);
  }
  if (!events.includes('error')) {
    if (!options.on?.error) errorResponsePlugin(proxyServer, options);
    events.push('error');
  }
  if (!events.includes('close')) {
    proxyServer.on('close', () => logger.info('[HPM] Client disconnected'));
    events.push('close');
  }
  proxyServer.on('econnreset', (error) => logger.error('[HPM] ECONNRESET: %O', error));
  logger.debug('[HPM] Subscribed to http-proxy events:', events);
  proxyServer.on('error', (error, req, res, target) => logError(logger, error, req, target));
}

module.exports = { legacyEventsPlugin };
