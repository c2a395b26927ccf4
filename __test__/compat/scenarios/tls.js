'use strict';

/** Targets that speak TLS: `secure` and `ca`. */

const url = require('node:url');
const { CERTIFICATE, KEY } = require('../../support/tls.js');
const { ask, send } = require('../harness/texts.js');

const secure = (name, options, more = {}) => ({
  name,
  upstream: { over: 'tls' },
  options: ({ port }) => ({ target: `https://localhost:${port}`, ...options }),
  request: ask('/path', ['Host: localhost']),
  ...more,
});

module.exports = [
  secure('a certificate that nobody vouches for', {}, { requests: 0 }),
  secure('a certificate that nobody vouches for, secure: true', { secure: true }, { requests: 0 }),
  secure('secure: false', { secure: false }),
  secure('secure: false, with a body', { secure: false }, { request: send('hello') }),
  secure('secure: false in one call', {}, { perCall: () => ({ secure: false }) }),
  secure('ca', { ca: CERTIFICATE }),
  secure('ca as a buffer', { ca: Buffer.from(CERTIFICATE) }),
  secure('ca in an array', { ca: [CERTIFICATE] }),
  secure(
    'ca and changeOrigin',
    { ca: CERTIFICATE, changeOrigin: true },
    { request: ask('/', ['Host: public.test']) },
  ),
  secure(
    'ca, and a host that the certificate does not name',
    { ca: CERTIFICATE },
    {
      request: ask('/', ['Host: public.test']),
      requests: 0,
    },
  ),
  secure(
    'ca of the target object',
    {},
    {
      options: ({ port }) => ({ target: { protocol: 'https:', host: 'localhost', port, ca: CERTIFICATE } }),
    },
  ),
  secure(
    'a legacy URL object',
    {},
    {
      options: ({ port }) => ({ target: url.parse(`https://localhost:${port}/base`), secure: false }),
    },
  ),
  secure(
    'a plain object',
    {},
    {
      options: ({ port }) => ({ target: { protocol: 'https:', host: 'localhost', port }, secure: false }),
    },
  ),
  secure('xfwd says what the client speaks', { secure: false, xfwd: true }),
  secure('changeOrigin', { secure: false, changeOrigin: true }),
  // Made anew for each run: some write to it.
  secure(
    'ca of ssl',
    {},
    { options: ({ port }) => ({ target: `https://localhost:${port}`, ssl: { ca: CERTIFICATE } }) },
  ),
  secure(
    'ssl of a server beside ca',
    {},
    {
      options: ({ port }) => ({
        target: `https://localhost:${port}`,
        ssl: { key: KEY, cert: CERTIFICATE },
        ca: CERTIFICATE,
      }),
    },
  ),
];
