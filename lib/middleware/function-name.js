'use strict';

/** A function's name for people. */
function functionName(fn) {
  return fn.name || '[anonymous Function]';
}

module.exports = { functionName };
