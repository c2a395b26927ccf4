'use strict';

/** The proxies whose operator was told. */
const warned = new WeakSet();

/**
 * Tells the operator, once for each proxy, of failures that nobody listens to.
 *
 * @param {object} proxy
 * @param {Error & { code?: string }} error
 */
function warnOnce(proxy, error) {
  if (warned.has(proxy)) return;
  warned.add(proxy);
  const detail = `${error.code ?? error.name}: ${error.message}. Listen to the error event to answer such requests yourself; this is said once.`;
  process.emitWarning(`A proxied request failed and nobody handled it: ${detail}`, {
    type: 'ProxyWarning',
    code: 'RS_PROXY_UNHANDLED',
  });
}

module.exports = { warnOnce };
