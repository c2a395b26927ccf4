'use strict';

const { getStatusCode } = require('../../status-code.js');

/**
 * Answers failed requests. It is left out if the user has an `error` listener.
 *
 * @param {import('node:events').EventEmitter} proxyServer
 * @param {import('../../../../index.js').Options} options
 */
function errorResponsePlugin(proxyServer, options) {
  proxyServer.on('error', (error, req, res) => {
    // Nobody is there to be answered.
    if (!req || !res) throw error;
    // The socket of an upgrade is answered and ended by whoever has failed to forward it.
    if (typeof res.writeHead === 'function') answer(error, req, res, options);
  });
}

function answer(error, req, res, { selfHandleResponse }) {
  if (res.writableEnded) return;
  if (res.headersSent) {
    // An error's text must not pass for the rest of the response. What somebody else has begun is theirs to end.
    if (selfHandleResponse) res.destroy();
    return;
  }
  res.writeHead(getStatusCode(error));
  res.end(`Error occurred while trying to proxy: ${sanitized(req.headers?.host)}${sanitized(req.url)}`);
}

/** A client must not take for markup what another one has written. */
function sanitized(text) {
  return text?.replaceAll('<', '%3C').replaceAll('>', '%3E') ?? '';
}

module.exports = { errorResponsePlugin };
