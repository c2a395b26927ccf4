'use strict';

/** Writes the tables of docs/compatibility.md anew: `node __test__/compat/write-document.js`. */

const fs = require('node:fs');
const { DOCUMENT, rowsOf, sectionOf } = require('./harness/document.js');
const { MIDDLEWARES, ORIGINALS } = require('./harness/originals.js');

const HEAD = '| difference | ours | why |\n| --- | --- | --- |\n';

let text = fs.readFileSync(DOCUMENT, 'utf8');
for (const original of [...ORIGINALS, ...MIDDLEWARES]) {
  const section = sectionOf(text, original);
  const before = section.slice(0, section.indexOf(HEAD));
  const rows = rowsOf(original).map((cells) => `| ${cells.join(' | ')} |\n`);
  text = text.replace(section, () => `${before}${HEAD}${rows.join('')}\n`);
}
fs.writeFileSync(DOCUMENT, `${text.trimEnd()}\n`);
