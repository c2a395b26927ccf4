'use strict';

/** `preserveHeaderKeyCase`: the spelling of field names. */

const { ask, reply } = require('../harness/texts.js');

const keys = (name, lines, options = {}, more = {}) => ({
  name,
  options: ({ target }) => ({ target, ...options }),
  upstream: { answer: reply(lines) },
  exact: ['case'],
  ...more,
});

const PRESERVE = { preserveHeaderKeyCase: true };

module.exports = [
  keys('off', ['X-MiXeD: 1', 'ETag: "a"']),
  keys('on', ['X-MiXeD: 1', 'ETag: "a"', 'CONTENT-TYPE: text/plain'], PRESERVE),
  keys('on, a name twice in two spellings', ['X-First: 1', 'x-FIRST: 2'], PRESERVE),
  keys('on, several cookies', ['Set-COOKIE: a=1', 'Set-COOKIE: b=2'], PRESERVE),
  keys('on, cookies that are rewritten', ['SET-cookie: a=1; Domain=old.test'], {
    ...PRESERVE,
    cookieDomainRewrite: 'new.test',
  }),
  keys(
    'on, a location that is rewritten',
    ['LOCATION: /a'],
    { ...PRESERVE, hostRewrite: 'new.test:81' },
    {
      upstream: { answer: reply(['LOCATION: http://other.test/'], { status: '302 Found' }) },
    },
  ),
  keys('on, request fields', [], PRESERVE, { request: ask('/', ['X-ReQuEsT: 1']) }),
  keys('off, request fields', [], {}, { request: ask('/', ['X-ReQuEsT: 1']) }),
  keys('on, a name that the application has set', ['X-aPP: target'], PRESERVE, {
    app: ({ res, web }) => {
      res.setHeader('x-app', 'application');
      web();
    },
  }),
  {
    name: 'in one call',
    upstream: { answer: reply(['X-MiXeD: 1']) },
    perCall: () => PRESERVE,
    exact: ['case'],
  },
];
