'use strict';

/**
 * Options to the engine's configuration: parsed once, found again by what they say. The options stay the caller's own objects and may be
 * edited at any time; an edit makes another configuration.
 */

const { agentSettings } = require('./agents.js');
const { checkOption, checkOptions, optionError } = require('./options.js');
const { nodePlace, nodeSettings } = require('./node-place.js');
const { hasParts, partsOf, targetParts } = require('./target-parts.js');
const { rootFiles } = require('./trust.js');
const { tlsOptions } = require('./tls-options.js');
const { numberOf } = require('../bridge/lookup.js');
const { upstreamProxy } = require('./upstream-proxy.js');
const { NodeTransport } = require('../transport-node/node-transport.js');

/** The options, apart from the target, that the engine's configuration is made of. */
const SHAPING = new Set([
  'agent',
  'allowDuplicateHost',
  'auth',
  'autoRewrite',
  'ALPNProtocols',
  'ca',
  'cert',
  'changeOrigin',
  'ciphers',
  'connectTimeout',
  'cookieDomainRewrite',
  'cookiePathRewrite',
  'dnsCache',
  'hostRewrite',
  'http2',
  'ignorePath',
  'key',
  'localAddress',
  'lookup',
  'maxVersion',
  'method',
  'minVersion',
  'passphrase',
  'pfx',
  'prependPath',
  'preserveHeaderKeyCase',
  'protocolRewrite',
  'proxyTimeout',
  'secure',
  'secureProtocol',
  'servername',
  'ssl',
  'timeouts',
  'toProxy',
  'upstreamProxy',
  'useSystemCa',
  'xfwd',
]);

/** Configurations in use; a router may name a new target with each request. */
const MOST_CONFIGS = 1000;

/**
 * @typedef {object} Config
 * @property {URL} target as events show it
 * @property {object} native the engine's half
 * @property {Function} [lookup] held for the engine, which knows its number
 * @property {boolean} isNodes its requests can only be sent by Node's own client
 * @property {boolean} isEngines they can only be sent by the engine
 * @property {string} [option] that wants them sent by Node's client
 * @property {string} [reason] why
 * @property {number} [avoidedUntil] when its target is to be among the first again
 */

/** @type {Map<string, Config>} */
const configs = new Map();

/**
 * Remembers the options that came last, and the configurations of the targets that came with them: to compare what the user has set costs
 * less than to check it again and to look it up.
 */
class ConfigMemo {
  #names = [];
  #values = [];
  #inner = NOTHING;
  /** @type {Map<string, Config>} */
  #byTarget = new Map();
  /** Of a target in an object. */
  #parts = NOTHING;
  #config;

  /**
   * Checks options, and finds their configuration.
   *
   * @param {Record<string, any>} options
   * @param {unknown} [target] one of those that the options name
   * @returns {Config}
   * @throws {TypeError} that names the option that is wrong
   */
  of(options, target = options.target) {
    if (!this.#knows(options)) this.#learn(options);
    if (typeof target !== 'string') {
      if (!hasParts(target, this.#parts)) {
        this.#config = find(options, target);
        this.#parts = partsOf(target);
      }
      return this.#config;
    }
    const known = this.#byTarget.get(target);
    if (known !== undefined) return known;
    const config = find(options, target);
    if (this.#byTarget.size >= MOST_CONFIGS) this.#byTarget.clear();
    this.#byTarget.set(target, config);
    return config;
  }

  #knows(options) {
    const names = this.#names;
    const values = this.#values;
    let i = 0;
    for (const name in options) {
      if (name !== names[i]) return false;
      const value = options[name];
      if (value !== values[i]) {
        if (SHAPING.has(name)) return false;
        checkOption(name, value);
        values[i] = value;
      }
      i++;
    }
    if (i !== names.length) return false;
    return this.#inner === NOTHING || isSame(this.#inner, innerValues(options));
  }

  #learn(options) {
    checkOptions(options);
    this.#names = [];
    this.#values = [];
    for (const name in options) {
      this.#names.push(name);
      this.#values.push(options[name]);
    }
    this.#inner = innerValues(options);
    this.#byTarget.clear();
    this.#parts = NOTHING;
  }
}

const NOTHING = [];

/** What options hold that can be edited without another value of the option. */
function innerValues({
  ALPNProtocols,
  ca,
  cert,
  cookieDomainRewrite,
  cookiePathRewrite,
  key,
  pfx,
  ssl,
  timeouts,
}) {
  const isEditable = (value) => typeof value === 'object' && value !== null;
  if (
    ![ALPNProtocols, ca, cert, cookieDomainRewrite, cookiePathRewrite, key, pfx, ssl, timeouts].some(
      isEditable,
    )
  )
    return NOTHING;
  const values = [ALPNProtocols, ca, cert, key, pfx].filter(Array.isArray).flat();
  if (isEditable(ssl)) values.push(ssl.ca);
  for (const map of [cookieDomainRewrite, cookiePathRewrite, timeouts]) {
    if (isEditable(map)) values.push(map, ...Object.keys(map), ...Object.values(map));
  }
  return values;
}

function isSame(before, now) {
  return before.length === now.length && before.every((value, i) => value === now[i]);
}

/**
 * The configuration that these options mean.
 *
 * @param {Record<string, any>} options
 * @param {unknown} [target] one of those that the options name
 * @returns {Config}
 * @throws {TypeError} that names the option that is wrong
 */
function configOf(options, target = options.target) {
  checkOptions(options);
  return find(options, target);
}

function find(options, named) {
  const target = targetParts(named);
  const agent = options.agent ? agentSettings(options.agent, target.url) : undefined;
  const { from, ...tls } = tlsOptions(options, target, agent?.own ?? NO_SETTINGS);
  const node = nodeSettings(options, target, agent) ?? NO_SETTINGS;
  const settings = { ...nativeOptions(options, target, agent), ...tls };
  // Whoever offers it wants it.
  settings.http2 ||= tls.protocols?.includes('h2') === true;
  checkAlone(settings, node);
  // Whoever vouches for targets of that name does not vouch for the proxy.
  if (settings.proxy?.secure)
    Object.assign(settings, { rootFiles: rootFiles(), systemRoots: options.useSystemCa === true });
  const key = JSON.stringify([settings, node]);
  const known = configs.get(key);
  if (known !== undefined) {
    if (configs.size > MOST_CONFIGS / 2) refresh(key, known);
    return known;
  }
  const native = build(settings, from);
  const placeOf = nodePlace(options, target, { ...node, settings });
  NodeTransport.know(native, placeOf);
  const { option, reason } = node;
  const isEngines = settings.proxy !== undefined;
  const config = {
    target: target.url,
    native,
    isNodes: reason !== undefined,
    isEngines,
    option,
    reason,
    lookup: lookupOf(options, agent),
  };
  configs.set(key, config);
  if (configs.size > MOST_CONFIGS) configs.delete(configs.keys().next().value);
  return config;
}

/** What the engine alone can do, it cannot do where Node's client sends. */
function checkAlone({ proxy, http2Plain }, { option, reason }) {
  if (reason === undefined) return;
  const refuse = (name, what, instead) => {
    const message = `The option ${what} cannot be used together with the option ${option} (${reason}); ${instead}`;
    throw optionError(name, message);
  };
  if (proxy !== undefined) refuse('upstreamProxy', 'upstreamProxy', 'leave out one of them');
  if (http2Plain)
    refuse('http2', 'http2: true', "leave out one of them, or say 'auto' to ask these targets in HTTP/1.1");
}

/** The least recently used stand first. */
function refresh(key, config) {
  configs.delete(key);
  configs.set(key, config);
}

const NO_SETTINGS = {};

function build(settings, from) {
  const { NativeConfig } = require('../native/binding.js');
  try {
    return new NativeConfig(settings);
  } catch (error) {
    // The engine says «option: what is wrong with it».
    const [named] = error.message.split(':', 1);
    const name = from[named] ?? named;
    const part = name === named ? '' : `its ${named}: `;
    const why = error.message.slice(named.length + 2);
    throw optionError(name, `The option ${name} cannot be used: ${part}${why}`);
  }
}

/** What the engine is told, apart from TLS; `NativeOptions` in src/binding/config.rs. */
function nativeOptions(options, target, agent) {
  const lookup = lookupOf(options, agent);
  const timeouts = options.timeouts || undefined;
  const credentials = options.auth || target.credentials;
  return {
    target: target.url.href,
    host: target.host,
    socketPath: target.socketPath,
    localAddress: agent?.own.localAddress || options.localAddress || undefined,
    authorization: credentials && `Basic ${Buffer.from(credentials).toString('base64')}`,
    authorizationYields: !options.auth,
    // As Node's own client does.
    method: options.method ? options.method.toUpperCase() : undefined,
    changeOrigin: options.changeOrigin === true,
    xfwd: options.xfwd === true,
    prependPath: options.prependPath !== false,
    ignorePath: options.ignorePath === true,
    toProxy: options.toProxy === true,
    reuse: agent === undefined ? options.agent !== false : agent.keepAlive,
    agent: agent?.native,
    proxy: target.socketPath === undefined ? upstreamProxy(options.upstreamProxy, target.url) : undefined,
    allowDuplicateHost: options.allowDuplicateHost === true,
    preserveHeaderKeyCase: options.preserveHeaderKeyCase === true,
    hostRewrite: options.hostRewrite || undefined,
    autoRewrite: options.autoRewrite === true,
    protocolRewrite: options.protocolRewrite || undefined,
    cookieDomainRewrite: cookiePairs(options.cookieDomainRewrite),
    cookiePathRewrite: cookiePairs(options.cookiePathRewrite),
    connectTimeout: milliseconds(timeouts?.connect ?? options.connectTimeout),
    headTimeout: milliseconds(timeouts?.head ?? options.proxyTimeout),
    idleTimeout: milliseconds(timeouts?.idle ?? options.proxyTimeout),
    totalTimeout: milliseconds(timeouts?.total),
    namedTimeouts: timeouts !== undefined,
    lookup: lookup && numberOf(lookup),
    dnsCache: milliseconds(options.dnsCache),
    http2: options.http2 === true || options.http2 === 'auto',
    http2Plain: options.http2 === true,
  };
}

/** What finds the addresses of names, if not the system. */
function lookupOf(options, agent) {
  return agent?.own.lookup ?? (options.lookup || undefined);
}

/** 0 is no limit. */
function milliseconds(value) {
  return value > 0 ? value : undefined;
}

/** A string is for every value; what is falsy takes the attribute away. */
function cookiePairs(rewrite) {
  if (typeof rewrite === 'string') return ['*', rewrite];
  return rewrite ? Object.entries(rewrite).flatMap(([old, value]) => [old, value || '']) : undefined;
}

module.exports = { ConfigMemo, SHAPING, configOf };
