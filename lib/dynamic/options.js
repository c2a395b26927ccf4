'use strict';

const net = require('node:net');
const { optionError } = require('../proxy-server/options.js');

const isBoolean = (value) => typeof value === 'boolean';
const isCount = (value) => Number.isSafeInteger(value) && value >= 1;
const isTextList = (value) => Array.isArray(value) && value.every((one) => typeof one === 'string' && one);
const BOOLEAN = { is: isBoolean, want: 'true or false' };
const COUNT = { is: isCount, want: 'a whole number from 1 on' };

const OPTIONS = {
  allowHosts: { is: isTextList, want: 'a list of host names', usual: [] },
  allowTargets: { is: isTextList, want: 'a list of hosts, each with or without a port', usual: [] },
  bodyTimeout: { is: isCount, want: 'a number of milliseconds', usual: 5000 },
  legacy: { ...BOOLEAN, usual: false },
  match: {
    is: (value) => value === 'string' || value === 'segment',
    want: "'string' or 'segment'",
    usual: 'string',
  },
  maxBodySize: { ...COUNT, usual: 64 * 1024 },
  maxRoutes: { ...COUNT, usual: 100_000 },
  servedBy: { ...BOOLEAN, usual: true },
};

/**
 * The options with their defaults.
 *
 * @param {Record<string, unknown>} [options]
 * @returns {Required<import('./index.js').DynamicProxyOptions>}
 * @throws {TypeError} that names the option that is wrong
 */
function dynamicOptions(options = {}) {
  const settings = Object.fromEntries(Object.entries(OPTIONS).map(([name, { usual }]) => [name, usual]));
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(OPTIONS, name)) throw optionError(name, `The option ${name} is not known`);
    const { is, want } = OPTIONS[name];
    if (!is(value)) throw optionError(name, `The option ${name} must be ${want}`);
    settings[name] = value;
  }
  return settings;
}

/**
 * Whether a list of hosts, or of hosts with ports, names this one.
 *
 * @param {string[]} list
 * @param {string} host
 * @param {number} port
 */
function isListed(list, host, port) {
  const name = net.isIPv6(host) ? `[${host}]` : host.toLowerCase();
  return list.some((entry) => {
    const own = entry.toLowerCase();
    return own === name || own === host.toLowerCase() || own === `${name}:${port}`;
  });
}

module.exports = { dynamicOptions, isListed };
