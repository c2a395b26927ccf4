'use strict';

/** That docs/reliability-rows.md lists every fault, and says the truth about its tests: behind a server of Node's, and at the native door. */

const fs = require('node:fs');
const path = require('node:path');

const TESTS = path.join(__dirname, '..');
const DOCUMENT = path.join(TESTS, '..', 'docs', 'reliability-rows.md');
const RANGES = [
  [1, 11],
  [20, 34],
  [40, 46],
  [50, 57],
  [60, 83],
];
const REASON = /^does not apply: \w/;

const ids = RANGES.flatMap(([first, last]) =>
  Array.from({ length: last - first + 1 }, (_, i) => `F-${`${first + i}`.padStart(2, '0')}`),
);

/** `[id, files behind Node's servers, files at the door]` of each fault; a reason in the place of files. */
const listed = fs
  .readFileSync(DOCUMENT, 'utf8')
  .split('\n')
  .map((line) => /^\| (F-\d\d) +\| .* \| (.+?) +\| (.+?) +\|$/.exec(line))
  .filter((match) => match !== null)
  .map(([, id, nodes, doors]) => [id, nodes, doors]);

/** The files of a folder, and the faults with which titles of theirs begin; some run the tests of another file in a way of their own. */
function testsIn(folder) {
  const files = fs.readdirSync(path.join(TESTS, folder)).filter((file) => file.endsWith('.test.js'));
  return files.map((file) => {
    const source = fs.readFileSync(path.join(TESTS, folder, file), 'utf8');
    const others = [...source.matchAll(/^require\('\.\.\/(reliability\/[\w-]+\.test\.js)'\);$/gm)];
    const sources = [source, ...others.map(([, other]) => fs.readFileSync(path.join(TESTS, other), 'utf8'))];
    const found = sources.flatMap((one) => [...one.matchAll(/['"`](F-\d\d)\b/g)].map(([, id]) => id));
    return [folder === 'reliability' ? file : `${folder}/${file}`, new Set(found)];
  });
}

const behindNode = [...testsIn('reliability'), ...testsIn('lifecycle')];
const atDoor = testsIn('door');

/** Each file that is named has such a test. There may be more of them than are worth naming. */
function expectTrue(id, proof, tests) {
  const files = tests.filter(([, found]) => found.has(id)).map(([file]) => `\`${file}\``);
  if (REASON.test(proof)) expect(files).toEqual([]);
  else expect(files).toEqual(expect.arrayContaining(proof.split(', ')));
}

test('every fault is listed once, in order', () => {
  expect(listed.map(([id]) => id)).toEqual(ids);
});

test.each(listed)('%s is tried where the list says so: %s; %s', (id, nodes, doors) => {
  expectTrue(id, nodes, behindNode);
  expectTrue(id, doors, atDoor);
});
