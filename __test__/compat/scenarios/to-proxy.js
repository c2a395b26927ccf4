'use strict';

/** `toProxy`: the request target goes on as it is. */

const { ask } = require('../harness/texts.js');

const through = (name, path, base = '', more = {}) => ({
  name,
  options: ({ target }) => ({ target: `${target}${base}`, toProxy: true, ...more }),
  request: ask(path),
});

module.exports = [
  through('the absolute form', 'http://other.test/x?y'),
  through('the absolute form of https', 'https://other.test/x?y'),
  through('the absolute form behind a base', 'http://other.test/x', '/base'),
  through('the origin form', '/x?y'),
  through('the origin form behind a base', '/x?y', '/base'),
  through('several slashes', '/a//b'),
  through('the path ignored', '/x', '/base', { ignorePath: true }),
];
