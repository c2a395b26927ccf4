'use strict';

/** Whether a value is a table: neither an array nor of a class. Tables of other realms are tables, too. */
function isPlainObject(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

module.exports = { isPlainObject };
