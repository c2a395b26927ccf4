'use strict';

const { ProxyServer } = require('../proxy-server/proxy-server.js');
const { optionError } = require('../proxy-server/options.js');
const { answerError } = require('./error-response.js');

/**
 * Makes an Express or connect middleware that proxies every request it is given.
 *
 * @param {import('../../index.js').Options} options those of `createProxyServer`, and `on`: listeners by event name
 */
function createProxyMiddleware(options) {
  const { on = {}, ...serverOptions } = options ?? {};
  if (typeof on !== 'object' || on === null)
    throw optionError('on', 'The option on must be an object of listeners');
  const proxy = new ProxyServer(serverOptions);
  for (const [event, listener] of Object.entries(on)) {
    if (listener === undefined) continue;
    if (typeof listener !== 'function') throw optionError('on', `The option on.${event} must be a function`);
    proxy.on(event, listener);
  }
  if (on.error === undefined) proxy.on('error', answerError);

  /** Its length of three is what frameworks tell an error handler by. */
  return async function proxyMiddleware(req, res, next) {
    if (serverOptions.target === undefined || serverOptions.target === null) {
      next?.(new Error('Must provide a proper URL as target'));
      return;
    }
    await proxy.web(req, res);
  };
}

module.exports = { createProxyMiddleware };
