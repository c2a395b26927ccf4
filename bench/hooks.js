'use strict';

/** The listeners of the `hooks` scenario for every package with `proxyReq` and `proxyRes` events. */

const { HOOK_REQUEST_HEADER, HOOK_RESPONSE_HEADER, HOOK_VALUE } = require('./payload.js');

exports.setRequestHeader = (proxyReq) => {
  proxyReq.setHeader(HOOK_REQUEST_HEADER, HOOK_VALUE);
};

exports.setResponseHeader = (proxyRes) => {
  proxyRes.headers[HOOK_RESPONSE_HEADER] = HOOK_VALUE;
};
