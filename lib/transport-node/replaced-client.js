'use strict';

/**
 * Whether somebody has replaced Node's HTTP client: a library that mocks answers in tests, or one that traces requests. What it does, it
 * can only do to requests of that client.
 */

const http = require('node:http');
const https = require('node:https');

let known = [];
let isReplaced = false;

/** Asked with each request: looks closely only when something is not what it was. */
function isClientReplaced() {
  if (http.request === known[0] && https.request === known[1] && http.ClientRequest === known[2])
    return isReplaced;
  known = [http.request, https.request, http.ClientRequest];
  // By what they are, not by what they were: a mocking library may have been loaded before this file.
  isReplaced = !(
    isNodesRequest(http.request) &&
    isNodesRequest(https.request) &&
    isNodesClass(http.ClientRequest)
  );
  return isReplaced;
}

const textOf = (value) => Function.prototype.toString.call(value);
const isNodesRequest = (value) => /^function request\([^]*ClientRequest/.test(textOf(value));
const isNodesClass = (value) => /^(?:function|class) ClientRequest\b/.test(textOf(value));

module.exports = { isClientReplaced };
