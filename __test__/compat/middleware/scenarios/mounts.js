'use strict';

/** Where it is mounted: Node's server, connect, Express 4 and 5. */

const { HPM_2, HPM_3, HPM_4 } = require('../../harness/originals.js');
const { ask, send } = require('../../harness/texts.js');

const TODAY = [HPM_3, HPM_4];
const APPS = ['connect', 'express4', 'express5'];

/** The same in every kind of application. */
const everywhere = (name, scenario) => APPS.map((app) => ({ name: `${app}, ${name}`, app, ...scenario }));

module.exports = [
  ...everywhere('at the root', { request: [ask('/a?q'), send('hello')] }),
  ...everywhere('at a path', { mount: '/api', request: [ask('/api/a?q'), ask('/api'), ask('/api?q')] }),
  ...everywhere('elsewhere', { mount: '/api', request: ask('/other') }),
  ...everywhere('at a path, and a filter behind it', {
    mount: '/api',
    options: ({ target }) => ({ target, pathFilter: '/a' }),
    request: [ask('/api/a'), ask('/api/b')],
  }),
  ...everywhere('at a path, and a filter with it', {
    mount: '/api',
    options: ({ target }) => ({ target, pathFilter: '/api' }),
    request: [ask('/api/a'), ask('/api/api')],
  }),
  ...everywhere('at a path, rewritten behind it', {
    mount: '/api',
    options: ({ target }) => ({ target, pathRewrite: { '^/a': '/x', '^/api': '/y' } }),
    request: ask('/api/a'),
  }),
  ...everywhere('at a path, and the target has a base', {
    mount: '/api',
    options: ({ target }) => ({ target: `${target}/base` }),
    request: [ask('/api/a'), ask('/api')],
  }),
  ...everywhere('at a path, and nobody listens', {
    mount: '/api',
    options: ({ closed }) => ({ target: `http://127.0.0.1:${closed}` }),
    request: ask('/api/a?q'),
  }),
  ...everywhere('at a path, and a router by paths', {
    mount: '/api',
    second: {},
    options: ({ target, second }) => ({ target, router: { '/api': second } }),
    request: ask('/api/a'),
  }),
  ...everywhere('a failing router', {
    options: ({ target }) => ({
      target,
      router: () => {
        throw Object.assign(new Error('of the router'), { status: 418 });
      },
    }),
  }),
  ...everywhere('fields that were set before', {
    before: () => [
      (req, res, next) => {
        res.setHeader('X-Before', '1');
        res.setHeader('Content-Type', 'text/before');
        next();
      },
    ],
    options: ({ target }) => ({ target }),
  }),
  ...everywhere('a response whose end is replaced', {
    before: ({ note }) => [
      (req, res, next) => {
        const { end } = res;
        res.end = function replaced(...args) {
          note('end');
          return end.apply(this, args);
        };
        next();
      },
    ],
  }),
  ...everywhere('a response whose writeHead is replaced', {
    before: () => [
      (req, res, next) => {
        const { writeHead } = res;
        res.writeHead = function replaced(...args) {
          this.setHeader('X-Late', '1');
          return writeHead.apply(this, args);
        };
        next();
      },
    ],
  }),
  {
    name: 'a path of Express 5 with a parameter',
    app: 'express5',
    mount: '/users/:id',
    request: ask('/users/5/a'),
  },
  { name: 'several paths', app: 'express5', mount: ['/a', '/b'], request: [ask('/a/x'), ask('/b/x')] },
  {
    name: 'a URL that an application has changed',
    app: 'express5',
    before: () => [
      (req, res, next) => {
        req.url = '/changed';
        next();
      },
    ],
    request: ask('/a'),
    originals: TODAY,
  },
  {
    name: 'a URL that an application has changed, by old rules',
    app: 'express5',
    before: () => [
      (req, res, next) => {
        req.url = '/changed';
        next();
      },
    ],
    request: ask('/a'),
    originals: [HPM_2],
  },
];
