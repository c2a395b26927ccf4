'use strict';

/**
 * The option `agent`: a plain agent of Node's says how the engine keeps connections. What an agent does in a way of its own, it does with
 * Node's client.
 */

const { optionError } = require('./options.js');
const { isPlainAgent } = require('./plain-agent.js');

/** Settings that the engine has, or that change nothing that anybody sees. */
const KNOWN = new Set([
  'agentKeepAliveTimeoutBuffer',
  'autoSelectFamily',
  'autoSelectFamilyAttemptTimeout',
  'keepAlive',
  'keepAliveMsecs',
  'localAddress',
  'lookup',
  'maxCachedSessions',
  'maxFreeSockets',
  'maxSockets',
  'maxTotalSockets',
  'noDelay',
  'path',
  'scheduling',
  'timeout',
]);
const KNOWN_OF_TLS = new Set([
  'ALPNProtocols',
  'ca',
  'cert',
  // Newer versions of Node say these two themselves.
  'defaultPort',
  'key',
  'maxVersion',
  'minVersion',
  'passphrase',
  'pfx',
  'protocol',
  'rejectUnauthorized',
  'servername',
]);

/** @type {WeakMap<import('node:http').Agent, number>} */
const numbers = new WeakMap();
let lastNumber = 0;

/**
 * @typedef {object} AgentSettings
 * @property {object} native what the engine is told; `NativeAgent` in src/binding/config.rs
 * @property {boolean} keepAlive
 * @property {Record<string, any>} own the settings it was made with, which win over those of the proxy, as in Node
 * @property {string} [reason] why only Node's client can use it
 */

/**
 * What an agent says.
 *
 * @param {import('node:http').Agent} agent
 * @param {URL} target where its connections are to go
 * @returns {AgentSettings}
 * @throws {TypeError} that says what of it cannot be honoured
 */
function agentSettings(agent, target) {
  if (!isPlainAgent(agent)) {
    const reason = 'the agent connects in a way of its own';
    return { native: { ...NOTHING, number: numberOf(agent) }, keepAlive: true, own: NO_SETTINGS, reason };
  }
  const isSecure = agent.protocol === 'https:';
  if (isSecure !== (target.protocol === 'https:' || target.protocol === 'wss:')) {
    const wanted = isSecure ? 'http.Agent' : 'https.Agent';
    throw refusal(`cannot be used for ${target.origin}, which takes an ${wanted}`);
  }
  const { timeout } = agent.options;
  return {
    native: {
      number: numberOf(agent),
      mostOpen: agent.maxSockets === Infinity ? undefined : count(agent.maxSockets, 1),
      mostIdle: count(agent.maxFreeSockets, 0),
      idleLimit: timeout > 0 ? timeout : undefined,
      oldestFirst: agent.scheduling === 'fifo',
    },
    keepAlive: agent.keepAlive === true,
    own: agent.options,
    reason: unknownSetting(agent, isSecure),
  };
}

const NO_SETTINGS = {};
/** Connections are the agent's own business. */
const NOTHING = { mostIdle: 0, oldestFirst: false };

/** What of an agent only Node's client knows. */
function unknownSetting({ maxTotalSockets, options }, isSecure) {
  const isKnown = (name) => KNOWN.has(name) || (isSecure && KNOWN_OF_TLS.has(name));
  const isSet = (value) => value !== undefined && value !== null;
  const name = Object.keys(options).find((one) => !isKnown(one) && isSet(options[one]));
  if (name !== undefined) return `the agent has the setting ${name}`;
  return maxTotalSockets === Infinity ? undefined : 'the agent has the setting maxTotalSockets';
}

/** Connections of different agents are never shared. */
function numberOf(agent) {
  let number = numbers.get(agent);
  if (number === undefined) numbers.set(agent, (number = ++lastNumber));
  return number;
}

function count(value, least) {
  return Math.min(Math.max(Math.trunc(value), least), MOST);
}

const MOST = 1_000_000;

function refusal(why) {
  return optionError('agent', `The option agent ${why}`);
}

module.exports = { agentSettings };
