'use strict';

const { isInterceptionFailure } = require('./interception-failure.js');

const GATEWAY_TIMEOUT = new Set(['ECONNRESET', 'ENOTFOUND', 'ECONNREFUSED', 'ETIMEDOUT', 'ECONNECT_TIMEOUT']);

/**
 * The status that answers an error, by its code as in http-proxy-middleware. Errors that the original cannot have carry more than a code:
 * what was the client's fault keeps the engine's status, and what took too long is 504.
 *
 * @param {import('../bridge/errors.js').ProxyError} error
 * @returns {number}
 */
function getStatusCode(error) {
  if (isInterceptionFailure(error)) return 502;
  if (error?.side === 'client') return error.status;
  const code = String(error?.code);
  if (code.includes('HPE_INVALID')) return 502;
  if (code.includes('HPM_ERR_INVALID_MULTIPART_')) return 400;
  if (GATEWAY_TIMEOUT.has(code)) return 504;
  // Errors that Node's parser has no HPE_INVALID code for are bad answers all the same.
  if (code.startsWith('HPE_')) return 502;
  return error?.timeout === undefined && code !== 'ERR_PROXY_HOOK_TIMEOUT' ? 500 : 504;
}

module.exports = { getStatusCode };
