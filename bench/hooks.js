'use strict';

/** The listeners of the scenarios with hooks, for every package with `proxyReq` and `proxyRes` events, and the function of `interceptor`. */

const { HOOK_REQUEST_HEADER, HOOK_RESPONSE_HEADER, HOOK_VALUE } = require('./payload.js');

function setRequestHeader(proxyReq) {
  proxyReq.setHeader(HOOK_REQUEST_HEADER, HOOK_VALUE);
}

function setResponseHeader(proxyRes) {
  proxyRes.headers[HOOK_RESPONSE_HEADER] = HOOK_VALUE;
}

/** Adds the listeners that a scenario asks for. */
function addHooks(proxy, hooks) {
  if (hooks !== '') proxy.on('proxyReq', setRequestHeader);
  if (hooks === 'both') proxy.on('proxyRes', setResponseHeader);
}

/** What is measured is the package's work, not this function's. */
async function intercept(buffer, proxyRes, req, res) {
  res.setHeader(HOOK_RESPONSE_HEADER, HOOK_VALUE);
  return buffer;
}

module.exports = { setRequestHeader, setResponseHeader, addHooks, intercept };
