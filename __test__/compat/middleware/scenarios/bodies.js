'use strict';

/** `fixRequestBody`, and requests whose body somebody else has read. */

const zlib = require('node:zlib');
const express = require('express');
const { HPM_2, HPM_3, HPM_4 } = require('../../harness/originals.js');
const { ask, send, sendChunks } = require('../../harness/texts.js');

const TODAY = [HPM_3, HPM_4];
const PARSERS = [express.json(), express.urlencoded({ extended: true }), express.text()];

/** A parser in front of the proxy, and its body sent again. */
const fixed = (name, request, more = {}) => ({
  name,
  app: 'express5',
  before: () => PARSERS,
  options: ({ target, hpm }) => ({ target, on: { proxyReq: hpm.fixRequestBody } }),
  request,
  ...more,
});
const json = (value, more = []) => send(JSON.stringify(value), ['Content-Type: application/json', ...more]);
const form = (text) => send(text, ['Content-Type: application/x-www-form-urlencoded']);

/** Some versions wait for a body that has been read. */
const HANGING = { patience: 1500 };

/** A body that no parser made. */
const given = (name, type, body, more = {}) =>
  fixed(name, send('ignored', [`Content-Type: ${type}`]), {
    before: () => [
      (req, res, next) => {
        req.resume().on('end', () => {
          req.body = body;
          next();
        });
      },
    ],
    ...more,
  });
const part = (name, value) => given(name, 'multipart/form-data; boundary=b', value, { originals: TODAY });

module.exports = [
  fixed('json', json({ a: 1, b: ['x', { c: null }] })),
  fixed('json with letters of several bytes', json({ a: 'äöü €' })),
  fixed('json, whitespace', send('{ "a" :  1 }', ['Content-Type: application/json'])),
  fixed('json with a charset', send('{"a":1}', ['Content-Type: application/json; charset=utf-8'])),
  fixed('json of another kind', send('{"a":1}', ['Content-Type: application/vnd.api+json']), {
    before: () => [express.json({ type: '*/*' })],
    ...HANGING,
  }),
  fixed('json in chunks', sendChunks(['{"a":', '1}'], ['Content-Type: application/json'])),
  fixed('json, PUT', send('{"a":1}', ['Content-Type: application/json'], 'PUT')),
  fixed('json, PATCH', send('{"a":1}', ['Content-Type: application/json'], 'PATCH')),
  fixed('json, DELETE', send('{"a":1}', ['Content-Type: application/json'], 'DELETE')),
  fixed('json of length 0', send('', ['Content-Type: application/json'])),
  fixed('json that is none', send('{"a"', ['Content-Type: application/json'])),
  fixed(
    'json in gzip',
    send(zlib.gzipSync('{"a":1}').toString('latin1'), [
      'Content-Type: application/json',
      'Content-Encoding: gzip',
    ]),
    {
      request: [
        'POST /path HTTP/1.1\r\nHost: me\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n',
        `Content-Length: ${zlib.gzipSync('{"a":1}').length}\r\n\r\n${zlib.gzipSync('{"a":1}').toString('latin1')}`,
      ].join(''),
    },
  ),
  fixed('a form', form('a=1&b=x%20y')),
  fixed('a form with a key twice', form('a=1&a=2')),
  fixed('a form with nested keys', form('a[b]=1')),
  fixed('text', send('hello', ['Content-Type: text/plain']), { originals: TODAY }),
  fixed('a type that nobody parses', send('hello', ['Content-Type: application/octet-stream'])),
  fixed('no type', send('hello')),
  fixed('no body', ask('/a')),
  fixed('no parser', json({ a: 1 }), { before: () => [] }),
  fixed('a parser of another type', json({ a: 1 }), { before: () => [express.text()] }),
  fixed('a parser that fails', send('{"a"', ['Content-Type: application/json']), {
    before: () => [express.json(), (error, req, res, next) => next()],
    ...HANGING,
  }),
  fixed('two requests', [json({ a: 1 }), json({ b: 2 })]),
  given('a body with toJSON', 'application/json', { toJSON: () => ({ mine: 1 }) }),
  given('a body that is null', 'application/json', null, HANGING),
  given('a body that is empty', 'application/json', {}),
  given('a body that is a list', 'application/json', [1, 2]),
  given('a body that is a text, as json', 'application/json', 'text'),
  given('a cyclic body', 'application/json', cyclic(), { originals: TODAY }),
  given('two types in one', 'application/x-www-form-urlencoded application/json', { a: 1 }),
  given('a form of numbers', 'application/x-www-form-urlencoded', { a: 1, b: true, c: ['x', 'y'] }),
  given('xml', 'application/xml', '<a/>', HANGING),
  part('multipart', { a: '1', b: 'two' }),
  part('multipart, quotes in a name', { 'a"b\\c': '1' }),
  part('multipart, letters of several bytes', { ä: '€' }),
  part('multipart, a line end in a value', { a: '1\r\n2' }),
  part('multipart, a line end in a name', { 'a\r\nb': '1' }),
  part('multipart, the boundary in a value', { a: 'x--b' }),
  part('multipart, no fields', {}),
  given(
    'multipart, a quoted boundary',
    'multipart/form-data; boundary="b c"',
    { a: 1 },
    { originals: TODAY },
  ),
  given('multipart, an empty boundary', 'multipart/form-data; boundary=""', { a: 1 }, { originals: TODAY }),
  given(
    'multipart by old rules',
    'multipart/form-data; boundary=b',
    { a: 1 },
    { originals: [HPM_2], ...HANGING },
  ),
  ...[
    ['json', json({ a: 1 })],
    ['a form', form('a=1&b=2')],
    ['text', send('hello', ['Content-Type: text/plain'])],
  ].map(([name, request]) => ({
    name: `${name}, and nobody sends it again`,
    app: 'express5',
    before: () => PARSERS,
    options: ({ target }) => ({ target }),
    request,
    ...HANGING,
  })),
  {
    name: 'edited before it is sent again',
    app: 'express5',
    before: () => PARSERS,
    options: ({ target, hpm }) => ({
      target,
      on: {
        proxyReq: (proxyReq, req) => {
          req.body.added = 2;
          hpm.fixRequestBody(proxyReq, req);
        },
      },
    }),
    request: json({ a: 1 }),
  },
  {
    name: 'written by hand',
    app: 'express5',
    before: () => PARSERS,
    options: ({ target }) => ({
      target,
      on: {
        proxyReq: (proxyReq, req) => {
          const body = JSON.stringify({ ...req.body, mine: true });
          proxyReq.setHeader('Content-Length', Buffer.byteLength(body));
          proxyReq.write(body);
        },
      },
    }),
    request: json({ a: 1 }),
  },
];

function cyclic() {
  const body = {};
  body.self = body;
  return body;
}
