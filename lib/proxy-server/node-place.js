'use strict';

/** What of the options concerns Node's own client: whether requests have to go over it, and what it is told then. */

const tls = require('node:tls');
const { optionError } = require('./options.js');
const { nodeRoots } = require('./trust.js');
const { cachedLookup } = require('../transport-node/cached-lookup.js');
const { Place } = require('../transport-node/place.js');

/** Versions of TLS that the engine does not speak. */
const OLD_VERSIONS = new Set(['TLSv1', 'TLSv1.1']);

/**
 * @typedef {object} NodeSettings
 * @property {string} [reason] why only Node's client can send these requests
 * @property {string} [option] that wants it so
 * @property {string} [ciphers]
 * @property {string} [secureProtocol]
 * @property {string} [minVersion]
 * @property {string} [maxVersion]
 */

/**
 * @param {Record<string, any>} options
 * @param {import('./target-parts.js').TargetParts} target
 * @param {import('./agents.js').AgentSettings | undefined} agent
 * @returns {NodeSettings} that tell configurations from one another
 */
function nodeSettings(options, target, agent) {
  if (!isTls(target.url)) return ofAgent(agent);
  const own = agent?.own ?? {};
  const settings = {
    ciphers: options.ciphers || target.ciphers || undefined,
    secureProtocol: options.secureProtocol || target.secureProtocol || undefined,
    minVersion: own.minVersion ?? (options.minVersion || undefined),
    maxVersion: own.maxVersion ?? (options.maxVersion || undefined),
  };
  return { ...settings, ...(ofAgent(agent) ?? ofTls(settings)) };
}

const isTls = ({ protocol }) => protocol === 'https:' || protocol === 'wss:';

const ofAgent = (agent) =>
  agent?.reason === undefined ? undefined : { option: 'agent', reason: agent.reason };

/** What of these settings only Node's TLS can do. */
function ofTls({ ciphers, secureProtocol, minVersion, maxVersion }) {
  const because = (option) => ({ option, reason: `the option ${option}` });
  if (ciphers !== undefined) return because('ciphers');
  if (secureProtocol !== undefined) return because('secureProtocol');
  if (OLD_VERSIONS.has(minVersion)) return because('minVersion');
  return OLD_VERSIONS.has(maxVersion) ? because('maxVersion') : undefined;
}

/**
 * Where Node's client sends requests. The options are looked at now; the place is made when it is first needed.
 *
 * @param {Record<string, any>} options
 * @param {import('./target-parts.js').TargetParts} target
 * @param {NodeSettings & { settings: object }} known what the engine was told, too
 * @returns {() => Place}
 */
function nodePlace(options, target, { reason, settings, ciphers, secureProtocol, minVersion, maxVersion }) {
  const versions = { ciphers, secureProtocol, minVersion, maxVersion };
  checkVersions(versions, options);
  const { ca, identity, socketPath, url } = target;
  const who = options.cert || options.key || options.pfx ? options : identity;
  const given = {
    url,
    socketPath,
    localAddress: settings.localAddress,
    lookup: options.lookup || (settings.dnsCache && cachedLookup(settings.dnsCache)),
    agent: agentOf(options),
    tls: withoutEmpty({
      ca: options.ca || ca || options.ssl?.ca,
      cert: who?.cert,
      key: who?.key,
      pfx: who?.pfx,
      passphrase: who?.passphrase,
      rejectUnauthorized: options.secure !== false,
      servername: options.servername,
      ...versions,
    }),
    limits: {
      connect: settings.connectTimeout,
      head: settings.headTimeout,
      idle: settings.idleTimeout,
      total: settings.totalTimeout,
      isNamed: settings.namedTimeouts,
    },
    reason,
  };
  // An agent of the user's is asked with what it was made with: it would keep connections whatever vouches for them.
  if (given.tls.ca !== undefined || given.agent || !isTls(url)) return () => new Place(given);
  // It takes a moment, and most requests never get there.
  return () => new Place({ ...given, roots: nodeRoots(options.useSystemCa === true) });
}

function agentOf({ agent }) {
  return agent || agent === false ? agent : undefined;
}

const withoutEmpty = (settings) =>
  Object.fromEntries(
    Object.entries(settings).filter(([, value]) => value !== undefined && value !== null && value !== ''),
  );

/** OpenSSL says best what it makes of them. */
function checkVersions(versions, options) {
  const given = withoutEmpty(versions);
  if (given.ciphers === undefined && given.secureProtocol === undefined) return;
  try {
    tls.createSecureContext(given);
  } catch (cause) {
    const name = given.secureProtocol === undefined ? 'ciphers' : 'secureProtocol';
    const [option, part] = options[name] ? [name, name] : ['target', `target.${name}`];
    throw Object.assign(optionError(option, `The option ${part} cannot be used: ${cause.message}`), {
      cause,
    });
  }
}

module.exports = { nodePlace, nodeSettings };
