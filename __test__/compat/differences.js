'use strict';

/**
 * Every difference between an original and ours that the scenarios show, with its reason. A difference that stands nowhere here fails, and
 * so does an entry that explains none. `docs/compatibility.md` lists the same ids. The sections are those of `harness/compare.js`'s `Entry`.
 *
 * @type {import('./harness/compare.js').Entry[]}
 */
const DIFFERENCES = [
  ...require('./differences/paths-and-targets.js'),
  ...require('./differences/request-heads.js'),
  ...require('./differences/responses.js'),
  ...require('./differences/framing-and-connections.js'),
  ...require('./differences/calls-and-events.js'),
  ...require('./differences/upgrades.js'),
  ...require('./differences/fetch.js'),
  ...require('./differences/not-compared.js'),
];

module.exports = DIFFERENCES;
