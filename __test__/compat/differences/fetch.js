'use strict';

/** `fetch` and `fetchOptions`. */

const { HTTP_PROXY_3 } = require('../harness/originals.js');

const originals = [HTTP_PROXY_3];
/** Those in which the engine sends. */
const BY_THE_ENGINE = [
  'a body',
  'a redirect',
  'an answer in gzip',
  'onAfterResponse',
  'onBeforeRequest',
  'requestOptions',
];

module.exports = [
  {
    id: 'fetch-has-proxy-req',
    originals,
    what: 'With `fetch` or `fetchOptions`, too, `proxyReq` is emitted, and its listeners edit the request; `proxyRes` has a message of Node’s.',
    reason: 'What an application sees does not depend on who sends.',
    rule: 'one-class',
    scenarios: ['fetch: *'],
    where: ['events'],
    theirs: 'start, *',
    ours: 'start, proxyReq, *',
  },
  {
    id: 'fetch-by-the-engine',
    originals,
    what: 'Without a function or a dispatcher of the user’s the engine sends: nothing is added to the request, `Host` stays, `secure`, `agent`, `ca` and the like hold.',
    reason: 'The global `fetch` would send other requests than the options say.',
    rule: 'said',
    scenarios: BY_THE_ENGINE.map((name) => `fetch: ${name}`),
    where: ['target request 1*'],
    theirs: '-',
  },
  {
    id: 'fetch-cookies',
    originals,
    what: 'Each cookie that a function like `fetch` gives is a field of its own.',
    reason: 'Of several, only the last one would reach the client.',
    rule: 'safe',
    scenarios: ['fetch: a function, several cookies'],
    where: ['response 1 set-cookie'],
  },
  {
    id: 'fetch-assigned-fields',
    originals,
    what: 'Properties that `onBeforeRequest` assigns to `requestOptions.headers` are fields.',
    reason: 'As the README of http-proxy-3 shows it.',
    rule: 'said',
    scenarios: ['fetch: a function, fields assigned to the Headers'],
    where: ['target request 1 x-own'],
    theirs: '-',
    ours: '1',
  },
  {
    id: 'fetch-redirects',
    originals,
    what: 'With `fetch` or `fetchOptions`, too, redirects are the client’s, unless `followRedirects` or `requestOptions.redirect` says otherwise.',
    reason: 'The option says who follows them.',
    rule: 'said',
    scenarios: ['fetch: a redirect'],
    where: ['response 1', 'response 1 location'],
  },
  {
    id: 'fetch-codings',
    originals,
    what: 'What `fetch` has decoded is not called encoded, nor as long as it was.',
    reason: 'The client would decode it once more, and wait for bytes that never come.',
    rule: 'framing',
    scenarios: ['fetch: an answer in gzip'],
    where: ['response 1 body', 'response 1 completeness'],
  },
];
