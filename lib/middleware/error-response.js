'use strict';

const TIMED_OUT_OR_GONE = new Set([
  'ECONNRESET',
  'ENOTFOUND',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'ECONNECT_TIMEOUT',
]);

/**
 * The status of http-proxy-middleware for an error (contract/http-proxy-middleware.md §4.1); what was the client's fault keeps the engine's.
 */
function statusOf(error) {
  if (error.side === 'client') return error.status;
  const code = String(error.code);
  if (code.includes('HPE_INVALID')) return 502;
  if (TIMED_OUT_OR_GONE.has(code)) return 504;
  // Errors that Node's parser has no HPE_INVALID code for are bad answers all the same.
  if (code.startsWith('HPE_')) return 502;
  return error.timeout === undefined ? 500 : 504;
}

/** Answers a failed request, unless its response has begun. */
function answerError(error, req, res) {
  if (res.headersSent || res.writableEnded) return;
  const where = `${req.headers?.host ?? ''}${req.url ?? ''}`.replaceAll('<', '%3C').replaceAll('>', '%3E');
  res.statusCode = statusOf(error);
  res.end(`Error occurred while trying to proxy: ${where}`);
}

module.exports = { answerError };
