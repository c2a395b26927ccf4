'use strict';

/** The versions of http-proxy-middleware, and ours, behind one shape. */

const http = require('node:http');
const https = require('node:https');
const { ORIGINALS: MODULES } = require('../../../support/middlewares.js');
const { HPM_2, HPM_3, HPM_4 } = require('../../harness/originals.js');
const ours = require('../../../../index.js');
const oursByOldRules = require('../../../../lib/middleware/legacy/index.js');

/**
 * @typedef {object} Version
 * @property {string} name
 * @property {Record<string, any>} module what it exports
 * @property {boolean} isOld whether it is called as version 2 was
 * @property {(options: object, ends: Function[]) => object} own gives the options what one run must not share with another
 */

/** @returns {Promise<Version[]>} */
async function loadVersions() {
  return [
    { name: HPM_2, module: await MODULES[2](), isOld: true, own: asTheyAre },
    { name: HPM_3, module: await MODULES[3](), isOld: false, own: asTheyAre },
    { name: HPM_4, module: await MODULES[4](), isOld: false, own: withAgent },
  ];
}

/** Ours by today's rules, and by those of version 2. */
const OURS = [
  { name: 'ours', module: ours, isOld: false, own: asTheyAre },
  { name: 'ours by old rules', module: oursByOldRules, isOld: true, own: asTheyAre },
];

function asTheyAre(options) {
  return options;
}

/** What version 4 shares among all of a process. Its log lines show any of their connections. */
const AGENT_OPTIONS = { keepAlive: true, maxSockets: 256, maxFreeSockets: 64 };

function withAgent(options, ends) {
  if (options === null || typeof options !== 'object' || options.agent !== undefined) return options;
  const { Agent } = `${options.target?.href ?? options.target}`.startsWith('https:') ? https : http;
  const agent = new Agent(AGENT_OPTIONS);
  ends.push(() => agent.destroy());
  return Object.assign(options, { agent });
}

module.exports = { OURS, loadVersions };
