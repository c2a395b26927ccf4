'use strict';

/** Every fault has a test whose title begins with its number, or a reason why not. */

const fs = require('node:fs');
const path = require('node:path');
const notApplicable = require('./faults-not-applicable.js');

const RANGES = [
  [1, 11],
  [20, 34],
  [40, 46],
  [50, 57],
  [60, 69],
  [70, 77],
  [79, 80],
  [82, 82],
];
const ids = RANGES.flatMap(([first, last]) =>
  Array.from({ length: last - first + 1 }, (_, i) => `F-${String(first + i).padStart(2, '0')}`),
);

/** The numbers that stand at the beginning of a string in a test file: titles, and the data that titles are made of. */
const tested = new Set(
  [__dirname, path.join(__dirname, '..', 'lifecycle'), path.join(__dirname, '..', 'door')]
    .flatMap((folder) => fs.readdirSync(folder).map((name) => path.join(folder, name)))
    .filter((file) => file.endsWith('.test.js') && file !== __filename)
    .flatMap((file) => [...fs.readFileSync(file, 'utf8').matchAll(/['"`](F-\d\d)\b/g)].map(([, id]) => id)),
);

test.each(ids)('%s is tested, or there is a reason why not', (id) => {
  expect(tested.has(id) || (notApplicable[id] ?? '').length > 20).toBe(true);
});

test('nothing that is tested is listed as not applicable', () => {
  expect(Object.keys(notApplicable).filter((id) => tested.has(id))).toEqual([]);
});
