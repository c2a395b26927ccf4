'use strict';

const http = require('node:http');
const https = require('node:https');

/** Whether an agent is Node's own, and connects as Node's own do. */
function isPlainAgent(value) {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== http.Agent.prototype && prototype !== https.Agent.prototype) return false;
  // What is replaced in it connects, queues or keeps in a way of its own.
  return Object.values(value).every((own) => typeof own !== 'function');
}

module.exports = { isPlainAgent };
