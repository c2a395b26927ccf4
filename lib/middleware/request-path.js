'use strict';

const { parse } = require('node:url');

const PLAIN = /^\/(?!\/)[^?#\s{}|\\^`<>"']*(?=[?#]|$)/;

function pathOf(url) {
  const plain = PLAIN.exec(url);
  if (plain !== null) return plain[0];
  return url && parse(url).pathname;
}

module.exports = { pathOf };
