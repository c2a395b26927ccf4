'use strict';

const micromatch = require('micromatch');
const { compileGlobs } = require('../../lib/middleware/path-filter.js');
const { NativePathFilter } = require('../../lib/native/binding.js');
const { makeExpressions, makeGlobs } = require('../support/globs.js');
const { LISTS, NASTY } = require('../support/nasty-globs.js');

const ours = (path, patterns) => compileGlobs(patterns)(path);
const theirs = (path, patterns) => micromatch([path], patterns).length > 0;

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
