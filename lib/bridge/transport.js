'use strict';

const { Engine } = require('./engine.js');
const { NodeTransport } = require('../transport-node/node-transport.js');
const { isClientReplaced } = require('../transport-node/replaced-client.js');

/**
 * Who carries the requests of a configuration: the engine, or Node's own client where only that can do what is asked for.
 *
 * @param {import('../proxy-server/config.js').Config} config
 * @returns {Engine | NodeTransport}
 */
function transportOf(config) {
  const isNodes = config.isNodes || (!config.isEngines && isClientReplaced());
  return isNodes ? NodeTransport.get() : Engine.get();
}

/** What is open now and what has happened so far; `node` is what of it went over Node's client. */
function stats() {
  const engine = Engine.stats;
  const { stats: node } = NodeTransport;
  if (node === undefined) return engine;
  const all = { ...engine, node };
  for (const name of ['exchanges', 'exchangesStarted', 'retries']) all[name] += node[name];
  return all;
}

module.exports = { stats, transportOf };
