'use strict';

/** Request and response fields, and the option `headers`. */

const { ask, reply } = require('../harness/texts.js');

const asking = (name, lines, more = {}) => ({ name, request: ask('/', lines), ...more });
const answering = (name, lines, more = {}) => ({ name, upstream: { answer: reply(lines) }, ...more });
const adding = (name, headers, lines = [], more = {}) => ({
  name,
  options: ({ target }) => ({ target, headers }),
  request: ask('/', lines),
  ...more,
});

module.exports = [
  asking('ordinary request fields', ['Accept: */*', 'User-Agent: test', 'X-Custom: 1']),
  asking('a request field twice', ['X-Twice: 1', 'X-Twice: 2']),
  asking('a request field twice of which Node keeps the first', ['Authorization: one', 'Authorization: two']),
  asking('two cookie fields', ['Cookie: a=1', 'Cookie: b=2']),
  asking('an empty request field', ['X-Empty:']),
  asking('white space around a value', ['X-Spaces:   a  b   ']),
  asking('latin1 in a request field', ['X-Latin: caf\xe9']),
  asking('UTF-8 in a request field', [Buffer.from('X-Utf: café', 'utf8').toString('latin1')]),
  asking('an underscore and other token characters', ['X_Under!score: 1']),
  asking('a request field in mixed case', ['X-MiXeD: 1']),
  asking('a range and conditions', [
    'Range: bytes=0-4',
    'If-None-Match: "a"',
    'If-Modified-Since: Tue, 01 Jul 2025 00:00:00 GMT',
  ]),
  asking('accept-encoding', ['Accept-Encoding: gzip, br']),
  asking('te, which is of one hop', ['TE: trailers']),
  asking('proxy-authorization, which is of one hop', ['Proxy-Authorization: Basic abc']),
  asking('proxy-connection, which is of one hop', ['Proxy-Connection: keep-alive']),
  asking('a field that Connection names', ['Connection: x-secret, keep-alive', 'X-Secret: 1']),
  asking('an upgrade that is not asked for', ['Upgrade: h2c']),
  asking('expect', ['Expect: 100-continue'], { patience: 1000 }),
  asking('fields named like members of objects', ['constructor: 1', 'toString: 2', 'hasOwnProperty: 3']),
  asking(
    'many fields',
    Array.from({ length: 80 }, (_, i) => `X-Field-${i}: ${i}`),
  ),
  answering('ordinary response fields', ['Content-Type: text/plain', 'X-Custom: 1', 'ETag: "a"']),
  answering('a response field twice', ['X-Twice: 1', 'X-Twice: 2']),
  answering('several cookies', ['Set-Cookie: a=1', 'Set-Cookie: b=2']),
  answering('one cookie', ['Set-Cookie: a=1; Path=/']),
  answering('a response field twice of which Node keeps the first', [
    'Content-Type: text/plain',
    'Content-Type: text/html',
  ]),
  answering('several vary, link and www-authenticate', [
    'Vary: a',
    'Vary: b',
    'Link: <a>',
    'Link: <b>',
    'WWW-Authenticate: Basic',
    'WWW-Authenticate: Digest',
  ]),
  answering('an empty response field', ['X-Empty:']),
  answering('latin1 in a response field', ['X-Latin: caf\xe9']),
  answering('a date', ['Date: Tue, 01 Jul 2025 00:00:00 GMT'], { exact: ['date'] }),
  answering('a server and a via', ['Server: test', 'Via: 1.1 elsewhere']),
  answering('proxy-authenticate, which is of one hop', ['Proxy-Authenticate: Basic'], {}),
  answering('a response field that Connection names', ['Connection: x-secret, keep-alive', 'X-Secret: 1']),
  answering('upgrade in a response', ['Upgrade: h2c']),
  answering('strict-transport-security and alt-svc', [
    'Strict-Transport-Security: max-age=1',
    'Alt-Svc: h3=":443"',
  ]),
  answering('response fields named like members of objects', ['constructor: 1', 'toString: 2']),
  answering(
    'many response fields',
    Array.from({ length: 80 }, (_, i) => `X-Field-${i}: ${i}`),
  ),
  adding('an added field', { 'x-added': '1' }),
  adding('an added field in mixed case', { 'X-Added': '1' }, [], { exact: ['case'] }),
  adding('an added field that the client has sent', { 'x-there': 'option' }, ['X-There: client']),
  adding(
    'an added field of another case that the client has sent',
    { 'X-There': 'option' },
    ['x-there: client'],
    { exact: ['case'] },
  ),
  adding('an array of values', { 'x-many': ['1', '2'] }),
  adding('a number', { 'x-number': 7 }),
  adding('an empty value', { 'x-empty': '' }),
  adding('a cookie that the client has sent', { cookie: 'option=1' }, ['Cookie: client=1']),
  adding('a user-agent', { 'User-Agent': 'option' }, ['User-Agent: client']),
  adding('an authorization', { authorization: 'Bearer option' }, ['Authorization: Bearer client']),
  adding('connection', { connection: 'keep-alive' }, [], { exact: ['connection'] }),
  adding('null', { 'x-null': null }),
  adding('latin1', { 'x-latin': 'caf\xe9' }),
  {
    name: 'added fields of the call, beside those of the proxy',
    options: ({ target }) => ({ target, headers: { 'x-proxy': '1', 'x-both': 'proxy' } }),
    perCall: () => ({ headers: { 'x-call': '1', 'x-both': 'call' } }),
    originals: ['http-proxy', 'http-proxy-3'],
  },
  {
    name: 'added fields edited between two requests',
    options: ({ target }) => ({ target, headers: { 'x-added': '1' } }),
    app: ({ req, proxy, web }) => {
      if (req.url === '/b') proxy.options.headers['x-added'] = '2';
      web();
    },
    request: [ask('/a'), ask('/b')],
  },
  {
    name: 'fields that the application has set on res',
    app: ({ res, web }) => {
      res.setHeader('X-App', '1');
      res.setHeader('X-Both', 'app');
      web();
    },
    upstream: { answer: reply(['X-Both: target']) },
  },
  {
    name: 'fields that the application has edited on req.headers',
    app: ({ req, web }) => {
      req.headers['x-app'] = '1';
      delete req.headers['x-removed'];
      web();
    },
    request: ask('/', ['X-Removed: 1']),
  },
];
