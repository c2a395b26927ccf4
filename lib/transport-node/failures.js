'use strict';

/** Failures of Node's client, with the details that the engine's have: status, phase, side. */

const { types } = require('node:util');
const { describeError, proxyError } = require('../bridge/errors.js');

/** This machine has nothing left to connect with. */
const OWN_FAULT = new Set(['EADDRNOTAVAIL', 'EMFILE', 'ENFILE']);

/**
 * @param {unknown} thrown by Node's client, an agent, or whatever stands in for them
 * @param {'accept' | 'connect' | 'tls' | 'send' | 'head' | 'body'} phase
 * @param {boolean} isAnswered something had come back
 * @returns {import('../bridge/errors.js').ProxyError}
 */
function clientFailure(thrown, phase, isAnswered) {
  const error = firstOf(asError(thrown));
  const status = OWN_FAULT.has(error.code) ? 503 : 502;
  return describeError(error, status, phase, 'upstream', isAnswered);
}

/** Of several addresses that could not be connected to the first says why. */
function firstOf(error) {
  return error instanceof AggregateError && types.isNativeError(error.errors[0]) ? error.errors[0] : error;
}

function asError(thrown) {
  if (types.isNativeError(thrown)) return thrown;
  const error = new Error(`${thrown?.message ?? thrown}`, { cause: thrown });
  if (thrown?.code !== undefined) error.code = thrown.code;
  return error;
}

/** The target has closed its connection before it answered. */
const hangUp = (phase) => proxyError('ECONNRESET', 'socket hang up', 502, phase, 'upstream');

/** … or in the middle of its answer. */
const cutShort = () =>
  describeError(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }), 502, 'body', 'upstream', true);

/** Whoever has begun it has given it up. */
const cancelled = () => proxyError('ECONNRESET', 'socket hang up', 502, 'accept', 'client');

/** An answer that the engine would not have taken either. */
const badAnswer = (code, message, phase = 'head') =>
  describeError(Object.assign(new Error(`Parse Error: ${message}`), { code }), 502, phase, 'upstream', true);

/** Of a field that cannot be sent. */
const BAD_FIELD = ['HPE_INVALID_HEADER_TOKEN', 'Invalid header value char'];

/** The client's body is not as long as was said. */
const wrongLength = () =>
  proxyError(
    'ERR_PROXY_INVALID_BODY_LENGTH',
    "The request's Content-Length is not usable",
    400,
    'accept',
    'client',
  );

module.exports = { BAD_FIELD, badAnswer, cancelled, clientFailure, cutShort, hangUp, wrongLength };
