'use strict';

/** `xfwd`. */

const { ask } = require('../harness/texts.js');

const forwarded = (name, lines = [], more = {}) => ({
  name,
  options: ({ target }) => ({ target, xfwd: true, ...more.options }),
  request: ask('/', lines),
  ...more.scenario,
});

module.exports = [
  forwarded('nothing there'),
  forwarded('a host with a port', ['Host: public.test:8080']),
  forwarded('an IPv6 host', ['Host: [::1]:7777']),
  forwarded('an IPv6 host without a port', ['Host: [::1]']),
  forwarded('x-forwarded-for there', ['X-Forwarded-For: 10.0.0.1']),
  forwarded('two x-forwarded-for there', ['X-Forwarded-For: 10.0.0.1', 'X-Forwarded-For: 10.0.0.2']),
  forwarded('x-forwarded-port and x-forwarded-proto there', [
    'X-Forwarded-Port: 443',
    'X-Forwarded-Proto: https',
  ]),
  forwarded('x-forwarded-host there', ['X-Forwarded-Host: first.test']),
  forwarded('all of them there', [
    'X-Forwarded-For: 10.0.0.1',
    'X-Forwarded-Port: 443',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: first.test',
  ]),
  forwarded('the field Forwarded there', ['Forwarded: for=10.0.0.1']),
  forwarded('with changeOrigin', ['Host: public.test:81'], { options: { changeOrigin: true } }),
  forwarded('no host in HTTP/1.0', [], { scenario: { request: 'GET / HTTP/1.0\r\n\r\n' } }),
  forwarded('an option of the same name', [], { options: { headers: { 'x-forwarded-for': 'option' } } }),
  {
    name: 'switched on in one call',
    perCall: () => ({ xfwd: true }),
  },
  {
    name: 'switched off in one call',
    options: ({ target }) => ({ target, xfwd: true }),
    perCall: () => ({ xfwd: false }),
    originals: ['http-proxy', 'http-proxy-3'],
  },
  {
    name: 'off, the client’s own go on',
    request: ask('/', ['X-Forwarded-For: 10.0.0.1', 'X-Forwarded-Host: a.test']),
  },
];
