'use strict';

/**
 * The redirects of one call (the option `followRedirects`): which are followed, and what is asked of the next place.
 *
 * Nothing goes elsewhere that was meant for one place alone: another origin gets no `Authorization`, no `Cookie`, no client certificate.
 */

const { packFields, unpack } = require('../bridge/head-codec.js');
const { configOf } = require('./config.js');
const { isPlainAgent } = require('./plain-agent.js');

/** That of http-proxy and http-proxy-3 for `true`. */
const MOST_REDIRECTS = 21;
/** A property of proxies for which `true` means the same as this number. */
const REDIRECTS_OF_TRUE = Symbol('redirects of true');
/** So much of a request's body is kept to be sent again, as in the originals. */
const MOST_KEPT = 10 * 1024 * 1024;

const STATUSES = new Set([301, 302, 303, 307, 308]);
const PERSONAL = new Set(['authorization', 'cookie', 'proxy-authorization']);

/**
 * @typedef {import('./config.js').Config} Route where one hop goes
 *
 * @typedef {object} Hop
 * @property {Route} route
 * @property {string} prepared its packed head
 * @property {boolean} keepsBody
 */

class Redirects {
  #options;
  #most;
  #isEndless;
  #began = Date.now();
  /** @type {{ url: string, headers: object, statusCode: number }[]} what was followed */
  #followed = [];

  /**
   * @param {Record<string, any>} options of the call
   * @param {number} [ofTrue] what `true` means to its proxy
   */
  constructor(options, ofTrue) {
    this.#options = options;
    const wish = options.followRedirects === true ? (ofTrue ?? true) : options.followRedirects;
    this.#isEndless = wish === true;
    this.#most = this.#isEndless ? MOST_REDIRECTS : wish;
  }

  /** How many milliseconds ago the call began. */
  get elapsed() {
    return Date.now() - this.#began;
  }

  /** How many bytes of a request's body are kept to be sent again. */
  get mostKept() {
    return MOST_KEPT;
  }

  get isExhausted() {
    return this.#followed.length >= this.#most;
  }

  /** A number is a wish for so many, and the next redirect is the answer; `true` has a limit because there must be one. */
  get isEndless() {
    return this.#isEndless;
  }

  /** What `proxyRes` has of them. */
  shown({ target }, { path }) {
    return { responseUrl: `${originOf(target)}${path}`, redirects: this.#followed };
  }

  /**
   * What a response asks for.
   *
   * @param {number} status
   * @param {string} text its packed head, as the target sent it
   * @returns {string | undefined} the location, if this is a redirect
   */
  locationOf(status, text) {
    if (!STATUSES.has(status)) return undefined;
    const items = unpack(text);
    for (let i = 1; i < items.length; i += 2) {
      if (items[i].toLowerCase() === 'location' && items[i + 1] !== '') return asUtf8(items[i + 1]);
    }
    return undefined;
  }

  /**
   * The next hop.
   *
   * @param {number} status
   * @param {string} location
   * @param {Route} route of the hop that was redirected
   * @param {import('../facades/proxy-request.js').ProxyRequest} sent
   * @returns {Hop}
   * @throws {TypeError} if the location is no URL of HTTP
   */
  next(status, location, route, sent) {
    const url = new URL(location, `${originOf(route.target)}${sent.path}`);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new TypeError(`Unsupported protocol ${url.protocol}`);
    }
    const fields = fieldsOf(sent);
    const isSame = isSamePlace(url, route.target, fields.host);
    if (!isSame) {
      for (const name of Object.keys(fields)) if (PERSONAL.has(name.toLowerCase())) delete fields[name];
      fields.host = url.host;
    }
    const becomesGet = asksForGet(status, sent.method);
    if (becomesGet) for (const name of Object.keys(fields)) if (OF_BODY.test(name)) delete fields[name];
    const start = `${becomesGet ? 'GET' : sent.method}\n${url.pathname}${url.search}\n`;
    return {
      route: isSame ? route : elsewhere(this.#options, url),
      prepared: packFields(start, fields).text,
      keepsBody: !becomesGet,
    };
  }

  /** Notes that a redirect is followed. */
  follow(status, text, { target }, { path }) {
    this.#followed.push({
      url: `${originOf(target)}${path}`,
      headers: headersOf(text),
      statusCode: status,
    });
  }
}

const OF_BODY = /^(?:content-.*|transfer-encoding|trailer)$/i;

/** As browsers do, and the originals: what is not sent again becomes a request for what there is to see. */
function asksForGet(status, method) {
  if (status === 303) return method !== 'GET' && method !== 'HEAD';
  return (status === 301 || status === 302) && method === 'POST';
}

/** The fields as they were sent; `host` is always spelled so. */
function fieldsOf(sent) {
  const fields = Object.create(null);
  for (const name of sent.getRawHeaderNames()) {
    fields[name.toLowerCase() === 'host' ? 'host' : name] = sent.getHeader(name);
  }
  return fields;
}

/** Of a target whose URL may be one of WebSockets. */
function originOf({ protocol, host }) {
  return `${protocol === 'https:' || protocol === 'wss:' ? 'https:' : 'http:'}//${host}`;
}

/** Whether a URL means the target: by the name that it has here, or by the one that the request has called it. */
function isSamePlace(url, target, host) {
  const origin = originOf(target);
  if (url.origin === origin) return true;
  const called = `${origin.slice(0, origin.indexOf('/') + 2)}${host}`;
  return URL.canParse(called) && new URL(called).origin === url.origin;
}

/** Where another origin is: nothing of the target's place or of who we are there has a meaning. */
function elsewhere(options, url) {
  const ofAgent = options.agent?.options ?? {};
  const isLent = options.agent && !isPersonal(ofAgent) && isFor(options.agent, url);
  return configOf({
    ...options,
    target: url.origin,
    agent: options.agent === false || isLent ? options.agent : undefined,
    auth: undefined,
    ca: ofAgent.ca ?? options.ca ?? options.target.ca,
    cert: undefined,
    key: undefined,
    pfx: undefined,
    secure: ofAgent.rejectUnauthorized ?? options.secure,
    servername: undefined,
  });
}

/** Whether an agent connects to such URLs. One that connects in a way of its own may be the only way out: Node says if it is none. */
function isFor(agent, { protocol }) {
  return !isPlainAgent(agent) || agent.protocol === protocol;
}

const isPersonal = ({ cert, key, pfx, servername }) =>
  [cert, key, pfx, servername].some((one) => one !== undefined);

/** The fields of a response, as Node's messages have them. */
function headersOf(text) {
  const headers = Object.create(null);
  const items = unpack(text);
  for (let i = 1; i < items.length; i += 2) {
    const name = items[i].toLowerCase();
    if (name === 'set-cookie') (headers[name] ??= []).push(items[i + 1]);
    else headers[name] = name in headers ? `${headers[name]}, ${items[i + 1]}` : items[i + 1];
  }
  return headers;
}

/** Many write a location in UTF-8 as it is. */
function asUtf8(location) {
  const text = Buffer.from(location, 'latin1').toString();
  return text.includes('\ufffd') ? location : text;
}

module.exports = { REDIRECTS_OF_TRUE, Redirects };
