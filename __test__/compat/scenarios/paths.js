'use strict';

/** What becomes of the target's path and the request's: `prependPath`, `ignorePath`, and odd request targets. */

const { ask } = require('../harness/texts.js');

/** A request for `path` to a target with `base`. */
const joined = (name, base, path, options = {}, more = {}) => ({
  name,
  options: ({ target }) => ({ target: `${target}${base}`, ...options }),
  request: ask(path),
  ...more,
});

module.exports = [
  joined('a base and a path', '/base', '/a'),
  joined('a base with a slash and a path', '/base/', '/a'),
  joined('a base and the root', '/base', '/'),
  joined('a base and the root with a query', '/base', '/?q=1'),
  joined('a base with a query and a path with one', '/base?k=v', '/a?q=1'),
  joined('a base with a query and a path without', '/base?k=v', '/a'),
  joined('a target without a path and a path with a query', '', '/a/b?q=1&r=2'),
  joined('a target with the root and a path', '/', '/a'),
  joined('a base of two segments', '/one/two', '/three/four'),
  joined('a base and a path that begins like it', '/base', '/base/a'),
  joined('a target with a fragment', '/base#part', '/a'),
  joined('several slashes in the path', '', '/a//b///c'),
  joined('several slashes at the front of the path', '', '//x/y'),
  joined('several slashes in the query', '', '/a?u=//b//c'),
  joined('a URL in the path', '', '/p/http://x.test//y'),
  joined('a URL in the query', '', '/p?next=http://x.test/y'),
  joined('dot segments', '', '/a/./b/../c'),
  joined('encoded dot segments', '', '/a/%2e%2e/c'),
  joined('an encoded slash', '', '/a%2Fb'),
  joined('dot segments behind a base', '/base', '/../c'),
  joined('a percent sign that encodes nothing', '', '/a%zz?p=%zz'),
  joined('lower-case and upper-case percent-encoding', '', '/%c3%A4'),
  joined('characters that URLs escape in the path', '', `/a'b"c<d>e|f^g\`h{i}j`),
  joined('a backslash in the path', '', '/a\\b'),
  joined('characters that URLs escape in the query', '', `/?a='"<>|^\`{}\\`),
  joined('bytes of latin1', '', '/caf\xe9?q=\xfc'),
  joined('a fragment in the request target', '', '/a#frag'),
  joined('several question marks', '', '/a?b?c=d?e'),
  joined('an empty query', '', '/a?'),
  joined('a semicolon and commas', '', '/a;v=1,2/b'),
  joined('a plus and a tilde', '', '/~me/a+b?c+d'),
  joined('a dot at the end', '', '/a/.'),
  joined('a long path', '', `/${'abcdefghi/'.repeat(400)}`),
  joined('OPTIONS of everything', '', '*', {}, { request: ask('*', [], 'OPTIONS') }),
  joined('the absolute form', '', 'http://other.test/x?y'),
  joined('the absolute form and a base', '/base', 'http://other.test/x?y'),
  joined('the path ignored', '/base', '/a', { ignorePath: true }),
  joined('the path ignored, a base with a query', '/base?k=v', '/a?q=1', { ignorePath: true }),
  joined('the path ignored, a base with a slash', '/base/', '/a', { ignorePath: true }),
  joined('the path ignored, no base', '', '/a?q=1', { ignorePath: true }),
  joined('the base not prepended', '/base', '/a', { prependPath: false }),
  joined('the base not prepended, with its query', '/base?k=v', '/a?q=1', { prependPath: false }),
  joined('the path ignored and the base not prepended', '/base', '/a', {
    ignorePath: true,
    prependPath: false,
  }),
  {
    name: 'the base not prepended in one call',
    options: ({ target }) => ({ target: `${target}/base` }),
    perCall: () => ({ prependPath: false }),
    request: ask('/a'),
  },
  {
    name: 'the path ignored in one call',
    options: ({ target }) => ({ target: `${target}/base` }),
    perCall: () => ({ ignorePath: true }),
    request: ask('/a'),
  },
  {
    name: 'an application that changes req.url',
    app: ({ req, web }) => {
      req.url = `/rewritten${req.url}`;
      web();
    },
  },
  {
    name: 'an application that leaves req.url empty',
    options: ({ target }) => ({ target: `${target}/test` }),
    app: ({ req, web }) => {
      req.url = '';
      web();
    },
  },
  {
    name: 'an application that leaves a query in req.url',
    options: ({ target }) => ({ target: `${target}/test` }),
    app: ({ req, web }) => {
      req.url = '?foo=1';
      web();
    },
  },
  {
    name: 'an application that takes the slash off req.url',
    options: ({ target }) => ({ target: `${target}/test` }),
    app: ({ req, web }) => {
      req.url = 'foo';
      web();
    },
  },
];
