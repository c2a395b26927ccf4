'use strict';

const { debugProxyErrorsPlugin } = require('./plugins/default/debug-proxy-errors-plugin.js');
const { errorResponsePlugin } = require('./plugins/default/error-response-plugin.js');
const { loggerPlugin } = require('./plugins/default/logger-plugin.js');
const { proxyEventsPlugin } = require('./plugins/default/proxy-events.js');

/**
 * The plugins of a middleware. Their order is the order in which listeners are called.
 *
 * @param {import('../../index.js').Options} options
 * @returns {import('../../index.js').Plugin[]}
 */
function getPlugins({ ejectPlugins, on, plugins }) {
  const chosen = plugins || [];
  if (ejectPlugins) return [...chosen];
  const answering = on?.error ? [] : [errorResponsePlugin];
  return [debugProxyErrorsPlugin, proxyEventsPlugin, loggerPlugin, ...answering, ...chosen];
}

module.exports = { getPlugins };
