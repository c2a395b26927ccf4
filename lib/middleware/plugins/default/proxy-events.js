'use strict';

const { Debug } = require('../../debug.js');
const { functionName } = require('../../function-name.js');

const debug = Debug.extend('proxy-events-plugin');

/**
 * Implements the option `on`.
 *
 * @param {import('node:events').EventEmitter} proxyServer
 * @param {import('../../../../index.js').Options} options
 */
function proxyEventsPlugin(proxyServer, { on }) {
  for (const [event, listener] of Object.entries(on || {})) {
    if (!listener) continue;
    debug('register event handler: "%s" -> "%s"', event, functionName(listener));
    proxyServer.on(event, listener);
  }
}

module.exports = { proxyEventsPlugin };
