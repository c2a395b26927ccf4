'use strict';

/** The listeners of the `hooks` scenario for every package with `proxyReq` and `proxyRes` events, and the function of `interceptor`. */

const { HOOK_REQUEST_HEADER, HOOK_RESPONSE_HEADER, HOOK_VALUE } = require('./payload.js');

exports.setRequestHeader = (proxyReq) => {
  proxyReq.setHeader(HOOK_REQUEST_HEADER, HOOK_VALUE);
};

exports.setResponseHeader = (proxyRes) => {
  proxyRes.headers[HOOK_RESPONSE_HEADER] = HOOK_VALUE;
};

/** What is measured is the package's work, not this function's. */
exports.intercept = async (buffer, proxyRes, req, res) => {
  res.setHeader(HOOK_RESPONSE_HEADER, HOOK_VALUE);
  return buffer;
};
