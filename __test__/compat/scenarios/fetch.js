'use strict';

/** `fetch` and `fetchOptions` of http-proxy-3. */

const zlib = require('node:zlib');
const undici = require('undici');
const { HTTP_PROXY_3 } = require('../harness/originals.js');
const { ask, reply, send } = require('../harness/texts.js');

/** The same function for both. It adds nothing of its own to requests, as Node's would. */
async function own(url, { method, headers, body, signal }) {
  const answer = await undici.request(url, { method, headers: Object.fromEntries(headers), body, signal });
  const fields = Object.entries(answer.headers).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, one]),
  );
  return new Response(answer.body, { status: answer.statusCode, headers: fields });
}

const by = (name, options, more = {}) => ({
  name,
  options: ({ target }) => ({ target, fetch: own, ...options }),
  originals: [HTTP_PROXY_3],
  ...more,
});

/** Without a function: there it is the global one, here the engine. */
const over = (name, fetchOptions, more = {}) => by(name, { fetch: undefined, fetchOptions }, more);

function gzipped(text) {
  const body = zlib.gzipSync(text).toString('latin1');
  return reply(['Content-Encoding: gzip'], { body });
}

const setsHeader = { onBeforeRequest: (init) => init.headers.set('x-own', '1') };
const throws = (message) => () => {
  throw Object.assign(new Error(message), { code: 'EOWN' });
};

module.exports = [
  by('a function'),
  by('a function, a body', {}, { request: send('hello') }),
  by('a function, headers', { headers: { 'x-own': '1' } }),
  by('a function, auth', { auth: 'user:password' }),
  by('a function, xfwd', { xfwd: true }),
  by(
    'a function, a base path and a query',
    {},
    {
      options: ({ target }) => ({ target: `${target}/base`, fetch: own }),
      request: ask('/a?b=1'),
    },
  ),
  by('a function, 404', {}, { upstream: { answer: reply([], { status: '404 Not Found' }) } }),
  by(
    'a function, a Response of its own',
    { fetch: async () => new Response('made', { status: 201, headers: { 'x-own': '1' } }) },
    { requests: 0 },
  ),
  by('a function that rejects', { fetch: async () => throws('of mine')() }, { requests: 0 }),
  by(
    'a function, nobody listens at the target',
    {},
    {
      options: ({ closed }) => ({ target: `http://127.0.0.1:${closed}`, fetch: own }),
      requests: 0,
    },
  ),
  by(
    'a function, cookieDomainRewrite',
    { cookieDomainRewrite: 'here' },
    { upstream: { answer: reply(['Set-Cookie: a=1; Domain=t']) } },
  ),
  by('a function, a callback', {}, { callback: true }),
  by('a function in one call', { fetch: undefined }, { perCall: () => ({ fetch: own }) }),
  by('a function, onBeforeRequest', { fetchOptions: setsHeader }),
  by(
    'a function, onBeforeRequest that throws',
    { fetchOptions: { onBeforeRequest: throws('of mine') } },
    { requests: 0 },
  ),
  by('a function, onAfterResponse that throws', { fetchOptions: { onAfterResponse: throws('of mine') } }),
  by('a function, requestOptions with fields', {
    fetchOptions: { requestOptions: { headers: { 'x-own': '1' } } },
  }),
  by(
    'a function, several cookies',
    {},
    { upstream: { answer: reply(['Set-Cookie: a=1', 'Set-Cookie: b=2']) } },
  ),
  by('a function, fields assigned to the Headers', {
    fetchOptions: { onBeforeRequest: (init) => void (init.headers['x-own'] = '1') },
  }),
  over('a redirect', setsHeader, {
    upstream: { answer: [reply(['Location: /to'], { status: '302 Found' }), reply()] },
  }),
  over('an answer in gzip', setsHeader, {
    request: ask('/', ['Accept-Encoding: gzip']),
    upstream: { answer: gzipped('hello') },
  }),
  over('onBeforeRequest', setsHeader),
  over('onAfterResponse', { onAfterResponse: (response) => response.headers.get('content-length') }),
  over('requestOptions', { requestOptions: { method: 'PUT' } }),
  over('a body', setsHeader, { request: send('hello') }),
];
