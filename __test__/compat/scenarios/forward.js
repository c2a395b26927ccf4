'use strict';

/** `forward`: a copy of the request goes elsewhere too. */

const url = require('node:url');
const { ask, head, reply, send, sendChunks } = require('../harness/texts.js');

const copied = (name, options = {}, more = {}) => ({
  name,
  forward: {},
  options: ({ target, forward }) => ({ target, forward, ...options }),
  ...more,
});
const alone = (name, options = {}, more = {}) => ({
  name,
  forward: {},
  options: ({ forward }) => ({ forward, ...options }),
  requests: 0,
  ...more,
});

module.exports = [
  alone('alone'),
  alone('alone, with a body', {}, { request: send('hello') }),
  alone('alone, with a chunked body', {}, { request: sendChunks(['hello', ' world']) }),
  alone('alone, changeOrigin and xfwd', { changeOrigin: true, xfwd: true }),
  alone('alone, headers and auth', { headers: { 'x-added': '1' }, auth: 'user:password' }),
  alone('alone, HEAD', {}, { request: ask('/', [], 'HEAD'), forward: { answer: head('200 OK') } }),
  alone('alone, the answer is an error', {}, { forward: { answer: reply([], { status: '500 Oh' }) } }),
  alone(
    'alone, and nobody listens there',
    {},
    {
      forward: undefined,
      options: ({ closed }) => ({ forward: `http://127.0.0.1:${closed}` }),
    },
  ),
  alone(
    'alone, and a path that is joined',
    {},
    {
      options: ({ forward }) => ({ forward: `${forward}/base` }),
      request: ask('/a?q=1'),
    },
  ),
  alone(
    'alone, the path ignored',
    {},
    {
      options: ({ forward }) => ({ forward: `${forward}/base`, ignorePath: true }),
      request: ask('/a?q=1'),
    },
  ),
  alone('alone, a legacy URL object', {}, { options: ({ forward }) => ({ forward: url.parse(forward) }) }),
  alone('alone, a URL', {}, { options: ({ forward }) => ({ forward: new URL(forward) }) }),
  alone('alone, in one call', {}, { options: () => ({}), perCall: ({ forward }) => ({ forward }) }),
  copied('with a target'),
  copied('with a target and a body', {}, { request: send('hello'), patience: 400 }),
  copied('with a target and a chunked body', {}, { request: sendChunks(['hello']), patience: 400 }),
  copied('with a target, changeOrigin', { changeOrigin: true }),
  copied('with a target, the option method', { method: 'PUT' }),
  copied(
    'with a target, the copy is answered with an error',
    {},
    { forward: { answer: reply([], { status: '500 Oh' }) } },
  ),
  copied(
    'with a target, and nobody listens at the copy’s',
    {},
    {
      forward: undefined,
      options: ({ target, closed }) => ({ target, forward: `http://127.0.0.1:${closed}` }),
      on: { error: () => {} },
      unordered: true,
    },
  ),
  copied(
    'with a target where nobody listens',
    {},
    {
      options: ({ closed, forward }) => ({ target: `http://127.0.0.1:${closed}`, forward }),
      requests: 0,
    },
  ),
  copied(
    'with a target, a listener that edits proxyReq',
    {},
    {
      on: { proxyReq: (proxyReq) => proxyReq.setHeader('x-edited', '1') },
    },
  ),
];
