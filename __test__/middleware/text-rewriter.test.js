'use strict';

/** Rules on a text in pieces find what they find in the whole, wherever it was cut. */

const { TextRewriter } = require('../../lib/middleware/text-rewriter.js');

/** The same numbers with each run. */
function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
}

function inPieces(rules, pieces) {
  const rewriter = new TextRewriter(rules);
  return pieces.map((piece) => rewriter.push(piece)).join('') + rewriter.finish();
}

function cut(text, longest, number) {
  const pieces = [];
  for (let at = 0; at < text.length;) {
    const length = number(longest + 1);
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return pieces;
}

function inWhole(rules, text) {
  return rules.reduce((rest, { match, replace }) => {
    const every = typeof match === 'string' ? match : new RegExp(match.source, `${match.flags}g`);
    return rest.replaceAll(every, replace);
  }, text);
}

const word = (number, letters, length) =>
  Array.from({ length }, () => letters[number(letters.length)]).join('');

test('strings, in 2,000 texts', () => {
  const number = numbers(1);
  for (let i = 0; i < 2000; i++) {
    const rules = Array.from({ length: 1 + number(3) }, () => ({
      match: word(number, 'ab$', 1 + number(5)),
      replace: ['', 'b', 'aab', '[$&]', '$$1', '$1'][number(6)],
    }));
    const text = word(number, 'aab$', number(60));
    const pieces = cut(text, 5, number);
    expect([rules, pieces, inPieces(rules, pieces)]).toEqual([rules, pieces, inWhole(rules, text)]);
  }
});

const EXPRESSIONS = [
  [/a+b/, '<$&>'],
  [/\bab\b/i, '$$'],
  [/^a/, 'START'],
  [/^b/m, 'LINE'],
  [/(?<=b)a(?=b)/, '-'],
  [/(a)(b)?(c)?/, '$1|$2|$3|$4|$10|$01'],
  [/(?<first>b)(?<second>\n)?/, '$<first>$<second>$<none>.'],
  [/x*/, '_'],
  [/(?:)/u, '.'],
  [/[\s\S]$/, 'END'],
  [/b{3,40}/, ''],
  [/😀|\u{1F601}/u, ':)'],
];

test.each(EXPRESSIONS)('%s', (match, replace) => {
  const number = numbers(match.source.length);
  for (const length of [0, 1, 50, 4095, 4096, 4097, 20_000]) {
    const text = word(number, ['a', 'b', 'ab', 'bbb', 'c', ' ', '\n', 'x', 'xx', '😀'], length);
    const rules = [
      { match, replace },
      { match: 'b', replace: 'B' },
    ];
    const pieces = cut(text, 1500, number);
    expect(inPieces(rules, pieces) === inWhole(rules, text)).toBe(true);
  }
});

test('a string holds back no more than may be the beginning of a match', () => {
  const rewriter = new TextRewriter([{ match: 'http://old', replace: 'https://new' }]);
  expect(rewriter.push('data: 1\n\n')).toBe('data: 1\n\n');
  expect(rewriter.push('data: http')).toBe('data: ');
  expect(rewriter.push('s://old http')).toBe('https://old ');
  expect(rewriter.push('://old\n\n')).toBe('https://new\n\n');
  expect(rewriter.finish()).toBe('');
});
