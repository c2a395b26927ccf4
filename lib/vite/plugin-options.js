'use strict';

const { isRegExp } = require('node:util').types;
const { optionError } = require('../proxy-server/options.js');

const isPattern = (value) => typeof value === 'string' || isRegExp(value);
const isPatterns = (value) => isPattern(value) || (Array.isArray(value) && value.every(isPattern));
const PATTERNS = { is: isPatterns, want: 'the context of a rule, a regular expression, or an array of them' };

const OPTIONS = {
  include: PATTERNS,
  exclude: PATTERNS,
  preview: { is: (value) => typeof value === 'boolean', want: 'true or false' },
  onUnavailable: {
    is: (value) => value === 'original' || value === 'throw',
    want: "'original' or 'throw'",
  },
};

/**
 * @param {import('./index.js').RsProxyOptions} options
 * @throws {TypeError} that names the option that is wrong
 */
function checkPluginOptions(options) {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(OPTIONS, name)) {
      throw optionError(
        name,
        `rsProxy has no option ${name}; it has ${Object.keys(OPTIONS).join(', ')}. The options of a rule stand in server.proxy`,
      );
    }
    if (value === undefined || OPTIONS[name].is(value)) continue;
    throw optionError(name, `The option ${name} of rsProxy must be ${OPTIONS[name].want}`);
  }
}

/** Whether the rule with this context is to run on the engine. */
function isChosen(context, { include, exclude }) {
  return (include === undefined || isNamed(context, include)) && !isNamed(context, exclude ?? []);
}

function isNamed(context, patterns) {
  return [patterns]
    .flat()
    .some((pattern) => (typeof pattern === 'string' ? pattern === context : context.search(pattern) >= 0));
}

module.exports = { checkPluginOptions, isChosen };
