'use strict';

/** `pathFilter`: what is proxied, what is handed on, and what is said of a filter that is none. */

const { HPM_3, HPM_4 } = require('../../harness/originals.js');
const { ask } = require('../../harness/texts.js');

const TODAY = [HPM_3, HPM_4];

const filtered = (name, pathFilter, paths, more = {}) => ({
  name,
  options: ({ target }) => ({ target, pathFilter }),
  request: [paths].flat().map((path) => ask(path)),
  ...more,
});

module.exports = [
  filtered('a path', '/api', ['/api', '/api/a', '/apix', '/other', '/', '/api?q', '/api#f', '/a/api']),
  filtered('a path with a slash at its end', '/api/', ['/api', '/api/', '/api/a']),
  filtered('a path in other letters', '/api', ['/API', '/Api/a']),
  filtered('a path without a slash', 'api', ['/api', '/', '/api/a']),
  filtered('the empty path', '', ['/', '/a']),
  filtered('the root', '/', ['/', '/a?b']),
  filtered('a path with a question mark', '/a?b', ['/a?b', '/a']),
  filtered('characters that are no glob alone', '/a(b|c)+:id', ['/a(b|c)+:id/x', '/ab']),
  filtered('encoded characters', '/api', ['/%61pi', '/api%2Fx', '/api%20']),
  filtered('encoded characters in the filter', '/a%20b', ['/a%20b', '/a%2520b']),
  filtered('dot segments towards it', '/api', '/x/../api/y'),
  filtered('dot segments away from it', '/api', '/api/../admin'),
  filtered('encoded dot segments away from it', '/api', '/api/%2e%2e/admin'),
  filtered('two slashes at the front', '/api', '//evil.test/api/z'),
  filtered('two slashes at the front, and a filter with them', '//evil.test', '//evil.test/api/z'),
  filtered('three slashes at the front', '/api', '///api'),
  filtered('a backslash', '/api', ['/api\\x', '\\api']),
  filtered('the absolute form', '/api', 'http://other.test/api/x'),
  filtered('the absolute form, elsewhere', '/api', 'http://other.test/x/api'),
  filtered('OPTIONS of everything', '/api', [], { request: ask('*', [], 'OPTIONS') }),
  filtered('OPTIONS of everything, and the root', '/', [], { request: ask('*', [], 'OPTIONS') }),
  filtered('OPTIONS of everything, and no filter', undefined, [], {
    request: ask('*', [], 'OPTIONS'),
    options: undefined,
  }),
  filtered('a glob', '/api/**', ['/api', '/api/', '/api/a/b.html', '/other', '/apix']),
  filtered('a glob of one segment', '/api/*', ['/api/a', '/api/a/', '/api/a/b', '/api']),
  filtered('a glob of everything', '**', ['/', '/a/b']),
  filtered('a glob of an extension', '/**/*.html', ['/a.html', '/a/b.html', '/a.htm', '/a.html?x.css']),
  filtered('a glob of an extension without a slash', '*.html', ['/a.html', 'a.html']),
  filtered('hidden files behind a glob', '/api/**', ['/api/.hidden', '/api/a/.b/c']),
  filtered('braces', '/{a,b}/*', ['/a/1', '/b/2', '/c/3']),
  filtered('a range', '/v{1..3}/**', ['/v1/a', '/v3/a', '/v4/a']),
  filtered('a class', '/[ab]/*', ['/a/1', '/c/1']),
  filtered('an extglob', '/!(admin)/**', ['/admin/x', '/user/x']),
  filtered('another extglob', '/@(a|b)/*', ['/a/1', '/c/1']),
  filtered('a negation', '!/admin/**', ['/admin/x', '/user', '/admin']),
  filtered('a list of paths', ['/a', '/b'], ['/a/x', '/b', '/c']),
  filtered('a list of globs', ['/a/**', '/b/*'], ['/a/x', '/b/x', '/b/x/y', '/c']),
  filtered('globs and a negation', ['/api/**', '!**/bad.json'], ['/api/a', '/api/bad.json']),
  filtered('a negation in front of globs', ['!**/bad.json', '/api/**'], ['/api/a', '/api/bad.json']),
  filtered('negations alone', ['!/a/**', '!/b/**'], ['/a/x', '/b/x', '/c/x']),
  filtered('globs that nothing can match', ['/a/**', '!/a/**'], ['/a/x']),
  filtered('an empty list', [], '/a'),
  filtered('a list of both kinds', ['/api', '/api/**'], '/api'),
  filtered('a list with a number', ['/api', 5], '/api'),
  filtered('a number', 5, '/api'),
  filtered('null', null, '/api', { originals: TODAY }),
  filtered('an object', { path: '/api' }, '/api', { originals: TODAY }),
  filtered('a regular expression', /api/, '/api', { originals: TODAY }),
  filtered('true', true, '/api', { originals: TODAY }),
  filtered('a function', (path, req) => path === '/api' && req.method === 'GET', [], {
    request: [ask('/api?q'), ask('/api', ['Content-Length: 0'], 'POST'), ask('/api/x')],
  }),
  {
    name: 'what a function is given',
    options: ({ target, note }) => ({
      target,
      pathFilter: (...args) => {
        note(`${args.length} ${args[0]} ${args[1].url} ${args[1].headers.host}`);
        return true;
      },
    }),
    request: [ask('/a/../b?q=1#f'), ask('//host/x'), ask('/%41')],
  },
  filtered('a function that gives a text', () => 'yes', '/a'),
  filtered('a function that gives nothing', () => {}, '/a'),
  filtered('a function that gives 0', () => 0, '/a'),
  filtered('a function that gives a match', (path) => path.match(/^\/a/), ['/a', '/b']),
  filtered('a function that gives a promise of no', async () => false, '/a'),
  filtered(
    'a function that throws',
    () => {
      throw new RangeError('of the filter');
    },
    ['/a', '/b'],
  ),
  filtered('a filter, without next', '/api', '/other', { alone: true, patience: 150 }),
  filtered('a filter that matches, without next', '/api', '/api', { alone: true }),
];
