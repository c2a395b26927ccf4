'use strict';

/** `pathRewrite`. */

const { HPM_2, HPM_3, HPM_4 } = require('../../harness/originals.js');
const { ask } = require('../../harness/texts.js');

const rewritten = (name, pathRewrite, paths, more = {}) => ({
  name,
  options: ({ target }) => ({ target, pathRewrite }),
  request: [paths].flat().map((path) => ask(path)),
  ...more,
});

const noted = (name, rewrite, more = {}) => ({
  name,
  options: ({ target, note }) => ({ target, pathRewrite: (...args) => rewrite(note, ...args) }),
  request: ask('/a?q'),
  ...more,
});

module.exports = [
  rewritten('the beginning', { '^/api': '/v1' }, ['/api/users?q=1', '/other', '/x/api']),
  rewritten('the beginning, taken away', { '^/api': '' }, ['/api/users', '/api', '/api?q', '/apix']),
  rewritten('anywhere', { '/old': '/new' }, ['/a/old/b', '/old/old']),
  rewritten('groups', { '^/(\\w+)/(\\w+)': '/$2/$1' }, '/a/b/c'),
  rewritten('the match itself', { '^/a': '/x$&' }, '/a/b'),
  rewritten('named groups', { '^/(?<first>\\w+)': '/x/$<first>' }, '/a/b'),
  rewritten('the query', { 'q=1': 'q=2' }, '/a?q=1'),
  rewritten('letters of another case', { '^/API': '/x' }, ['/api', '/API']),
  rewritten('two rules, the first one counts', { '^/a': '/first', '^/a/b': '/second' }, '/a/b'),
  rewritten('two rules, the second one matches', { '^/x': '/first', '^/a': '/second' }, '/a/b'),
  rewritten('a rule that changes nothing', { '^/a': '/a', '^/a/b': '/second' }, '/a/b'),
  rewritten('rules with numbers for keys', { '^/b': '/x', 1: '/one' }, ['/b1', '/a1']),
  rewritten('no rules', {}, '/a'),
  rewritten('null', null, '/a'),
  rewritten('to an address', { '^/a': 'http://other.test/b' }, '/a/x'),
  rewritten('to what has no slash', { '^/a': 'b' }, '/a/x'),
  rewritten('to nothing at all', { '^/a$': '' }, '/a'),
  rewritten('to several slashes', { '^/a': '//b' }, '/a/c'),
  rewritten('characters that must be encoded', { '^/a': '/ä b' }, '/a', { patience: 400 }),
  rewritten('with a base', { '^/api': '' }, '/api/x', {
    options: ({ target }) => ({ target: `${target}/base`, pathRewrite: { '^/api': '' } }),
  }),
  rewritten('a function', (path) => path.replace('/a', '/b'), '/a/x?q'),
  rewritten('a function that gives a promise', async (path) => `/promised${path}`, '/a?q'),
  rewritten('a function that gives the empty text', () => '', '/a?q'),
  rewritten('a function that gives nothing', () => {}, '/a?q'),
  rewritten('a function that gives null', () => null, '/a?q'),
  rewritten('a function that gives a number', () => 5, '/a?q'),
  rewritten('a function that throws', () => failing(), '/a'),
  rewritten('a function that rejects', async () => failing(), '/a'),
  rewritten('a function that throws, without next', () => failing(), '/a', {
    alone: true,
    patience: 150,
    originals: [HPM_3, HPM_4],
  }),
  noted('what a function is given', (note, path, req) => {
    note(`${path} ${req.method} ${req.url}`);
    return path;
  }),
  noted(
    'what a function is given since version 4.1',
    (note, path, req, res, options) => note(`${typeof res?.end} ${typeof options?.target}`),
    { originals: [HPM_4] },
  ),
  noted(
    'a function that edits the options',
    (note, path, req, res, options) => {
      options.headers = { 'x-edited': '1' };
    },
    { originals: [HPM_4], request: [ask('/a'), ask('/b')] },
  ),
  noted('a function that edits req.url itself', (note, path, req) => {
    req.url = '/edited';
  }),
  noted('a function that edits req.headers', (note, path, req) => {
    req.headers['x-rewriter'] = '1';
  }),
  rewritten('a text', '/a', '/a'),
  rewritten('a number', 5, '/a'),
  rewritten('a list', ['^/a', '/b'], '/a'),
  rewritten('a date', new Date(0), '/a'),
  rewritten('a Map', new Map([['^/a', '/b']]), '/a'),
  rewritten('false', false, '/a'),
  rewritten('a key that is no regular expression', { '^/(': '/b' }, '/a'),
  rewritten('a value that is a function', { '^/(a)': (all, one) => `/${one}${one}` }, '/a/b'),
  {
    name: 'the URL afterwards',
    options: ({ target }) => ({ target, pathRewrite: { '^/a': '/b' }, pathFilter: '/a' }),
    before: ({ note }) => [
      (req, res, next) => {
        res.on('finish', () => note(`${req.url} ${req.originalUrl}`));
        next();
      },
    ],
    app: 'express5',
    request: ask('/a/x'),
    originals: [HPM_2, HPM_3, HPM_4],
  },
];

function failing() {
  throw new RangeError('of the rewriter');
}
