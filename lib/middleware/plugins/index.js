'use strict';

const { debugProxyErrorsPlugin } = require('./default/debug-proxy-errors-plugin.js');
const { errorResponsePlugin } = require('./default/error-response-plugin.js');
const { loggerPlugin } = require('./default/logger-plugin.js');
const { proxyEventsPlugin } = require('./default/proxy-events.js');
const { definePlugin } = require('./define-plugin.js');

module.exports = {
  debugProxyErrorsPlugin,
  definePlugin,
  errorResponsePlugin,
  loggerPlugin,
  proxyEventsPlugin,
};
