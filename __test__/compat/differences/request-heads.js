'use strict';

/** What the target sees of the request, apart from its line. */

const { HTTP_PROXY, HTTPXY, ORIGINALS } = require('../harness/originals.js');

const FIELD = (name) => [`target request 1 ${name}`];

module.exports = [
  {
    id: 'xfwd-appends',
    originals: [HTTPXY],
    what: '`xfwd` appends to the fields that are there, with a comma.',
    reason: 'As http-proxy and http-proxy-3: a client cannot name itself.',
    rule: 'one-class',
    conflict: 7,
    scenarios: [
      'forwarded: x-forwarded-for there',
      'forwarded: two x-forwarded-for there',
      'forwarded: x-forwarded-port and x-forwarded-proto there',
      'forwarded: all of them there',
    ],
    where: [
      'target request 1 x-forwarded-for',
      'target request 1 x-forwarded-port',
      'target request 1 x-forwarded-proto',
    ],
    ours: '*,*',
  },
  {
    id: 'xfwd-ipv6-port',
    originals: ORIGINALS,
    what: 'Behind an IPv6 `Host`, `x-forwarded-port` is the port, not a part of the address.',
    reason: 'A wrong value serves nobody.',
    rule: 'safe',
    scenarios: ['forwarded: an IPv6 host*'],
    where: FIELD('x-forwarded-port'),
    theirs: '1',
  },
  {
    id: 'auth-wins',
    originals: [HTTP_PROXY, HTTPXY],
    what: "`auth` wins over an `Authorization` of the client's or of `headers`.",
    reason: 'As http-proxy-3.',
    rule: 'one-class',
    scenarios: ['auth: the client sends one', 'auth: the option headers has one'],
    where: FIELD('authorization'),
    theirs: 'Bearer *',
    ours: 'Basic dXNlcjpwYXNzd29yZA==',
  },
  {
    id: 'auth-stays-with-its-call',
    originals: ORIGINALS,
    what: '`auth` of one call is gone in the next, with the option `ssl` too.',
    reason: 'Credentials do not leak from call to call.',
    rule: 'safe',
    scenarios: ['auth: in one call, and not in the next, with ssl'],
    where: ['target request 2 authorization'],
    theirs: 'Basic dXNlcjpwYXNzd29yZA==',
    ours: '-',
  },
  {
    id: 'hop-by-hop-request',
    originals: ORIGINALS,
    what: 'Fields of one hop are not forwarded: `te`, `proxy-authorization`, `proxy-connection`, `upgrade`, and what `Connection` names.',
    reason: 'They speak of one hop (RFC 9110 §7.6.1).',
    rule: 'framing',
    scenarios: [
      'headers: te, which is of one hop',
      'headers: proxy-authorization, which is of one hop',
      'headers: proxy-connection, which is of one hop',
      'headers: a field that Connection names',
      'headers: an upgrade that is not asked for',
    ],
    where: [
      'target request 1 te',
      'target request 1 proxy-authorization',
      'target request 1 proxy-connection',
      'target request 1 x-secret',
      'target request 1 upgrade',
    ],
    ours: '-',
  },
  {
    id: 'expect-answered',
    originals: ORIGINALS,
    what: '`Expect: 100-continue` is not forwarded: the server in front of the proxy has answered it. `proxyReq` is emitted for such requests too.',
    reason: 'What listeners add or take away is added to and taken away from every request.',
    rule: 'safe',
    scenarios: ['headers: expect', 'events: proxyReq: with expect'],
    where: ['target request 1 expect', 'target request 1 x-edited', 'events'],
  },
  {
    id: 'redirect-base',
    originals: [HTTPXY],
    what: 'With `followRedirects`, a relative location is resolved against the whole URL that was asked for, its path and query too.',
    reason: 'As http-proxy, and RFC 9110 §10.2.2.',
    rule: 'one-class',
    scenarios: ['follow-redirects: a query', 'follow-redirects: a base path'],
    where: ['target request 2'],
  },
  {
    id: 'redirect-keeps-auth',
    originals: ORIGINALS,
    what: 'With `followRedirects`, the credentials of `auth` go with each hop to the target’s own origin.',
    reason: 'It is the same place that asks for them.',
    rule: 'said',
    scenarios: ['follow-redirects: auth'],
    where: ['target request 2 authorization'],
    theirs: '-',
  },
];
