'use strict';

/** What the documents point at is there, and what is there stands in them. */

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

const read = (name) => fs.readFileSync(path.join(ROOT, name), 'utf8');
const README = read('README.md');

/** Files of the code, without those that are generated. */
const sources = ['lib', 'src']
  .flatMap((folder) =>
    fs.readdirSync(path.join(ROOT, folder), { recursive: true }).map((name) => path.join(folder, name)),
  )
  .filter((name) => /\.(?:js|rs)$/.test(name) && !name.startsWith(path.join('lib', 'native')));

/** What is written as code, as words. */
const words = new Set(README.match(/`[^`\n]+`/g).flatMap((code) => code.match(/\w+/g)));

test("the README has each of our errors' codes", () => {
  const codes = new Set(sources.flatMap((name) => read(name).match(/\bERR_PROXY_[A-Z_]+/g) ?? []));
  expect(codes.size).toBeGreaterThan(20);
  expect([...codes].filter((code) => !words.has(code))).toEqual([]);
});

test.each(['server-options.d.ts', 'door.d.ts'])('the README has each option of lib/types/%s', (file) => {
  const options = [...read(path.join('lib', 'types', file)).matchAll(/^ {2}(\w+)\?:/gm)];
  expect(options.length).toBeGreaterThan(20);
  expect(options.map(([, name]) => name).filter((name) => !words.has(name))).toEqual([]);
});
