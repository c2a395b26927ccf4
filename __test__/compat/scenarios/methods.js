'use strict';

/** Methods, and the option `method`. */

const { ask, head, reply, send, sendChunks } = require('../harness/texts.js');

const method = (name, more = {}) => ({ name, request: ask('/', [], name), ...more });

module.exports = [
  method('HEAD', { upstream: { answer: head('200 OK', ['Content-Length: 5']) } }),
  method('OPTIONS'),
  method('DELETE'),
  method('PUT'),
  method('PATCH'),
  method('POST'),
  method('PROPFIND'),
  method('M-SEARCH'),
  { name: 'DELETE with a body', request: send('body', [], 'DELETE') },
  { name: 'OPTIONS with a body', request: send('body', [], 'OPTIONS') },
  { name: 'DELETE with a chunked body', request: sendChunks(['body'], [], 'DELETE'), patience: 400 },
  { name: 'GET with a body', request: send('body', [], 'GET') },
  { name: 'GET with a length of 0', request: ask('/', ['Content-Length: 0']) },
  {
    name: 'the option method',
    options: ({ target }) => ({ target, method: 'PUT' }),
  },
  {
    name: 'the option method with a body',
    options: ({ target }) => ({ target, method: 'PUT' }),
    request: send('body'),
  },
  {
    name: 'the option method in lower case',
    options: ({ target }) => ({ target, method: 'put' }),
  },
  {
    name: 'the option method HEAD for a GET',
    options: ({ target }) => ({ target, method: 'HEAD' }),
    upstream: { answer: head('200 OK', ['X-Asked: HEAD']) },
    patience: 300,
  },
  {
    name: 'the option method GET for a HEAD',
    options: ({ target }) => ({ target, method: 'GET' }),
    request: ask('/', [], 'HEAD'),
    upstream: { answer: reply() },
  },
  {
    name: 'the option method in one call',
    perCall: () => ({ method: 'PUT' }),
  },
];
