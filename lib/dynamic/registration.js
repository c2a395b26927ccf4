'use strict';

/** `POST /register`: what a request registers, or why it registers nothing. */

const { mayRegister } = require('./admission.js');
const { isTooDeep, readBody } = require('./request-body.js');

/** Why nothing was registered: the message of the `registerError` event's error, and the answer. */
const REFUSALS = {
  FORBIDDEN: 403,
  METHOD_NOT_ALLOWED: 405,
  BAD_REQUEST: 400,
  INCOMPLETE_REQUEST: 400,
  REQUEST_TIMEOUT: 408,
  BODY_TOO_LARGE: 413,
  STORE_UNAVAILABLE: 503,
  TOO_MANY_ROUTES: 507,
};

/** A request that registers nothing. */
class Refusal extends Error {
  /** @param {keyof typeof REFUSALS} reason */
  constructor(reason, cause) {
    super(reason, { cause });
    this.status = REFUSALS[reason];
  }
}

/**
 * Reads what a request registers. Who asks, and how, is looked at before anything of its body is.
 *
 * @param {import('node:http').IncomingMessage} req its `body` becomes the text that was sent
 * @param {Required<import('./index.js').DynamicProxyOptions>} options
 * @returns {Promise<Record<string, unknown>>}
 * @throws {Refusal}
 */
async function readRegistration(req, options) {
  if (!mayRegister(req, options)) throw new Refusal('FORBIDDEN');
  if (req.method.toUpperCase() !== 'POST') throw new Refusal('METHOD_NOT_ALLOWED');
  const body = await readBody(req, options, (reason) => new Refusal(reason));
  const route = typeof body === 'string' ? parse(body) : body;
  if (isTooDeep(route)) throw new Refusal('BAD_REQUEST');
  if (typeof route !== 'object' || route === null || Array.isArray(route))
    throw new Refusal('INCOMPLETE_REQUEST');
  return { ...route };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal('BAD_REQUEST', error);
  }
}

module.exports = { Refusal, readRegistration };
