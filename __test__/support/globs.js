'use strict';

/**
 * Globs and paths to try them with, the same ones for a seed every time.
 */

const WORDS = [
  ...[
    'a',
    'b',
    'ab',
    'api',
    'v1',
    'x.js',
    'index.html',
    '.hidden',
    '.',
    '..',
    'a-b',
    'A',
    '1',
    '10',
    '007',
    'é',
    '😀',
  ],
  ...[
    '%20',
    '%2e',
    'a b',
    'a+b',
    '$',
    '^',
    '_',
    '~',
    '@',
    'a,b',
    '\u2028',
    'a(b',
    '[',
    'a|b',
    '{',
    '!',
    '',
    'a\\b',
    '"q"',
    "'",
  ],
];

const WILD = [
  ...[
    '*',
    '**',
    '***',
    '?',
    '??',
    '*.js',
    '*.{js,ts}',
    '.*',
    '*.*',
    '?(a)',
    '*(a|b)',
    '+(a|b)',
    '@(a|b)',
    '!(a)',
    '!(a|b)',
  ],
  ...[
    '!(*.js)',
    '!(.*)',
    '+([0-9])',
    '*([a-z])',
    '[a-c]',
    '[!a]',
    '[^a-c]',
    '[[:alpha:]]',
    '[[:digit:][:upper:]]',
    '[]a]',
  ],
  ...[
    '[a',
    'a]',
    '[z-a]',
    '[\\w]',
    '{a,b}',
    '{1..3}',
    '{01..10}',
    '{a..c}',
    '{,a}',
    '{a}',
    '{a,{b,c}}',
    '{a',
    'a}',
    '(a|b)',
  ],
  ...[
    '(?:a|b)',
    '(?=a)',
    '(?!a)',
    '(?<=a)b',
    '(?<!a)b',
    '(?<n>a)',
    '\\*',
    '\\?',
    '\\a',
    '\\d',
    '\\w+',
    '\\b',
    '\\1',
    '(a)\\1',
  ],
  ...[
    '\\\\',
    '\\.',
    '\\/',
    '\\[',
    'a+',
    'a*',
    'a?',
    '.+',
    'a{2}',
    'a{1,2}',
    '+',
    '|',
    '"*"',
    '\\u0061',
    '\\x61',
    '\\cA',
    '\\k',
  ],
  ...[
    '\\p',
    '\\-',
    '[\\d-x]',
    '[a\\]b]',
    '!(@(a|b))',
    '*(*(a))',
    '+(+(a))',
    '@(**)',
    '*(a/b)',
    '!(a/*)',
    '!(**)',
    '$',
    '^',
  ],
  ...[
    '[!.]',
    '[^/]',
    '\\0',
    '\\00',
    '\\8',
    '[\\b]',
    '{{',
    '}}',
    '((',
    '))',
    '()',
    '(|a)',
    '[[.a.]]',
    '[:alpha:]',
    '[[:foo:]]',
  ],
];

/** What globs are made of that need no backtracking. */
const PLAIN = ['a', 'b', 'v1', '-', '_', '~', '%20', '.', '*', '*', '?', '{a,b}', '{js,ts}'];

const BEGINNINGS = ['!', '!!', '!/', './', '!./', '.', '!(a)/', '//', '/./', '/../'];
const FILLINGS = ['', 'a', 'b', '.', 'x.js', 'é', '😀', '\ud83d', '/', '\n'];

/** @param {number} seed */
function makeGlobs(seed) {
  const random = randomFrom(seed);
  const below = (limit) => Math.floor(random() * limit);
  const chance = (probability) => random() < probability;
  const pick = (list) => list[below(list.length)];
  const some = (least, most, make) => Array.from({ length: least + below(most - least + 1) }, make);

  const segment = () => some(1, 3, () => (chance(0.55) ? pick(WILD) : pick(WORDS))).join('');
  const name = () => some(1, 2, () => pick(WORDS)).join('');

  const plain = () => `/${some(1, 3, () => some(1, 4, () => pick(PLAIN)).join('')).join('/')}`;

  function glob() {
    if (chance(0.2)) return plain();
    const begin = (chance(0.15) ? pick(BEGINNINGS) : '') + (chance(0.7) ? '/' : '');
    const text = begin + some(1, 4, segment).join('/') + (chance(0.1) ? '/' : '');
    // Some of those that end thus never end.
    return text === '' || /[\\:]$/.test(text) ? glob() : text;
  }

  /** The pattern's own text with something for its wildcards, which may well match. */
  function near(pattern) {
    const path = pattern
      .replace(/^!+/, '')
      .replace(/\*\*/g, () => pick(['', 'a', 'a/b', 'a/.b/c', 'x.js']))
      .replace(/[@!?+*]\(([^()]*)\)/g, (_, inner) => pick(inner.split('|')).repeat(below(3)))
      .replace(/\{([^{}]*)\}/g, (_, inner) => pick(inner.split(/,|\.\./)))
      .replace(/\[[^\]]*\]/g, () => pick(['a', 'b', 'z', '1', '.', ']']))
      .replace(/[*?]/g, () => pick(FILLINGS))
      .replace(/\\(.)/g, '$1');
    return path + (chance(0.1) ? '/' : '');
  }

  const far = () => (chance(0.85) ? '/' : '') + some(0, 4, name).join('/') + (chance(0.1) ? '/' : '');

  return {
    /** One to three globs, some of them negated. */
    list: () => some(1, 3, () => (chance(0.15) ? `!${glob()}` : glob())),
    /** Four paths to try a list with. */
    paths: (list) => some(4, 4, () => (chance(0.7) ? near(pick(list)) : far())),
  };
}

/** Mulberry32: numbers from 0 to 1. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

module.exports = { makeGlobs };
