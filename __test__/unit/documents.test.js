'use strict';

/** What the documents point at is there. */

const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..', '..');
const LINK = /\]\((?!https?:|#)([^)#\s]+)/g;

const documents = ['', 'bench', 'docs', 'examples']
  .flatMap((folder) =>
    fs
      .readdirSync(path.join(ROOT, folder), { recursive: folder !== '' })
      .map((name) => path.join(folder, name)),
  )
  .filter((name) => name.endsWith('.md'));

test.each(documents)('%s has no link that leads nowhere', (name) => {
  const file = path.join(ROOT, name);
  const links = [...fs.readFileSync(file, 'utf8').matchAll(LINK)].map(([, link]) => link);
  const dead = links.filter((link) => !fs.existsSync(path.resolve(path.dirname(file), link)));
  expect(dead).toEqual([]);
});
