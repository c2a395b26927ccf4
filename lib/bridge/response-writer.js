'use strict';

/**
 * Writes a response to the client's `res`, through its own methods: applications patch them (compression, sessions, loggers) and read the
 * result back (`res.getHeader`).
 */

const http = require('node:http');
const { proxyError } = require('./errors.js');
const { unpack } = require('./head-codec.js');

const { prototype } = http.ServerResponse;

/** Whether `res` is Node's own and nobody can see the chunks that are written to it. */
function isGenuine(res) {
  return (
    res instanceof http.ServerResponse &&
    res.write === prototype.write &&
    res.end === prototype.end &&
    res.writeHead === prototype.writeHead
  );
}

/**
 * Sets status and fields.
 *
 * @param {import('node:http').ServerResponse} res
 * @param {number} status
 * @param {string} reason empty: the usual one
 * @param {string[]} items name, value, name, value, … from index `at` on
 * @param {number} at
 */
function writeHead(res, status, reason, items, at) {
  checkStatusLine(res, status, reason);
  let cookies;
  let cookieName;
  for (let i = at; i < items.length; i += 2) {
    const name = items[i];
    if (name.length === 10 && name.toLowerCase() === 'set-cookie') {
      cookieName = name;
      (cookies ??= []).push(items[i + 1]);
    } else {
      res.setHeader(name, carried(res, items[i + 1]));
    }
  }
  if (cookies !== undefined) res.setHeader(cookieName, cookies);
  res.statusCode = status;
  // HTTP/2 has no reason phrases, and warns of them.
  if (reason !== '' && res.stream === undefined) res.statusMessage = reason;
}

/** A value as it may be sent: peers drop a field of HTTP/2 that has white space around it, as where the last of several values is empty. */
function carried(res, value) {
  return res.stream === undefined ? value : value.replace(AROUND, '');
}

const AROUND = /^[\t ]+|[\t ]+$/g;

/**
 * What listeners did to the fields that a packed head cannot say: an array is as many field lines, and a length that is not the body's would
 * leave the client out of step. Whoever patched `res` may change the body, and is believed.
 *
 * @param {import('node:http').ServerResponse} res
 * @param {Record<string, unknown>} headers
 * @param {string | undefined | null} bodyLength `undefined`: unknown until it ends; `null`: there is no body
 */
function settleEdits(res, headers, bodyLength) {
  for (const name of Object.keys(headers)) {
    const isSplit = Array.isArray(headers[name]) && name.toLowerCase() !== 'set-cookie';
    if (isSplit && res.hasHeader?.(name)) res.setHeader(spelled(res, name), headers[name]);
  }
  if (bodyLength === null || !isGenuine(res) || !res.hasHeader('content-length')) return;
  if (bodyLength === undefined) res.removeHeader('content-length');
  else res.setHeader(spelled(res, 'content-length'), bodyLength);
}

/** A field's name as it was set: `preserveHeaderKeyCase` cares. */
function spelled(res, name) {
  const wanted = name.toLowerCase();
  return res.getRawHeaderNames?.().find((other) => other.toLowerCase() === wanted) ?? name;
}

/** What Node would refuse only once the fields are set. */
function checkStatusLine(res, status, reason) {
  // HTTP/2 has no others.
  const highest = res.stream === undefined ? 999 : 599;
  if (!(status >= 200 && status <= highest)) {
    throw proxyError('HPE_INVALID_STATUS', `Invalid status code: ${status}`, 502, 'head', 'upstream');
  }
  if (NOT_IN_REASON.test(reason)) {
    throw proxyError('ERR_INVALID_CHAR', 'Invalid character in statusMessage', 502, 'head', 'upstream');
  }
}

const NOT_IN_REASON = /[^\t\x20-\x7e\x80-\xff]/;

/** Takes back what `writeHead` has set: an error's answer must not go out with another one's length, coding or cookies. */
function takeBackHead(res, items, at) {
  for (let i = at; i < items.length; i += 2) res.removeHeader?.(items[i]);
  // Who removes the target's date does not ask for none.
  res.sendDate = true;
  if (res.stream === undefined) res.statusMessage = undefined;
}

/** Whether the client reads chunks. */
function canChunk(req, res) {
  return req.httpVersionMajor === 1 && req.httpVersionMinor === 1 && res instanceof http.ServerResponse;
}

/** Relays an interim response, as far as the client's connection can carry it. */
function writeInterim(res, status, text) {
  if (status === 102) return res.writeProcessing?.();
  if (status !== 103 || typeof res.writeEarlyHints !== 'function') return undefined;
  const items = unpack(text);
  const hints = {};
  for (let i = 1; i < items.length; i += 2) hints[items[i]] = items[i + 1];
  return res.writeEarlyHints(hints);
}

/** Trailers, where the framing has room for them. */
function writeTrailers(res, text) {
  const items = unpack(text);
  if (items.length === 0 || typeof res.addTrailers !== 'function') return;
  const canCarry = res.chunkedEncoding === true || res.stream !== undefined;
  if (!canCarry) return;
  const trailers = Object.create(null);
  for (let i = 0; i < items.length; i += 2) {
    const [name, value] = [items[i].toLowerCase(), items[i + 1]];
    trailers[name] = carried(res, name in trailers ? `${trailers[name]}, ${value}` : value);
  }
  res.addTrailers(trailers);
}

module.exports = { canChunk, isGenuine, settleEdits, takeBackHead, writeHead, writeInterim, writeTrailers };
