'use strict';

/** Status lines, interim responses, and the connections on both sides. */

const { ask, head, reply } = require('../harness/texts.js');

const status = (text, more = {}) => ({
  name: `${text}`,
  upstream: { answer: reply([], { status: text }) },
  ...more,
});
const connection = (name, more) => ({ name, exact: ['connection'], ...more });

module.exports = [
  ...[
    '200 OK',
    '201 Created',
    '206 Partial',
    '400 Bad',
    '401 No',
    '404 Not Found',
    '418 I am a teapot',
    '500 Oh',
    '503 Later',
    '599 Odd',
  ].map((one) => status(one)),
  { name: 'a reason of its own', upstream: { answer: reply([], { status: '200 All is well' }) } },
  { name: 'an empty reason', upstream: { answer: reply([], { status: '200 ' }) } },
  { name: 'latin1 in the reason', upstream: { answer: reply([], { status: '200 \xdcber' }) } },
  { name: '204', upstream: { answer: head('204 No Content') } },
  { name: '304 without a length', upstream: { answer: head('304 Not Modified', ['ETag: "a"']) } },
  {
    name: '304 with a length',
    upstream: { answer: head('304 Not Modified', ['ETag: "a"', 'Content-Length: 5']) },
  },
  { name: '205', upstream: { answer: head('205 Reset', ['Content-Length: 0']) } },
  {
    name: '103 before the response',
    upstream: { answer: head('103 Early Hints', ['Link: </a>']) + reply() },
  },
  { name: '102 before the response', upstream: { answer: head('102 Processing') + reply() } },
  connection('the client asks for close', { request: ask('/', ['Connection: close']) }),
  connection('the client says keep-alive', { request: ask('/', ['Connection: keep-alive']) }),
  connection('the client says nothing', { request: ask('/') }),
  connection('the target says close', { upstream: { answer: reply(['Connection: close']), end: 'fin' } }),
  connection('the target says keep-alive', {
    upstream: { answer: reply(['Connection: keep-alive', 'Keep-Alive: timeout=9']) },
  }),
  connection('HTTP/1.0 says nothing', { request: 'GET / HTTP/1.0\r\nHost: me\r\n\r\n' }),
  connection('agent: false', { options: ({ target }) => ({ target, agent: false }) }),
  connection('two requests, agent: false', {
    options: ({ target }) => ({ target, agent: false }),
    request: [ask('/a'), ask('/b')],
    inspect: ({ upstream }) => [`${upstream.connections.length} connections to the target`],
  }),
  connection('two requests', {
    request: [ask('/a'), ask('/b')],
    inspect: ({ upstream }) => [`${upstream.connections.length} connections to the target`],
  }),
  connection('two requests, the target says close', {
    upstream: { answer: reply(['Connection: close']), end: 'fin' },
    request: [ask('/a'), ask('/b')],
  }),
];
