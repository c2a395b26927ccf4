'use strict';

/** `buffer`: a stream in place of the request's body. */

const { Readable } = require('node:stream');
const { ask, send, sendChunks } = require('../harness/texts.js');

const from = (...chunks) => Readable.from(chunks.map((chunk) => Buffer.from(chunk)));

module.exports = [
  { name: 'of the same length', perCall: () => ({ buffer: from('HELLO') }), request: send('hello') },
  { name: 'in several pieces', perCall: () => ({ buffer: from('HE', 'LL', 'O') }), request: send('hello') },
  {
    name: 'in place of a chunked body',
    perCall: () => ({ buffer: from('other') }),
    request: sendChunks(['hello']),
  },
  {
    name: 'with options of the call',
    perCall: ({ target }) => ({ target: `${target}/base`, buffer: from('HELLO') }),
    request: send('hello'),
  },
  { name: 'undefined', perCall: () => ({ buffer: undefined }), request: send('hello') },
  { name: 'of a request without a body', perCall: () => ({ buffer: from() }), request: ask('/') },
  {
    name: 'after the application has read the body',
    request: send('hello'),
    app: ({ req, web }) => {
      const chunks = [];
      req.on('data', (chunk) => chunks.push(chunk));
      req.on('end', () => web({ buffer: from(...chunks) }));
    },
  },
  {
    name: 'of the forward leg alone',
    forward: {},
    requests: 0,
    options: ({ forward }) => ({ forward }),
    perCall: () => ({ buffer: from('HELLO') }),
    request: send('hello'),
  },
];
