'use strict';

/** That docs/compatibility.md and the tables of differences agree. `node __test__/compat/write-document.js` writes its tables. */

const fs = require('node:fs');
const path = require('node:path');
const {
  DIFFERENCES,
  DOCUMENT,
  CONFLICTS,
  RULES,
  rowsOf,
  rowsIn,
  sectionOf,
} = require('./harness/document.js');
const { MIDDLEWARES, ORIGINALS } = require('./harness/originals.js');

const text = fs.readFileSync(DOCUMENT, 'utf8');

test('ids are unique', () => {
  expect(new Set(DIFFERENCES.map(({ id }) => id)).size).toBe(DIFFERENCES.length);
});

test.each(DIFFERENCES.map((entry) => [entry.id, entry]))(
  '%s has a reason, a rule and a proof',
  (_id, entry) => {
    expect(entry).toMatchObject({ what: expect.stringMatching(/\.$/), reason: expect.stringMatching(/\.$/) });
    expect(RULES).toContain(entry.rule);
    if (entry.scenarios === undefined)
      expect(fs.existsSync(path.join(__dirname, '..', entry.proof))).toBe(true);
    else expect(entry.proof).toBeUndefined();
  },
);

test.each([...ORIGINALS, ...MIDDLEWARES])(
  'the section about %s lists the differences from it, and no others',
  (original) => {
    expect(rowsIn(sectionOf(text, original))).toEqual(rowsOf(original));
  },
);

test.each(RULES)('the rule %s is explained, and followed', (rule) => {
  expect(text).toContain(`| \`${rule}\` | `);
  expect(DIFFERENCES.filter((entry) => entry.rule === rule)).not.toEqual([]);
});

test.each(CONFLICTS)('conflict %i is told, and decided by a difference', (number) => {
  expect(text).toMatch(new RegExp(`^\\| ${number} \\| `, 'm'));
  expect(DIFFERENCES.filter(({ conflict }) => conflict === number)).not.toEqual([]);
});
