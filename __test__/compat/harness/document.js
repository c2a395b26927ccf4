'use strict';

/** The tables of docs/compatibility.md, made from the tables of differences. */

const path = require('node:path');
const DIFFERENCES = [...require('../differences.js'), ...require('../middleware/differences.js')];

const DOCUMENT = path.join(__dirname, '..', '..', '..', 'docs', 'compatibility.md');

/** The names of the rules that the document explains. */
const RULES = [
  'safe',
  'one-class',
  'versions',
  'paths',
  'framing',
  'unheard',
  'one-request',
  'pool',
  'codes',
  'said',
];

/** The numbers of the conflicts that the document tells of. */
const CONFLICTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/** `[id, what, why]` of each difference from an original. */
function rowsOf(original) {
  return DIFFERENCES.filter(({ originals }) => originals.includes(original)).map((entry) => [
    `\`${entry.id}\``,
    entry.what,
    `${entry.reason} (${reference(entry)})`,
  ]);
}

const reference = ({ rule, conflict }) => (conflict ? `\`${rule}\`, conflict ${conflict}` : `\`${rule}\``);

/** The same from a section of the document. */
function rowsIn(section) {
  return [...section.matchAll(/^\| (`[a-z0-9-]+`) \| (.*) \| (.*) \|$/gm)].map(([, ...cells]) => cells);
}

/** The section about an original. */
function sectionOf(text, original) {
  const section = text.split(/^(?=## )/m).find((one) => one.startsWith(`## ${original}\n`));
  if (section === undefined) throw new Error(`There is no section about ${original}`);
  return section;
}

module.exports = { CONFLICTS, DIFFERENCES, DOCUMENT, RULES, rowsIn, rowsOf, sectionOf };
