'use strict';

const micromatch = require('micromatch');
const { compileGlobs } = require('../../lib/middleware/path-filter.js');
const { NativePathFilter } = require('../../lib/native/binding.js');
const { makeExpressions, makeGlobs } = require('../support/globs.js');

const ours = (path, patterns) => compileGlobs(patterns)(path);
const theirs = (path, patterns) => micromatch([path], patterns).length > 0;

/** Patterns by what is nasty about them, each tried with every path of its row. */
const NASTY = {
  'dot segments': [
    [
      '/api/**',
      '/api/*',
      '/**',
      '**',
      '*',
      '/api/.*',
      '/api/**/.*',
      '/./**',
      './**',
      '/api/../*',
      '/.*/**',
      '/api/..*',
      '!/api/.*',
      '**/.',
      '.',
      './*',
      '/a./*',
      '/*./b',
    ],
    [
      '/api',
      '/api/',
      '/api/.git',
      '/api/a/.git/b',
      '/api/.',
      '/api/..',
      '/api/../x',
      '/./x',
      '/.git/a',
      'api/x',
      './x',
      '.',
      '..',
      '',
      '/',
      '//',
      '/api//x',
      '/api/a/',
      '/api/a//',
      '/a./b',
      '/a/./b',
    ],
  ],
  extglobs: [
    [
      '/!(a)',
      '/!(a|b)/c',
      '!(/a)',
      '!(/a)/**',
      '/+(a|b)',
      '/*(a|b)c',
      '/?(a)b',
      '/@(a|b).js',
      '/!(*.js)',
      '/!(*.d).ts',
      '/!(*.d).{ts,tsx}',
      '/**/!(*-x).js',
      '/+(a|!(b))',
      '/!(!(a))',
      '/*(*(a))',
      '/+(+(ab))',
      '/+(a|aa)',
      '/@(a/b|c)',
      '/!(a/*)',
      '/(a|b)',
      '/a!(b)c',
      '!(!(/a))',
      '/+()',
      '/@()',
      '/!()',
      '/@(',
      '/@(a',
      '/*(a|)',
    ],
    [
      '/a',
      '/b',
      '/c',
      '/aa',
      '/ab',
      '/abc',
      '/aac',
      '/a/c',
      '/d/c',
      '/a/b',
      '/x.js',
      '/x.ts',
      '/x.d.ts',
      '/x.d.tsx',
      '/a-x.js',
      '/d/a-x.js',
      '/',
      '',
      '/.a',
      '/!(a)',
      '/@(',
      '/@(a',
      '/abab',
    ],
  ],
  'braces and ranges': [
    [
      '/{a,b}',
      '/{a}',
      '/{a,b',
      '/a,b}',
      '/{a,{b,c}}/d',
      '/{1..3}',
      '/{01..10}',
      '/{a..e..2}',
      '/{3..1}',
      '/*.{js,ts}',
      '/x*.{js,ts}',
      '/{,a}b',
      '/{*,b}/c',
      '/{**,b}/c',
      '/{a\\,b}',
      '/{a,b}{c,d}*',
      '/${a}',
      '/{}',
      '/{..}',
      '/a*{b,}',
    ],
    [
      '/a',
      '/b',
      '/{a}',
      '/{a,b',
      '/a,b}',
      '/a/d',
      '/c/d',
      '/1',
      '/2',
      '/02',
      '/.',
      '/..',
      '/c',
      '/x.js',
      '/.js',
      '/x.ts/',
      '/b/c',
      '/x/y/c',
      '/ac',
      '/bdx',
      '/{}',
      '/${a}',
      '/a*b',
    ],
  ],
  classes: [
    [
      '/[abc]',
      '/[a-c]',
      '/[!a]',
      '/[^a]',
      '/[]a]',
      '/[a]]',
      '/[[:alpha:]]',
      '/[[:alpha:][:digit:]]*',
      '/[![:space:]]',
      '/[[:foo:]]',
      '/[:alpha:]',
      '/[[.a.]]',
      '/[z-a]',
      '/[a',
      '/a]',
      '/[\\w]',
      '/[a\\]b]',
      '/[/]',
      '/a[/]b',
      '/[!/]',
      '/[.]a',
      '/[*]',
      '/[!.]*',
      '/[[:upper:]-z]',
      '/[[:punct:]]',
      '/[é-ü]',
      '/[\ud83d\ude00]',
    ],
    [
      '/a',
      '/b',
      '/d',
      '/]',
      '/a]',
      '/1',
      '/Z',
      '/-',
      '/:',
      '/w',
      '/_',
      '/\\',
      '/',
      '/a/b',
      '/.a',
      '/*',
      '/é',
      '/😀',
      '/\ud83d',
      '/\ude00',
      '/[a',
      '/[z-a]',
      '/ ',
      '/!',
    ],
  ],
  escapes: [
    [
      '/\\*',
      '/\\a*',
      '/a\\/b*',
      '/\\?*',
      '/\\{a,b\\}*',
      '/\\[a]*',
      '/a\\\\*',
      '/\\d+*',
      '/(\\w+)*',
      '/*\\',
      '/\\.*',
      '\\!a*',
      '\\\\!*',
      '/"*"',
      '/"a*"b',
      '/\\x61*',
      '/\\u0061*',
      '/(a)\\1*',
      '/\\1*',
      '/\\0*',
      '/\\cA*',
      '/\\b*a',
      '/*\\;',
      '/\\k*',
      '/\\k<a>*',
      '/(?<a>b)\\k<a>*',
    ],
    [
      '/*',
      '/a',
      '/ax',
      '/a/b',
      '/a/bc',
      '/?',
      '/{a,b}',
      '/[a]',
      '/a\\',
      '/a\\b',
      '/12',
      '/ab',
      '/.',
      '/.x',
      '!a',
      '!ab',
      '/"*"',
      '/"a*"b',
      '/a*b',
      '/aa',
      '/aab',
      '/\x01',
      '/\x00',
      '/\b',
      '/;',
      '/x;',
      '/bb',
      '/k',
      '\\!a',
      '/k<a>',
    ],
  ],
  'regular expressions': [
    [
      '/(?:a|b)*',
      '/(?=a)*',
      '/(?!a)*',
      '/(?<=\\/)a*',
      '/(?<!a)b*',
      '/a{2}*',
      '/a{1,2}*',
      '/a+*',
      '/(a)+*',
      '/(a|b)?*',
      '/.+*',
      '/^a*',
      '/a$*',
      '/a|b*',
      '/()*',
      '/(|a)*',
      '/((a)*',
      '/a)*',
      '/(?a)*',
      '/*(?',
      '/a**',
      '/a***b',
      '/***',
      '/**/**/**',
      '/**a',
      '/a**/b',
    ],
    [
      '/a',
      '/aa',
      '/aaa',
      '/b',
      '/ab',
      '/ba',
      '/',
      '/a+',
      '/.+',
      '/^a',
      '/a$',
      '/a|b',
      '/(',
      '/(?a)',
      '/a{2}',
      '/a/b',
      '/a/x/b',
      '/x/a',
      '/a\nb',
      '/\n',
      '/a\u2028',
    ],
  ],
  'characters beyond ASCII': [
    [
      '/?',
      '/??',
      '/*é',
      '/é*',
      '/[é]*',
      '/😀*',
      '/\ud83d*',
      '/*\ude00',
      '/**',
      '/ü?',
      '/a?',
      '/a*b',
      '/v*',
      '/%C3%A9*',
      '/*%2e*',
    ],
    [
      '/é',
      '/e\u0301',
      '/😀',
      '/\ud83d',
      '/\ude00',
      '/é/é',
      '/ü😀',
      '/üa',
      '/aé',
      '/a😀',
      '/aéb',
      '/a\ud83db',
      '/vé',
      '/v\xff',
      '/%C3%A9',
      '/%c3%a9',
      '/x%2e',
      '/x.',
    ],
  ],
  'alone what globset may run': [
    [
      '/a*',
      '/a*/b',
      '/a*b*c',
      '/a?',
      '/a?*',
      '/a*.js',
      '/a.*',
      '/a/b*/c',
      '/a{b,c}*',
      '/{a,b}*',
      '/{a,b}*/c?',
      '/a*{b,c}',
      '/%2e*',
      '/a~*',
      '/a_*-b',
      '/a*.',
      '/a*..',
      '/a*.b/c',
    ],
    [
      '/a',
      '/a/',
      '/a//',
      '/ab',
      '/ab/',
      '/a/b',
      '/ax/b',
      '/a.x/b',
      '/a/b/c',
      '/abc',
      '/axbyc',
      '/a/.b',
      '/a.js',
      '/a.b.js',
      '/a.',
      '/a..',
      '/.a',
      '/A',
      '/a\n',
      '/a\nb',
      '/a\r/',
      '/b',
      '/acx',
      '/b/cx',
      '/%2ex',
      '/%2E',
      '/a~',
      '/a_-b',
      '/a.b/c',
      '/a*',
      '/{a,b}*',
      '/a?',
      '//a',
      'a',
      '',
      '/a\0b',
    ],
  ],
};

/** Lists whose order decides. */
const LISTS = [
  ['/api/**', '!**/bad.json'],
  ['!**/bad.json', '/api/**'],
  ['!**/bad.json', '!/api/x/**'],
  ['/api/**', '!/api/x/**', '/api/x/y*'],
  ['!/api/**', '!!/api/x'],
  ['!!/api/**', '!/api/**'],
  ['!(/api)/**', '/api/x*'],
  ['!**'],
  ['!*'],
  ['**', '!**'],
  ['!**', '**'],
  ['!**.json'],
  ['!!!/api/*'],
  ['/api/*', '/api/*'],
];
const LISTED = [
  '/api',
  '/api/',
  '/api/bad.json',
  '/api/x/y',
  '/api/x',
  '/api/x/bad.json',
  '/other',
  '/.x',
  '',
  '/',
  'bad.json',
  '/api/.x',
  '!**',
  '**',
];

describe('micromatch', () => {
  describe.each(Object.entries(NASTY))('has the same answers: %s', (name, [patterns, paths]) => {
    test.each(patterns)('%j', (pattern) => {
      for (const list of [[pattern], [`!${pattern}`], ['**', `!${pattern}`], [`!${pattern}`, '/a*']]) {
        for (const path of [...paths, pattern]) {
          expect({ list, path, is: ours(path, list) }).toEqual({ list, path, is: theirs(path, list) });
        }
      }
    });
  });

  test.each(LISTS.map((list) => [list]))('has the same answers: the list %j', (list) => {
    for (const path of LISTED) {
      expect({ path, is: ours(path, list) }).toEqual({ path, is: theirs(path, list) });
    }
  });

  test('has the same answers for generated patterns and paths', () => {
    const globs = makeGlobs(20_261_121);
    const differences = [];
    let [pairs, matched] = [0, 0];
    while (pairs < 24_000) {
      const list = globs.list();
      const matches = compileGlobs(list);
      for (const path of globs.paths(list)) {
        const is = matches(path);
        pairs += 1;
        matched += Number(is);
        if (is !== theirs(path, list)) differences.push({ list, path, is });
      }
    }
    expect(differences).toEqual([]);
    // Both answers occur, or nothing was compared.
    expect(matched).toBeGreaterThan(pairs / 10);
    expect(matched).toBeLessThan((pairs * 9) / 10);
  });

  test('has the same answers for patterns as long as it takes them', () => {
    const long = [
      '*a'.repeat(1000),
      `/${'a'.repeat(10_000)}*`,
      '/**'.repeat(21_845),
      `/{${'a,'.repeat(10_000)}b}`,
      '*'.repeat(65_536),
    ];
    const paths = ['/', '/a', '/b', 'a', `/${'a'.repeat(100)}`];
    for (const pattern of long) {
      const matches = compileGlobs([pattern]);
      expect(paths.filter((path) => matches(path))).toEqual(micromatch(paths, pattern));
    }
  });

  test.each([255, 1000, 5000])('has the same answers for %i groups in one another', (depth) => {
    const pattern = `/${'('.repeat(depth)}a*${')'.repeat(depth)}`;
    for (const path of ['/a', '/aaa', '/b', '/aaa/b']) {
      expect(ours(path, [pattern])).toBe(theirs(path, [pattern]));
      expect(ours(path, [`!${pattern}`])).toBe(theirs(path, [`!${pattern}`]));
    }
  });

  test('throws the same error for a pattern that is too long', () => {
    const patterns = ['/api/*', `/${'a'.repeat(65_536)}*`];
    const message = 'Input length: 65538, exceeds maximum allowed length: 65536';
    expect(() => theirs('/api', patterns)).toThrow(new SyntaxError(message));
    expect(() => ours('/api', patterns)).toThrow(new SyntaxError(message));
  });

  test.each([[null], [undefined], [7], [{}]])('throws the same error for the path %p', (path) => {
    const message = 'Expected input to be a string';
    expect(() => theirs(path, ['/api/*'])).toThrow(new TypeError(message));
    expect(() => ours(path, ['/api/*'])).toThrow(new TypeError(message));
  });
});

describe('V8', () => {
  test('has the same answers for generated regular expressions of the kind that globs become', () => {
    const expressions = makeExpressions(7);
    const differences = [];
    let matched = 0;
    for (let count = 0; count < 5000; count += 1) {
      const regex = expressions.regex();
      const filter = new NativePathFilter([{ text: '', source: regex.source, negated: false }], false);
      for (const path of expressions.texts()) {
        const is = filter.test(path);
        matched += Number(is);
        if (is !== regex.test(path)) differences.push({ regex, path, is });
      }
    }
    expect(differences).toEqual([]);
    expect(matched).toBeGreaterThan(2000);
  });
});
