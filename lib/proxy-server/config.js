'use strict';

/**
 * Options to the engine's configuration: parsed once, found again by what they say. The options stay the caller's own objects and may be
 * edited at any time; an edit makes another configuration.
 */

const { checkOptions, optionError } = require('./options.js');

/** The options that the engine's configuration is made of, apart from the target and `ca`. */
const PLAIN = [
  'agent',
  'allowDuplicateHost',
  'changeOrigin',
  'connectTimeout',
  'ignorePath',
  'prependPath',
  'proxyTimeout',
  'secure',
  'xfwd',
];

/** Configurations in use; a router may name a new target with each request. */
const MOST_CONFIGS = 1000;

/**
 * @typedef {object} Config
 * @property {URL} target as events show it
 * @property {object} native the engine's half
 */

/** @type {Map<string, Config>} */
const configs = new Map();

/** Remembers the configuration of the options that were asked for last; to compare them costs less than to look them up. */
class ConfigMemo {
  #config;
  #target;
  #ca;
  #plain = [];

  /**
   * @param {Record<string, any>} options
   * @returns {Config}
   */
  of(options) {
    if (this.#config === undefined || !this.#isFor(options)) this.#remember(options);
    return this.#config;
  }

  #isFor(options) {
    if (options.ca !== this.#ca || identity(options.target) !== this.#target) return false;
    const plain = this.#plain;
    for (let i = 0; i < PLAIN.length; i++) if (options[PLAIN[i]] !== plain[i]) return false;
    return true;
  }

  #remember(options) {
    this.#config = configOf(options);
    this.#target = identity(options.target);
    this.#ca = options.ca;
    this.#plain = PLAIN.map((name) => options[name]);
  }
}

/** What stays the same for as long as a target is the same; an object that can be edited has nothing of the kind. */
function identity(target) {
  if (typeof target === 'string') return target;
  return target instanceof URL && target.socketPath === undefined ? target.href : NaN;
}

/**
 * The configuration that these options mean.
 *
 * @param {Record<string, any>} options
 * @returns {Config}
 * @throws {TypeError} that names the option that is wrong
 */
function configOf(options) {
  const { target } = options;
  let key = typeof target === 'string' ? target : JSON.stringify(targetParts(target));
  // With its type: `'false'` is not `false`.
  for (const name of PLAIN) key += `\n${typeof options[name]} ${options[name]}`;
  if (options.ca) key += `\n${pem(options.ca)}`;
  const known = configs.get(key);
  if (known !== undefined) {
    if (configs.size > MOST_CONFIGS / 2) refresh(key, known);
    return known;
  }
  const config = build(options);
  configs.set(key, config);
  if (configs.size > MOST_CONFIGS) configs.delete(configs.keys().next().value);
  return config;
}

/** The least recently used stand first. */
function refresh(key, config) {
  configs.delete(key);
  configs.set(key, config);
}

function build(options) {
  checkOptions(options);
  const { NativeConfig } = require('../native/binding.js');
  const parts = targetParts(options.target);
  const target = parseTarget(parts.href);
  const limit = options.proxyTimeout > 0 ? options.proxyTimeout : undefined;
  try {
    const native = new NativeConfig({
      target: target.href,
      socketPath: parts.socketPath,
      changeOrigin: options.changeOrigin === true,
      xfwd: options.xfwd === true,
      prependPath: options.prependPath !== false,
      ignorePath: options.ignorePath === true,
      reuse: options.agent !== false,
      allowDuplicateHost: options.allowDuplicateHost === true,
      secure: options.secure !== false,
      ca: options.ca ? pem(options.ca) : undefined,
      connectTimeout: options.connectTimeout > 0 ? options.connectTimeout : undefined,
      headTimeout: limit,
      idleTimeout: limit,
    });
    return { target, native };
  } catch (error) {
    // The engine says «option: what is wrong with it».
    const name = error.message.split(':', 1)[0];
    throw optionError(name, `The option ${name} cannot be used: ${error.message.slice(name.length + 2)}`);
  }
}

const TLS_PARTS = ['ca', 'cert', 'ciphers', 'key', 'passphrase', 'pfx', 'secureProtocol'];

function parseTarget(href) {
  try {
    return new URL(href);
  } catch {
    throw optionError(
      'target',
      `The option target is not a URL: ${JSON.stringify(href)}; write it like http://localhost:9000`,
    );
  }
}

/** Target and Unix socket of any form of target. */
function targetParts(target) {
  if (typeof target === 'string') return { href: target };
  for (const name of TLS_PARTS) {
    if (target[name] === undefined || target[name] === null) continue;
    throw optionError(
      'target',
      `The option target.${name} is not supported by this version of rs-proxy-middleware; remove it`,
    );
  }
  if (target instanceof URL || target.origin !== undefined) {
    return { href: String(target.href), socketPath: target.socketPath };
  }
  const { host, hostname, port, protocol, pathname, path, search, socketPath } = target;
  const scheme = protocol === undefined || protocol === null ? 'http:' : `${protocol}`.replace(/:?$/, ':');
  const name = hostname ?? (host === undefined || host === null ? 'localhost' : withoutPort(`${host}`));
  const bracketed = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
  const place = pathname === undefined || pathname === null ? (path ?? '') : `${pathname}${search ?? ''}`;
  const where = port === undefined || port === null || port === '' ? portOf(host) : `:${port}`;
  return { href: `${scheme}//${bracketed}${where}${place}`, socketPath };
}

/** `host` of a legacy URL object holds the port; an IPv6 address holds colons. */
function withoutPort(host) {
  return host.replace(/^([^:]+|\[.*\]):\d+$/, '$1');
}

function portOf(host) {
  return /^(?:[^:]+|\[.*\])(:\d+)$/.exec(`${host ?? ''}`)?.[1] ?? '';
}

function pem(ca) {
  return (Array.isArray(ca) ? ca : [ca])
    .map((one) => (typeof one === 'string' ? one : Buffer.from(one).toString('latin1')))
    .join('\n');
}

module.exports = { ConfigMemo, configOf };
