'use strict';

/** Differences that no scenario can show beside the originals: they end the process there, or need more than one request. */

const { HPM_2, HPM_3, HPM_4, MIDDLEWARES } = require('../../harness/originals.js');

const TODAY = [HPM_3, HPM_4];

module.exports = [
  {
    id: 'old-calls-understood',
    originals: TODAY,
    what: 'Called as version 2 was (with a context, or with `on…`, `logLevel` or `logProvider`), it goes by the rules of version 2, and warns once. `legacyCreateProxyMiddleware` and `rs-proxy-middleware/legacy` are there.',
    reason: 'One package serves the users of all versions.',
    rule: 'versions',
    proof: 'middleware/legacy.test.js',
  },
  {
    id: 'settles-when-it-is-over',
    originals: [HPM_2, HPM_3],
    what: 'The promise that a middleware gives back settles when the response is over.',
    reason: 'As version 4.',
    rule: 'versions',
    proof: 'middleware/next.test.js',
  },
  {
    id: 'server-met-at-once',
    originals: [HPM_4],
    what: 'The first request shows the middleware its server at once, not when it is over.',
    reason: 'As version 3: with `ws: true`, a long first request would keep handshakes out.',
    rule: 'versions',
    proof: 'middleware/servers.test.js',
  },
  {
    id: 'one-listener-for-each-server',
    originals: MIDDLEWARES,
    what: 'However many middlewares there are, a server has one listener for `close` and one for `upgrade`, and keeps none of them alive.',
    reason: 'Middlewares that are made per request must not add up.',
    rule: 'safe',
    proof: 'middleware/servers.test.js',
  },
  {
    id: 'upgrades-claimed-and-guarded',
    originals: TODAY,
    what: 'Sockets of upgrades are guarded from the start, those that nobody takes too; of several middlewares on one server, the first that matches takes one.',
    reason: 'As version 2 from 2.0.12 on; and two that write to one socket spoil it.',
    rule: 'versions',
    proof: 'middleware/upgrade.test.js',
  },
  {
    id: 'middleware-listeners-that-throw',
    originals: MIDDLEWARES,
    what: 'What a listener of `on` throws, or rejects with, is the error of its request.',
    reason: 'It never ends the process.',
    rule: 'one-request',
    proof: 'reliability/f-hooks.test.js',
  },
  {
    id: 'interceptors-that-throw',
    originals: MIDDLEWARES,
    what: 'An interceptor that throws, rejects or gives nothing is an `error` of the request and a 502; so is one without `selfHandleResponse`.',
    reason: 'Every request has exactly one outcome.',
    rule: 'one-request',
    proof: 'middleware/response-interceptor.test.js',
  },
  {
    id: 'loggers-that-throw',
    originals: MIDDLEWARES,
    what: 'A logger that throws harms no request, and is reported once.',
    reason: 'A line of a log is not worth a response.',
    rule: 'one-request',
    proof: 'middleware/logs.test.js',
  },
  {
    id: 'listeners-may-be-missing',
    originals: [HPM_3],
    what: 'Members of `on` that are `undefined` are left out.',
    reason: 'As version 4.',
    rule: 'versions',
    proof: 'middleware/plugins.test.js',
  },
  {
    id: 'lines-name-the-port-that-was-asked',
    originals: [HPM_4],
    what: 'The line of a response names the port that its request went to.',
    reason: 'With shared connections, the original may name that of another target.',
    rule: 'said',
    proof: 'middleware/logs.test.js',
  },
  {
    id: 'hop-by-hop-in-the-middleware',
    originals: MIDDLEWARES,
    what: 'Fields of one hop, and what `Connection` names, are removed both ways; trailers and interim responses are relayed; framing is derived from the body that is sent.',
    reason: 'As in `createProxyServer`.',
    rule: 'framing',
    proof: 'reliability/c-fields.test.js',
  },
];
