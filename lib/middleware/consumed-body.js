'use strict';

/**
 * A request's body that something in front of the proxy has read: what a body parser has made of it is sent in its place. What cannot be
 * sent again is an error, since a target that waits for a body would wait for ever, and one that does not would take none for the body.
 */

const { proxyError } = require('../bridge/errors.js');
const { EMPTY } = require('../bridge/request-body.js');
const { codedBody, writtenBody } = require('./written-body.js');

/**
 * Gives what writes a body that was read already; nothing for a request without a body, or whose body is still to be read.
 *
 * @param {import('node:http').IncomingMessage & { body?: unknown }} req
 * @returns {((field: (name: string) => unknown) => Buffer) | undefined} throws what is wrong with the body
 */
function consumedBody(req) {
  // Not set by the wrappers of other packages, whose bodies may have been read as well.
  if (req.readableDidRead !== true && req.readableEnded !== true) return undefined;
  if (!hadBody(req)) return undefined;
  return (field) => {
    // A listener that takes away what announces the body wants none to be sent.
    if (req.httpVersionMajor < 2 && !isAnnounced(field)) return EMPTY;
    if (!req.readableEnded) throw consumed('a part of it was read');
    return bytesOf(req, field);
  };
}

function hadBody(req) {
  if (isAnnounced((name) => req.headers[name])) return true;
  return req.httpVersionMajor >= 2 && req.stream?.endAfterHeaders === false;
}

function isAnnounced(field) {
  return field('transfer-encoding') !== undefined || Number(field('content-length')) > 0;
}

function bytesOf(req, field) {
  const { body } = req;
  if (body === undefined) throw consumed('req.body does not hold it');
  if (ArrayBuffer.isView(body)) return codedBody(field, body);
  const contentType = `${field('content-type') ?? ''}`;
  if (typeof body === 'string') {
    // As long as what the client has sent: then it is that, and not what a parser has made of it.
    const isText =
      !contentType.includes('json') || `${Buffer.byteLength(body)}` === req.headers['content-length'];
    if (isText) return codedBody(field, body);
  }
  const isForm = contentType.includes('application/x-www-form-urlencoded');
  if (contentType.includes('multipart/form-data') && hasFiles(req)) {
    throw consumed('the files among its parts are not in req.body');
  }
  const bytes = writtenBody(field, isForm && typeof body === 'object' ? flat(body) : body);
  if (bytes !== undefined) return bytes;
  throw consumed(`it is not known how a body of the type ${JSON.stringify(contentType)} is written`);
}

/** Where parsers of forms keep files. */
function hasFiles({ file, files }) {
  return Boolean(file) || Object.keys(files ?? {}).length > 0;
}

/** Fields of an extended form, by names such as `a[b]`. */
function flat(fields, prefix) {
  const pairs = {};
  for (const [key, value] of Object.entries(fields ?? {})) {
    const name = prefix === undefined ? key : `${prefix}[${key}]`;
    const isNested = typeof value === 'object' && value !== null;
    const isList = Array.isArray(value) && value.every((one) => typeof one !== 'object');
    Object.assign(pairs, isNested && !isList ? flat(value, name) : { [name]: value });
  }
  return pairs;
}

function consumed(why) {
  const message =
    `The request's body was read before the proxy could forward it, and ${why}. ` +
    'Put the proxy in front of what reads it, or write the body in a proxyReq listener';
  return proxyError('ERR_PROXY_BODY_CONSUMED', message, 500, 'accept', 'internal');
}

module.exports = { consumedBody };
