'use strict';

/**
 * What becomes of a response that was to be read and changed, and could not be: its exchange fails, so that the `error` listeners hear of
 * it, and its client gets a 502 if none of them answers.
 */

const { cutResponse } = require('../bridge/client.js');
const { hookError } = require('../bridge/errors.js');
const { ProxyResponse } = require('../facades/proxy-response.js');

/** Errors keep their identity and their code, whatever it means elsewhere. */
const failures = new WeakSet();

/** Whether this is why a response could not be read or changed. */
function isInterceptionFailure(error) {
  return failures.has(error);
}

/** Listeners may take so many milliseconds to answer in their own way. */
const GRACE = 1000;

/**
 * @param {import('node:http').IncomingMessage} proxyRes of ours, or of Node's own client
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:http').ServerResponse} res
 * @param {unknown} thrown
 * @param {string} hook the name of what has failed
 */
function failInterception(proxyRes, req, res, thrown, hook) {
  const error = hookError(hook, thrown);
  failures.add(error);
  const exchange = ProxyResponse.exchangeOf(proxyRes);
  // A listener that answers without a status does not answer with that of the target.
  if (!res.headersSent && exchange?.isOver !== true) res.statusCode = BAD_GATEWAY;
  if (exchange === undefined) {
    proxyRes.destroy();
    answer(res);
  } else {
    exchange.fail(error);
  }
  if (res.writableEnded || res.destroyed || exchange?.isSuperseded) return;
  if (res.headersSent) cutResponse(req, res);
  else setTimeout(() => exchange.isSuperseded || answer(res), GRACE).unref();
}

function answer(res) {
  if (res.headersSent || res.writableEnded || res.destroyed) return;
  res.statusCode = BAD_GATEWAY;
  res.setHeader('content-type', 'text/plain; charset=utf-8');
  res.end('502 Bad Gateway\n');
}

const BAD_GATEWAY = 502;

module.exports = { failInterception, isInterceptionFailure };
