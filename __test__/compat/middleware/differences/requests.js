'use strict';

/** What the target sees of a request, apart from its path: fields and bodies. */

const { HPM_2, HPM_3, HPM_4, MIDDLEWARES } = require('../../harness/originals.js');

/** There a client waits for ever; here it has an answer. */
const ANSWERED = ['target request 1 *', 'response*', 'events', 'log'];
const BODY = ['target request 1 body', 'target request 1 content-length'];

module.exports = [
  {
    id: 'middleware-xfwd-appends',
    originals: [HPM_4],
    what: '`xfwd` appends to the fields that are there, with a comma.',
    reason: 'As version 3: a client cannot name itself.',
    rule: 'versions',
    scenarios: ['options: xfwd and fields that are there'],
    where: ['target request 1 x-forwarded-for'],
    ours: '*,*',
  },
  {
    id: 'host-that-is-none',
    originals: MIDDLEWARES,
    what: 'A request whose `Host` is no host is answered with 400.',
    reason: 'What it means depends on who reads it.',
    rule: 'safe',
    scenarios: ['errors: nobody listens, markup in the host', 'logs: nobody listens, markup'],
    where: ['response 1', 'events', 'log'],
  },
  {
    id: 'parsed-body-sent-again',
    originals: MIDDLEWARES,
    what: 'A body that a parser has read is sent again, without `fixRequestBody` too.',
    reason: 'The target would wait for what never comes, and so would the client.',
    rule: 'safe',
    scenarios: ['bodies: a body that is null', 'bodies: xml', 'bodies: *, and nobody sends it again'],
    where: ANSWERED,
  },
  {
    id: 'consumed-body-is-an-error',
    originals: MIDDLEWARES,
    what: 'A request whose body was read, and cannot be sent again, is an `error` with the code `ERR_PROXY_BODY_CONSUMED`, and a 500.',
    reason: 'The target would wait for what never comes, and so would the client.',
    rule: 'safe',
    scenarios: ['bodies: a parser that fails'],
    where: ['target request 1*', 'response*', 'events', 'log'],
  },
  {
    id: 'one-framing-of-a-fixed-body',
    originals: MIDDLEWARES,
    what: 'A body that is sent again has a length, however the client has framed it.',
    reason: 'Framing is derived from the body that is sent.',
    rule: 'framing',
    scenarios: ['bodies: json in chunks'],
    where: ['target request 1*'],
  },
  {
    id: 'fixed-body-coded-again',
    originals: [HPM_2, HPM_3],
    what: 'A body that is sent again has the coding that its `Content-Encoding` says.',
    reason: 'As version 4.',
    rule: 'versions',
    scenarios: ['bodies: json in gzip'],
    where: BODY,
  },
  {
    id: 'gzip-by-the-engine',
    originals: [HPM_4],
    what: 'A gzip body that is sent again is coded by the engine: other bytes may stand for the same.',
    reason: 'Bodies are coded where they are sent from; the bytes of a coding are up to who codes.',
    rule: 'framing',
    scenarios: ['bodies: json in gzip'],
    where: ['target request 1 body'],
  },
  {
    id: 'multipart-is-closed',
    originals: [HPM_3, HPM_4],
    what: 'A multipart body that is sent again ends with its closing boundary.',
    reason: 'Without it a target waits for more, or takes the body for cut (RFC 2046 §5.1.1).',
    rule: 'safe',
    scenarios: [
      'bodies: multipart',
      'bodies: multipart, quotes in a name',
      'bodies: multipart, letters of several bytes',
      'bodies: multipart, no fields',
      'bodies: multipart, a quoted boundary',
    ],
    where: BODY,
  },
  {
    id: 'multipart-empty-boundary',
    originals: [HPM_3, HPM_4],
    what: 'A quoted boundary that is empty is refused with 400, as an empty one without quotes is.',
    reason: 'Nothing could be told apart by it.',
    rule: 'safe',
    scenarios: ['bodies: multipart, an empty boundary'],
    where: ['target request 1*', 'response 1*', 'events', 'log'],
  },
  {
    id: 'types-of-version-4',
    originals: [HPM_2],
    what: '`fixRequestBody` knows `…+json`, `text/plain` and multipart bodies.',
    reason: 'As version 4.',
    rule: 'versions',
    scenarios: ['bodies: json of another kind', 'bodies: multipart by old rules'],
    where: ['target request 1 *', 'response*', 'events'],
  },
];
