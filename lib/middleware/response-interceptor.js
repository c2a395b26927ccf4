'use strict';

/** Reads a whole response, lets a function of the user's change it, and sends what the function makes of it. */

const { constants } = require('node:buffer');
const { proxyError } = require('../bridge/errors.js');
const { ProxyResponse } = require('../facades/proxy-response.js');
const { rewriteCookieProperty } = require('../proxy-server/common.js');
const { stripHopByHop } = require('../proxy-server/hop-by-hop.js');
const { optionError } = require('../proxy-server/options.js');
const { ContentDecoder } = require('./content-coding.js');
const { Debug } = require('./debug.js');
const { functionName } = require('./function-name.js');
const { failInterception } = require('./interception-failure.js');

const debug = Debug.extend('response-interceptor');

/** Longer bodies could not be made a string of. */
const DEFAULT_LIMIT = constants.MAX_STRING_LENGTH;

/**
 * Makes a `proxyRes` listener that buffers the decoded body and answers with what the interceptor returns. It needs `selfHandleResponse`.
 *
 * @param {import('../../index.js').ResponseInterceptor} interceptor
 * @param {{ limit?: number }} [options] `limit`: more bytes than this, before or after decoding, are a 502
 */
function responseInterceptor(interceptor, options) {
  if (typeof interceptor !== 'function')
    throw optionError('responseInterceptor', 'The interceptor must be a function');
  const limit = options?.limit ?? DEFAULT_LIMIT;
  if (typeof limit !== 'number' || !(limit >= 0))
    throw optionError('limit', 'The option limit must be a number of bytes');

  return async function proxyResResponseInterceptor(proxyRes, req, res) {
    debug('intercept proxy response');
    const copied = [];
    try {
      checkIsOurs(proxyRes);
      if (hasNoBody(req, proxyRes)) answerWithoutBody(proxyRes, req, res, copied);
      else await intercept(interceptor, limit, proxyRes, req, res, copied);
    } catch (thrown) {
      if (!res.headersSent) takeBack(res, copied);
      failInterception(proxyRes, req, res, thrown, 'responseInterceptor');
    }
  };
}

/** Whether the response is the interceptor's to give. Of messages that are not ours nobody can tell before it is given. */
function checkIsOurs(proxyRes) {
  const exchange = ProxyResponse.exchangeOf(proxyRes);
  if (exchange === undefined || exchange.options.selfHandleResponse) return;
  const message = 'responseInterceptor() needs the option selfHandleResponse: true';
  throw proxyError('ERR_PROXY_INTERCEPTOR_NOT_ALONE', message, 502, 'hook', 'internal');
}

/** Whether there is a body to be intercepted at all. */
function hasNoBody(req, { statusCode }) {
  return req.method === 'HEAD' || isBodiless(statusCode);
}

const isBodiless = (status) => status < 200 || status === 204 || status === 304;

function answerWithoutBody(proxyRes, req, res, copied) {
  proxyRes.resume();
  copyHead(proxyRes, res, '', copied);
  // With the coding goes the length that it has given the body; that of a body that is not coded is what a HEAD is asked for.
  if (proxyRes.headers['content-encoding'] !== undefined || proxyRes.statusCode === 204)
    res.removeHeader('content-length');
  res.end();
}

async function intercept(interceptor, limit, proxyRes, req, res, copied) {
  const coding = `${proxyRes.headers['content-encoding'] ?? ''}`;
  const decoder = new ContentDecoder(coding, limit);
  if (coding !== decoder.left) debug("decompress proxy response with 'content-encoding': %s", coding);
  const body = await collect(decoder, proxyRes);
  // Somebody else has answered, or there is nobody left to be answered.
  if (res.headersSent || res.writableEnded || res.destroyed) return;
  debug('copy original response headers');
  copyHead(proxyRes, res, decoder.left, copied);
  debug('call interceptor function: %s', functionName(interceptor));
  const result = await interceptor(body, proxyRes, req, res);
  const isNothing = result === undefined || result === null;
  // The interceptor has answered in its own way.
  if (res.writableEnded || (res.headersSent && isNothing)) return;
  if (isNothing) {
    const message = 'The response interceptor returned nothing; it must return a Buffer or a string';
    throw proxyError('ERR_PROXY_INTERCEPTOR_RESULT', message, 502, 'hook', 'internal');
  }
  send(res, ArrayBuffer.isView(result) ? bytesOf(result) : Buffer.from(result));
}

async function collect(decoder, proxyRes) {
  const pieces = [];
  let length = 0;
  // What is read only in part is ended where its failure is told.
  const source = proxyRes.iterator?.({ destroyOnReturn: false }) ?? proxyRes;
  for await (const piece of decoder.decode(source)) {
    pieces.push(piece);
    length += piece.length;
  }
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, length);
}

const bytesOf = (view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength);

function send(res, bytes) {
  if (!res.headersSent) {
    res.removeHeader('trailer');
    res.removeHeader('transfer-encoding');
    // The interceptor may have changed the status to one that has no body.
    if (isBodiless(res.statusCode)) {
      res.removeHeader('content-length');
      res.end();
      return;
    }
    debug('set content-length: %s', bytes.length);
    res.setHeader('content-length', bytes.length);
  }
  debug('write intercepted response');
  res.end(bytes);
}

/**
 * Copies status and fields. What frames or codes the body is left out, and so is what was about the target's connection. Cookies keep their
 * `Domain` unless `cookieDomainRewrite` says otherwise; the engine's other rewriting does not run on responses that are handled here.
 */
function copyHead(proxyRes, res, coding, copied) {
  res.statusCode = proxyRes.statusCode;
  // HTTP/2 has no reason phrases, and warns of them.
  if (proxyRes.statusMessage && res.stream === undefined) res.statusMessage = proxyRes.statusMessage;
  const headers = { ...proxyRes.headers };
  stripHopByHop(headers);
  delete headers['transfer-encoding'];
  delete headers['content-encoding'];
  if (coding !== '') headers['content-encoding'] = coding;
  rewriteCookies(headers, ProxyResponse.exchangeOf(proxyRes)?.options);
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || value === null) continue;
    copied.push(name);
    res.setHeader(name, value);
  }
}

function rewriteCookies(headers, options) {
  const cookies = headers['set-cookie'];
  if (cookies === undefined) return;
  for (const [property, rewrite] of [
    ['domain', options?.cookieDomainRewrite],
    ['path', options?.cookiePathRewrite],
  ]) {
    if (rewrite === undefined || rewrite === null || rewrite === false) continue;
    const config = typeof rewrite === 'string' ? { '*': rewrite } : rewrite;
    headers['set-cookie'] = rewriteCookieProperty(headers['set-cookie'], config, property);
  }
}

/** An error's answer must not go out with another one's length, type or cookies. */
function takeBack(res, names) {
  for (const name of names) res.removeHeader(name);
  // Who removes the target's date does not ask for none.
  res.sendDate = true;
  if (res.stream === undefined) res.statusMessage = undefined;
}

module.exports = { responseInterceptor };
