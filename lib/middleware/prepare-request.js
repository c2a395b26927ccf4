'use strict';

const { settled } = require('../proxy-server/passes.js');
const { targetFromTable } = require('./router.js');

/**
 * Asks the router, then the rewriter. The rewriter changes the request's URL.
 *
 * @param {import('../../index.js').Options} options
 * @param {Function | undefined} rewrite
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:http').ServerResponse | undefined} res none for upgrades
 * @param {import('./rules.js').Rules} rules
 * @returns {Promise<import('../../index.js').Options>} the options of this request alone
 */
async function prepareRequest(options, rewrite, req, res, rules) {
  const active = { ...options };
  const { router, hookTimeout } = options;
  if (router) {
    const target =
      typeof router === 'function'
        ? await settled('router', router(req, res, active), hookTimeout)
        : targetFromTable(req, router, rules.matched);
    if (target) {
      rules.routed(target, active.target);
      active.target = target;
    }
  }
  if (rewrite !== undefined && req.url) {
    const path = await settled('pathRewrite', rewrite(req.url, req, res, active), hookTimeout);
    const isNew = typeof path === 'string';
    if (isNew) req.url = path;
    rules.rewritten(req.url, isNew);
  }
  return active;
}

/** The error of a request for which neither the options nor the router name a target. */
function noTarget() {
  return new Error('Must provide a proper URL as target');
}

module.exports = { noTarget, prepareRequest };
