'use strict';

/**
 * The options there are, and what may stand in them. What cannot be honoured is refused by name; what is unknown is said once.
 */

const net = require('node:net');
const { debuglog } = require('node:util');

const debug = debuglog('rs-proxy-middleware');

const isString = (value) => typeof value === 'string';
const isBoolean = (value) => typeof value === 'boolean';
const isMilliseconds = (value) => Number.isFinite(value) && value >= 0 && value <= LONGEST_TIMER;
const isObject = (value) => typeof value === 'object' && value !== null;
const isPlain = (value) => isObject(value) && !Array.isArray(value);

/** Node's timers cannot wait longer. */
const LONGEST_TIMER = 2 ** 31 - 1;
const MOST_ATTEMPTS = 100;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}$/;
const PROTOCOL = /^https?:?$/;
const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];

const BOOLEAN = { is: isBoolean, want: 'true or false' };
const MILLISECONDS = { is: isMilliseconds, want: `a number of milliseconds from 0 to ${LONGEST_TIMER}` };
const COOKIES = { is: isCookieRewrite, want: 'false, a string, or an object of strings by old value' };
const isOneTarget = (value) => isString(value) || isPlain(value);
const TARGET = {
  is: (value) => isOneTarget(value) || typeof value === 'function' || isTargetList(value),
  want: 'a URL string, a URL, an object, a list of them, or a function that gives one',
};

/** @type {Record<string, { is(value: unknown): boolean, want: string }>} */
const OPTIONS = {
  ALPNProtocols: {
    is: isProtocols,
    want: 'an array of names of protocols, strings or Buffers, such as h2 and http/1.1',
  },
  agent: {
    is: (value) => isObject(value) && typeof value.addRequest === 'function',
    want: 'false, or an agent such as an http.Agent, an https.Agent or one that is made like them',
  },
  allowDuplicateHost: BOOLEAN,
  auth: { is: isString, want: 'a string: user:password' },
  autoRewrite: BOOLEAN,
  buffer: { is: (value) => typeof value.pipe === 'function', want: 'a readable stream' },
  ca: { is: isCa, want: 'PEM certificates: a string, a Buffer, or an array of them' },
  cert: { is: isCertificate, want: 'PEM certificates: a string, a Buffer, or an array of them' },
  changeOrigin: BOOLEAN,
  ciphers: { is: isString, want: 'a list of ciphers in the way of OpenSSL' },
  connectTimeout: MILLISECONDS,
  cookieDomainRewrite: COOKIES,
  cookiePathRewrite: COOKIES,
  dnsCache: MILLISECONDS,
  fetch: {
    is: (value) => value === true || typeof value === 'function',
    want: 'true, or a function like fetch',
  },
  fetchOptions: {
    is: isFetchOptions,
    want: 'an object with requestOptions (an object), onBeforeRequest or onAfterResponse (functions)',
  },
  followRedirects: {
    is: (value) => value === true || (Number.isInteger(value) && value >= 0),
    want: 'true, false, or how many redirects to follow',
  },
  forward: {
    is: (value) => isOneTarget(value) || typeof value === 'function',
    want: 'a URL string, a URL, an object, or a function that gives one',
  },
  headers: { is: isHeaders, want: 'an object of header fields: strings, numbers, or arrays of them' },
  hookTimeout: MILLISECONDS,
  hostRewrite: { is: isHost, want: 'a host, with or without a port' },
  http2: { is: (value) => value === true || value === 'auto', want: "'auto', true or false" },
  ignorePath: BOOLEAN,
  key: { is: isKey, want: 'a PEM key: a string, a Buffer, or an array of them or of { pem, passphrase }' },
  localAddress: { is: (value) => net.isIP(value) !== 0, want: 'an IP address' },
  lookup: { is: (value) => typeof value === 'function', want: 'a function, as dns.lookup' },
  maxVersion: { is: (value) => VERSIONS.includes(value), want: `one of ${VERSIONS.join(', ')}` },
  method: { is: (value) => isString(value) && TOKEN.test(value), want: 'an HTTP method' },
  minVersion: { is: (value) => VERSIONS.includes(value), want: `one of ${VERSIONS.join(', ')}` },
  passphrase: { is: isString, want: 'a string' },
  pfx: { is: isPfx, want: 'a PKCS#12 archive: a Buffer, or an array of them or of { buf, passphrase }' },
  prependPath: BOOLEAN,
  preserveHeaderKeyCase: BOOLEAN,
  retry: {
    is: isRetry,
    want: `an object with attempts (from 1 to ${MOST_ATTEMPTS}), methods (HTTP methods) or statuses (from 400 to 599)`,
  },
  protocolRewrite: { is: (value) => isString(value) && PROTOCOL.test(value), want: 'http or https' },
  proxyTimeout: MILLISECONDS,
  secure: BOOLEAN,
  secureProtocol: { is: isString, want: 'the name of a method of OpenSSL, such as TLSv1_2_method' },
  servername: { is: (value) => isHost(value) && !value.includes(':'), want: 'the name of a host' },
  selfHandleResponse: BOOLEAN,
  ssl: { is: isServerTls, want: 'an object of TLS settings, its ca PEM certificates if it has one' },
  target: TARGET,
  throwOnUnhandledError: BOOLEAN,
  timeout: MILLISECONDS,
  timeouts: {
    is: isTimeouts,
    want: `an object with connect, head, idle or total, each ${MILLISECONDS.want}`,
  },
  toProxy: BOOLEAN,
  tunnelTimeout: MILLISECONDS,
  upgradeTimeout: MILLISECONDS,
  upstreamProxy: { is: isString, want: "the URL of a proxy, or 'env'" },
  useSystemCa: BOOLEAN,
  verifyUpgrade: BOOLEAN,
  ws: BOOLEAN,
  xfwd: BOOLEAN,
  xfwdWsProtoAsHttp: BOOLEAN,
};

/** What `createProxyMiddleware` makes of the same object; it checks them itself. */
const OF_THE_MIDDLEWARE = new Set([
  'ejectPlugins',
  'logLevel',
  'logProvider',
  'logger',
  'on',
  'onClose',
  'onError',
  'onOpen',
  'onProxyReq',
  'onProxyReqWs',
  'onProxyRes',
  'passThrough',
  'pathFilter',
  'pathRewrite',
  'plugins',
  'responseTransform',
  'router',
]);

/** What Vite makes of a rule that is the options of a proxy as well. */
const OF_VITE = new Set(['bypass', 'configure', 'rewrite', 'rewriteWsOrigin']);

/** The options of text that are not set if the text is empty, as with the originals. */
const OFF_IF_EMPTY = new Set([
  'auth',
  'ca',
  'cert',
  'ciphers',
  'hostRewrite',
  'key',
  'localAddress',
  'method',
  'passphrase',
  'pfx',
  'protocolRewrite',
  'secureProtocol',
  'servername',
  'upstreamProxy',
]);

/** Each fits into the byte that says how long it is. */
function isProtocols(value) {
  const isOne = (one) => isBytes(one) && Buffer.from(one).length <= 255;
  return Array.isArray(value) && value.length > 0 && value.every(isOne);
}

function isCa(value) {
  if (Array.isArray(value)) return value.length > 0 && value.every(isCa);
  return isString(value) || ArrayBuffer.isView(value);
}

/** Text or bytes. */
function isBytes(value) {
  return (isString(value) && value !== '') || (ArrayBuffer.isView(value) && value.byteLength > 0);
}

/** One, or several. */
const isSome = (value, isOne) =>
  Array.isArray(value) ? value.length > 0 && value.every(isOne) : isOne(value);

function isCertificate(value) {
  return isSome(value, isBytes);
}

function isWith(name, one) {
  return isBytes(one) || (isObject(one) && isBytes(one[name]) && isOptionalString(one.passphrase));
}

const isOptionalString = (value) => value === undefined || isString(value);

function isKey(value) {
  return isSome(value, (one) => isWith('pem', one));
}

function isPfx(value) {
  return isSome(value, (one) => isWith('buf', one));
}

function isServerTls(value) {
  return isObject(value) && (value.ca === undefined || value.ca === null || isCa(value.ca));
}

function isTargetList(value) {
  return Array.isArray(value) && value.length > 0 && value.every(isOneTarget);
}

const RETRY = {
  attempts: (value) => Number.isInteger(value) && value >= 1 && value <= MOST_ATTEMPTS,
  methods: (value) => Array.isArray(value) && value.every((one) => isString(one) && TOKEN.test(one)),
  statuses: (value) =>
    Array.isArray(value) && value.every((one) => Number.isInteger(one) && one >= 400 && one <= 599),
};

function isRetry(value) {
  return (
    isPlain(value) &&
    Object.entries(value).every(
      ([name, one]) => Object.hasOwn(RETRY, name) && (one === undefined || RETRY[name](one)),
    )
  );
}

const FETCH_OPTIONS = {
  onAfterResponse: (value) => typeof value === 'function',
  onBeforeRequest: (value) => typeof value === 'function',
  requestOptions: isPlain,
};

function isFetchOptions(value) {
  const isRight = ([name, one]) =>
    Object.hasOwn(FETCH_OPTIONS, name) && (one === undefined || FETCH_OPTIONS[name](one));
  return isPlain(value) && Object.entries(value).every(isRight);
}

const TIMEOUTS = ['connect', 'head', 'idle', 'total'];

function isTimeouts(value) {
  return (
    isPlain(value) &&
    Object.entries(value).every(
      ([name, one]) => TIMEOUTS.includes(name) && (one === undefined || isMilliseconds(one)),
    )
  );
}

/** A symbol or a function is no text; `undefined` is an error of the request, as with the originals. */
function isHeaders(value) {
  const isText = (one) => typeof one !== 'symbol' && typeof one !== 'function';
  return (
    isObject(value) &&
    Object.values(value).every((one) => isText(one) && (!Array.isArray(one) || one.every(isText)))
  );
}

function isCookieRewrite(value) {
  if (value === false || isString(value)) return true;
  const isValue = (one) => isString(one) || one === undefined || one === null || one === false;
  return isObject(value) && !Array.isArray(value) && Object.values(value).every(isValue);
}

function isHost(value) {
  if (!isString(value) || /[/\\?#@\s]/.test(value)) return false;
  try {
    return new URL(`http://${value}`).host !== '';
  } catch {
    return false;
  }
}

/**
 * Checks options by name and kind.
 *
 * @param {Record<string, unknown>} options
 * @throws {TypeError} that names the first option that cannot be honoured
 */
function checkOptions(options) {
  for (const name in options) checkOption(name, options[name]);
}

/** @throws {TypeError} if the value of this option cannot be honoured */
function checkOption(name, value) {
  if (!isSet(name, value)) return;
  const rule = isKnownOption(name) ? OPTIONS[name] : undefined;
  if (rule === undefined) sayUnknown(name);
  else if (!rule.is(value)) throw optionError(name, `The option ${name} must be ${rule.want}`);
}

/** Whether there is an option of this name. */
function isKnownOption(name) {
  return Object.hasOwn(OPTIONS, name);
}

/** Whether an option asks for anything; `false` turns off what may be there. */
function isSet(name, value) {
  if (value === '') return !OFF_IF_EMPTY.has(name);
  return value !== undefined && value !== null && value !== false;
}

const said = new Set();

/** Users pass options of their own through; each name is worth one line. */
function sayUnknown(name) {
  if (OF_THE_MIDDLEWARE.has(name) || OF_VITE.has(name) || said.has(name) || said.size >= MOST_SAID) return;
  said.add(name);
  debug('The option %s is not known and does nothing', name);
}

/** Names may come from anywhere. */
const MOST_SAID = 1000;

/** An error that says which option is wrong. */
function optionError(name, message) {
  const error = new TypeError(message);
  error.code = 'ERR_PROXY_INVALID_OPTION';
  error.option = name;
  return error;
}

module.exports = {
  checkOption,
  checkOptions,
  isCa,
  isCertificate,
  isKey,
  isKnownOption,
  isPfx,
  isProtocols,
  optionError,
};
