'use strict';

const util = require('node:util');

/** Coloured where a person reads it, and wants it: `hasColors` looks at the terminal, at NO_COLOR and at FORCE_COLOR. */
function paint(stream, style, text) {
  return stream.hasColors?.() ? util.styleText(style, text) : text;
}

module.exports = { paint };
