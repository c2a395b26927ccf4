'use strict';

/**
 * Globs and regular expressions, and what to try them with: the same for a seed every time.
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

const ATOMS = [
  ...[
    'a',
    'b',
    '/',
    '.',
    '\\.',
    '[^/]',
    '[ab]',
    '[^a]',
    '[a-c/]',
    '[]',
    '[^]',
    '[\\d.-]',
    '\\d',
    '\\w',
    '\\W',
    '\\s',
    '\\S',
    '\\D',
  ],
  ...[
    '\\x61',
    'é',
    '^',
    '$',
    '(?!a)',
    '(?=b)',
    '(?!(?:^|\\/)\\.)',
    '',
    '[é-ü]',
    '\\u00e9',
    '[-a]',
    '[a-]',
    '[^\\]a]',
    '\\-',
  ],
];
const CHARACTERS = ['a', 'b', 'c', '/', '.', '1', ' ', 'é', '\n', '\ud83d', '\u2028'];

/** @param {number} seed */
function makeExpressions(seed) {
  const random = randomFrom(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];

  function expression(depth) {
    const kind = depth === 0 ? 0 : random();
    if (kind < 0.3) return pick(ATOMS);
    const inner = () => expression(depth - 1);
    if (kind < 0.55) return inner() + inner();
    if (kind < 0.8) return `(?:${inner()}|${inner()})${pick(['', '*', '+', '?', '*?', '+?'])}`;
    if (kind < 0.87) return `(${inner()})*`;
    return `(?${pick(['!', '='])}${inner()})`;
  }

  return {
    regex: () => new RegExp(`^(?:${expression(4)})${pick(['$', ''])}`),
    /** Four texts to try one with. */
    texts: () =>
      Array.from({ length: 4 }, () =>
        Array.from({ length: 1 + Math.floor(random() * 6) }, () => pick(CHARACTERS)).join(''),
      ),
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

module.exports = { makeExpressions, makeGlobs };
