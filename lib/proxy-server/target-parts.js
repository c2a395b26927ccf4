'use strict';

/**
 * The forms that a target has: a URL string, a URL (with properties of its own, such as `socketPath`), an object of `url.parse`, an object of
 * parts. All become the same few parts.
 */

const { isCa, isCertificate, isKey, isPfx, optionError } = require('./options.js');

/**
 * @typedef {object} TargetParts
 * @property {URL} url as events show it
 * @property {string} [host] what the `Host` field calls the target, where that is not the URL's host
 * @property {string} [socketPath]
 * @property {string} [credentials] `user:password`
 * @property {unknown} [ca]
 * @property {string} [ciphers]
 * @property {string} [secureProtocol]
 * @property {{ cert?: unknown, key?: unknown, passphrase?: string, pfx?: unknown }} [identity] who we are there
 */

/** What else a target may carry, whatever its form. */
const EXTRAS = ['auth', 'ca', 'cert', 'ciphers', 'key', 'passphrase', 'pfx', 'secureProtocol', 'socketPath'];
const CHECKED = { ca: isCa, cert: isCertificate, key: isKey, pfx: isPfx };
const URL_PARTS = ['href', ...EXTRAS];
const OBJECT_PARTS = ['host', 'hostname', 'path', 'pathname', 'port', 'protocol', 'search', ...EXTRAS];

/** URLs of another realm are URLs, too. */
const isUrl = (target) => target instanceof URL || target.origin !== undefined;

/**
 * @param {unknown} target
 * @returns {TargetParts}
 * @throws {TypeError} that says what is wrong with it
 */
function targetParts(target) {
  if (typeof target === 'string') return withPlace({ url: parse(target) });
  if (typeof target !== 'object' || target === null || Array.isArray(target))
    throw invalid('must be a URL string, a URL, or an object');
  checkExtras(target);
  const { url, host } = isUrl(target) ? { url: parse(`${target.href}`) } : fromObject(target);
  const { auth, ca, cert, ciphers, key, passphrase, pfx, secureProtocol, socketPath } = target;
  return withPlace({
    url,
    host,
    socketPath: socketPath || undefined,
    credentials: auth || undefined,
    ca: ca || undefined,
    identity: { cert, key, passphrase, pfx },
    ciphers: ciphers || undefined,
    secureProtocol: secureProtocol || undefined,
  });
}

/** Whether nothing of a target in an object has changed since `partsOf` looked at it. */
function hasParts(target, parts) {
  if (typeof target !== 'object' || target === null) return false;
  const names = isUrl(target) ? URL_PARTS : OBJECT_PARTS;
  if (parts.length !== names.length) return false;
  for (let i = 0; i < names.length; i++) if (target[names[i]] !== parts[i]) return false;
  return true;
}

function partsOf(target) {
  return (isUrl(target) ? URL_PARTS : OBJECT_PARTS).map((name) => target[name]);
}

function invalid(why) {
  return optionError('target', `The option target ${why}`);
}

function checkExtras(target) {
  for (const name of ['auth', 'ciphers', 'passphrase', 'secureProtocol', 'socketPath']) {
    if (target[name] && typeof target[name] !== 'string') throw invalid(`has a ${name} that is not a string`);
  }
  for (const [name, is] of Object.entries(CHECKED)) {
    if (target[name] && !is(target[name])) throw invalid(`has a ${name} that is none`);
  }
}

function parse(href) {
  try {
    return new URL(href);
  } catch {
    throw invalid(`is not a URL: ${JSON.stringify(href)}; write it like http://localhost:9000`);
  }
}

/** The credentials of a URL, and the Unix socket of one that names it instead of a host: `unix+http://%2Frun%2Fapp.sock/path`. */
function withPlace(parts) {
  const { url } = parts;
  if (parts.credentials === undefined && (url.username !== '' || url.password !== '')) {
    parts.credentials = `${decoded(url.username)}:${decoded(url.password)}`;
  }
  if (url.protocol !== 'unix+http:' && url.protocol !== 'http+unix:') return parts;
  const socketPath = parts.socketPath ?? decoded(url.hostname);
  if (socketPath === '') throw invalid(`names no Unix socket: ${url.href}`);
  return {
    ...parts,
    url: new URL(`http://localhost${url.pathname}${url.search}`),
    host: undefined,
    socketPath,
  };
}

/** What is no encoding means itself. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function fromObject(target) {
  const { host, hostname, port, protocol, pathname, path, search } = target;
  for (const [name, value] of Object.entries({ host, hostname, path, pathname, protocol, search })) {
    if (value && typeof value !== 'string') throw invalid(`has a ${name} that is not a string`);
  }
  if (port !== undefined && port !== null && port !== '' && !/^\d{1,5}$/.test(`${port}`)) {
    throw invalid('has a port that is not a number');
  }
  if (protocol && !/^[a-z+]+:?$/i.test(protocol)) throw invalid('has a protocol that is not one');
  const spoken = host ? withoutPort(host) : undefined;
  const name = bracketed(hostname || spoken || 'localhost');
  if (/[/\\?#@\s]/.test(name)) throw invalid(`has a host that is not a host: ${JSON.stringify(name)}`);
  const scheme = (protocol || 'http:').replace(/:?$/, ':');
  const where = port === undefined || port === null || port === '' ? portOf(host) : `:${port}`;
  const url = parse(`${scheme}//${name}${where}${place(pathname, path, search)}`);
  const isCalledOtherwise = hostname && spoken !== undefined && bracketed(spoken) !== name;
  return { url, host: isCalledOtherwise ? host : undefined };
}

function place(pathname, path, search) {
  const whole =
    typeof pathname === 'string' ? `${pathname}${search ? search.replace(/^\??/, '?') : ''}` : (path ?? '');
  return whole === '' || /^[/?]/.test(whole) ? whole : `/${whole}`;
}

function bracketed(name) {
  return name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
}

/** `host` of a legacy URL object holds the port; an IPv6 address holds colons. */
function withoutPort(host) {
  return host.replace(/^([^:]+|\[.*\]):\d+$/, '$1');
}

function portOf(host) {
  return /^(?:[^:]+|\[.*\])(:\d+)$/.exec(host || '')?.[1] ?? '';
}

module.exports = { hasParts, partsOf, targetParts };
