'use strict';

/** What comes of handshakes. */

const { HPM_2, HPM_3, HPM_4, MIDDLEWARES } = require('../../harness/originals.js');

module.exports = [
  {
    id: 'upgrade-failures-answered',
    originals: MIDDLEWARES,
    what: 'A handshake that its target does not answer is answered with 502, and one whose router or rewriter fails with 500.',
    reason: 'A status says more than a closed connection.',
    rule: 'safe',
    scenarios: [
      'upgrades: nobody listens',
      'upgrades: a target that closes',
      'upgrades: a router that throws*',
      'upgrades: a rewriter that rejects',
    ],
    where: ['upgrade answer', 'upgrade fields'],
    theirs: '',
  },
  {
    id: 'upgrade-without-error-text',
    originals: [HPM_2],
    what: 'No text is written to the socket of a handshake that has failed.',
    reason: 'As versions 3 and 4: it is no HTTP.',
    rule: 'versions',
    scenarios: [
      'upgrades: a router that throws',
      'upgrades: a rewriter that rejects',
      'upgrades: nobody listens',
      'upgrades: a target that closes',
    ],
    where: ['upgrade tunnel'],
    ours: '',
  },
  {
    id: 'upgrade-failing-router',
    originals: [HPM_3, HPM_4],
    what: 'A router or rewriter that fails ends the socket of its handshake, with a listener of `error` too.',
    reason: 'As version 2 from 2.0.12 on: nobody else will.',
    rule: 'versions',
    scenarios: ['upgrades: a router that throws, and a listener'],
    where: ['upgrade ending'],
    ours: 'closed',
  },
  {
    id: 'upgrade-refusal-closes',
    originals: [HPM_2, HPM_3],
    what: 'An answer that refuses a handshake says `connection: close`.',
    reason: 'As version 4: that is what happens.',
    rule: 'versions',
    scenarios: ['upgrades: a target that refuses*'],
    where: ['upgrade fields'],
    ours: 'connection: close*',
  },
  {
    id: 'upgrade-forwarded-host',
    originals: MIDDLEWARES,
    what: '`xfwd` sets `x-forwarded-host` for handshakes as well.',
    reason: 'As for other requests.',
    rule: 'one-class',
    scenarios: ['upgrades: xfwd'],
    where: ['target request 1 x-forwarded-host'],
    theirs: '-',
    ours: 'me',
  },
  {
    id: 'upgrade-error-arguments',
    originals: [HPM_4],
    what: 'Listeners of `error` are given three arguments for a handshake, no fourth that is `undefined`.',
    reason: 'As version 3.',
    rule: 'versions',
    scenarios: ['upgrades: nobody listens*', 'upgrades: a target that closes'],
    where: ['events'],
    theirs: '*, socket, undefined)*',
  },
];
