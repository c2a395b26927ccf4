'use strict';

/**
 * Every difference between a version of http-proxy-middleware and ours that the scenarios show, with its reason. A difference that stands
 * nowhere here fails, and so does an entry that explains none. `docs/compatibility.md` lists the same ids.
 *
 * @type {import('../harness/compare.js').Entry[]}
 */
const DIFFERENCES = [
  ...require('./differences/filters-and-paths.js'),
  ...require('./differences/requests.js'),
  ...require('./differences/responses.js'),
  ...require('./differences/calls-and-events.js'),
  ...require('./differences/upgrades.js'),
  ...require('./differences/not-compared.js'),
];

module.exports = DIFFERENCES;
