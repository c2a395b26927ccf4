'use strict';

/** Checks a value against a JSON schema, as far as proxy.schema.json needs it: the file that editors read is the one that is checked by. */

const util = require('node:util');
const { regularExpressionProblem } = require('./values.js');

const TYPES = {
  array: Array.isArray,
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isInteger,
  number: Number.isFinite,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  string: (value) => typeof value === 'string',
};

/**
 * What is wrong with a value; the first thing that is.
 *
 * @param {unknown} value
 * @param {object} schema
 * @param {string} [path] of the value, such as `routes[0].target`
 * @returns {string | undefined}
 */
function problemOf(value, schema, path = '') {
  if (!isAsDescribed(value, schema))
    return `${path || 'it'} must be ${schema.description ?? 'an object'}; it is ${util.inspect(value, { depth: 0 })}`;
  if (TYPES.array(value))
    return firstOf(value, (item, at) => problemOf(item, schema.items, `${path}[${at}]`));
  if (TYPES.object(value)) return problemOfKeys(value, schema, path);
  return undefined;
}

function isAsDescribed(value, { type, enum: values, minimum, maximum, minLength, pattern }) {
  if (values !== undefined) return values.includes(value);
  if (![type].flat().some((name) => TYPES[name](value))) return false;
  if (value < minimum || value > maximum || value.length < minLength) return false;
  return pattern === undefined || new RegExp(pattern).test(value);
}

function problemOfKeys(table, { properties = {}, additionalProperties, propertyNames, required = [] }, path) {
  const inside = (name) => (path === '' ? name : `${path}.${name}`);
  const missing = required.find((name) => table[name] === undefined);
  if (missing !== undefined) return `${inside(missing)} is missing: ${properties[missing].description}`;
  return firstOf(Object.entries(table), ([name, value]) => {
    const schema = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
    if (!schema) {
      const known = Object.keys(properties).filter((other) => !other.startsWith('$'));
      return `${inside(name)} is not known; there are ${known.join(', ')}`;
    }
    const problem = propertyNames?.format === 'regex' && regularExpressionProblem(name);
    return problem ? `${inside(name)}: ${problem}` : problemOf(value, schema, inside(name));
  });
}

function firstOf(items, problem) {
  for (const [at, item] of items.entries()) {
    const found = problem(item, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

module.exports = { problemOf };
