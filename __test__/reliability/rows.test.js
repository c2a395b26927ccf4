'use strict';

/** That docs/reliability-rows.md lists every row of tables A to E, H, K and R, and says the truth about its tests. */

const fs = require('node:fs');
const path = require('node:path');

const DOCUMENT = path.join(__dirname, '..', '..', 'docs', 'reliability-rows.md');
/** Folders beside this one that prove rows as well. */
const OTHERS = ['lifecycle', 'door', 'dynamic', 'configurable'];
const ROWS = { C: 28, A: 79, B: 36, H: 18, D: 49, E: 29, K: 28, R: 28 };
const REASON = /^does not apply: \w/;

const ids = Object.entries(ROWS).flatMap(([table, count]) =>
  Array.from({ length: count }, (_, i) => `${table}-${`${i + 1}`.padStart(2, '0')}`),
);

/** `[id, files or reason]` of each row of the document, without the remark that may follow a semicolon. */
const listed = fs
  .readFileSync(DOCUMENT, 'utf8')
  .split('\n')
  .map((line) => /^\| ([ABCDEHKR]-\d\d) +\| .* \| (.+?) +\|$/.exec(line))
  .filter((match) => match !== null)
  .map(([, id, proof]) => [id, proof.startsWith('`') ? proof.split('; ')[0] : proof]);

/** The ids with which titles of tests begin, by file. */
const tested = new Map(
  [
    ...fs.readdirSync(__dirname).filter((file) => /^[cdehk]-.*\.test\.js$/.test(file)),
    ...OTHERS.flatMap((other) =>
      fs.readdirSync(path.join(__dirname, '..', other)).map((file) => `${other}/${file}`),
    ),
  ].map((file) => [file, idsIn(fs.readFileSync(pathOf(file), 'utf8'))]),
);

function pathOf(file) {
  return path.join(file.includes('/') ? path.dirname(__dirname) : __dirname, file);
}

/** A title begins with one id or more; that of a fault that is the same may stand before them. */
function idsIn(source) {
  const titles = source.matchAll(/(?<=['"`])(?:[A-Z]-\d\d,? )*[A-Z]-\d\d(?=['"` ])/g);
  const found = [...titles].flatMap(([title]) => title.match(/[ABCDEHKR]-\d\d/g) ?? []);
  return new Set(found);
}

test('every row of tables A to E, H, K and R is listed once, in order', () => {
  expect(listed.map(([id]) => id)).toEqual(ids);
});

test.each(listed)('%s is proven where the list says so: %s', (id, proof) => {
  const files = [...tested].filter(([, found]) => found.has(id)).map(([file]) => `\`${file}\``);
  if (REASON.test(proof)) expect(files).toEqual([]);
  else expect(files.join(', ')).toBe(proof);
});

test('no test names a row that there is not', () => {
  const known = new Set(ids);
  const unknown = [...tested.values()].flatMap((found) => [...found]).filter((id) => !known.has(id));
  expect(unknown).toEqual([]);
});
