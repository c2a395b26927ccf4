'use strict';

/**
 * The passes on a response head under the names they have in http-proxy, for those who import them: with `selfHandleResponse`, to answer as
 * the proxy would have. Responses that the engine gives back do not come here.
 *
 * Each is called with `(req, res, proxyRes, options)`, in the order of the exports.
 */

const { rewriteCookieProperty } = require('../common.js');
const { HOP_BY_HOP, hasToken, stripHopByHop } = require('../hop-by-hop.js');

const REDIRECTS = new Set([201, 301, 302, 303, 307, 308]);

/** The framing of the answer is its writer's. */
function removeChunked(req, res, proxyRes) {
  delete proxyRes.headers['transfer-encoding'];
}

/** Fields about the target's connection make way for what the client asked of its own. */
function setConnection(req, res, proxyRes) {
  const { headers } = proxyRes;
  stripHopByHop(headers);
  if (isHttp2(req)) return;
  const asked = req.headers.connection;
  if (req.httpVersion === '1.0') headers.connection = hasToken(asked, 'keep-alive') ? 'keep-alive' : 'close';
  else headers.connection = hasToken(asked, 'close') ? 'close' : 'keep-alive';
}

/** Makes a redirect that names the target name the proxy. */
function setRedirectHostRewrite(req, res, proxyRes, options) {
  const { location } = proxyRes.headers;
  const { autoRewrite, hostRewrite, protocolRewrite } = options;
  if (!hostRewrite && !autoRewrite && !protocolRewrite) return;
  if (typeof location !== 'string' || !REDIRECTS.has(Number(proxyRes.statusCode))) return;
  const target = urlOf(options.target);
  const url = target && parsed(location, target);
  if (url === undefined || url.host !== target.host) return;
  const host = hostRewrite || (autoRewrite && (req.headers[':authority'] ?? req.headers.host));
  if (host && parsed(`http://${host}`)) {
    // A host without a port means the usual one, not the target's.
    url.port = '';
    url.host = host;
  }
  if (protocolRewrite) url.protocol = protocolRewrite;
  const isProtocolRelative = location.startsWith('//') && !protocolRewrite;
  proxyRes.headers.location = isProtocolRelative ? url.href.slice(url.protocol.length) : url.href;
}

/** Any form of target as a URL; `undefined` if it is none. */
function urlOf(target) {
  if (target === undefined || target === null) return undefined;
  if (typeof target === 'string') return parsed(target);
  if (typeof target.href === 'string') return parsed(target.href);
  const name = `${target.hostname ?? target.host ?? 'localhost'}`;
  const host = target.port && !/:\d+$/.test(name) ? `${name}:${target.port}` : name;
  return parsed(`${`${target.protocol ?? 'http:'}`.replace(/:?$/, ':')}//${host}`);
}

function parsed(text, base) {
  return URL.canParse(text, base) ? new URL(text, base) : undefined;
}

/** Copies the fields that are left; fields that the application has set and the target has not stay. */
function writeHeaders(req, res, proxyRes, options) {
  const names = options.preserveHeaderKeyCase ? rawNames(proxyRes.rawHeaders ?? []) : new Map();
  for (const [name, value] of Object.entries(proxyRes.headers)) {
    const lower = name.trim().toLowerCase();
    if (value === undefined || value === null || lower === '') continue;
    if (HOP_BY_HOP.has(lower) && (lower !== 'connection' || isHttp2(req))) continue;
    res.setHeader(names.get(name) ?? name.trim(), lower === 'set-cookie' ? cookies(value, options) : value);
  }
}

/** The target's spelling of each name; the last one counts. */
function rawNames(rawHeaders) {
  const names = new Map();
  for (let i = 0; i < rawHeaders.length; i += 2) names.set(rawHeaders[i].toLowerCase(), rawHeaders[i]);
  return names;
}

function cookies(header, { cookieDomainRewrite, cookiePathRewrite }) {
  const [domains, paths] = [cookieDomainRewrite, cookiePathRewrite].map(rewrites);
  const moved = domains ? rewriteCookieProperty(header, domains, 'domain') : header;
  return paths ? rewriteCookieProperty(moved, paths, 'path') : moved;
}

/** A string stands for every value; the empty one removes. */
function rewrites(option) {
  return typeof option === 'string' ? { '*': option } : option;
}

function writeStatusCode(req, res, proxyRes) {
  res.statusCode = proxyRes.statusCode;
  // HTTP/2 has no reason phrases.
  if (proxyRes.statusMessage && !isHttp2(req)) res.statusMessage = proxyRes.statusMessage;
}

function isHttp2(req) {
  return req.httpVersionMajor > 1 || req.httpVersion === '2.0';
}

module.exports = { removeChunked, setConnection, setRedirectHostRewrite, writeHeaders, writeStatusCode };
