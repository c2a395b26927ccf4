'use strict';

/** What `listen(port, { … })` takes for those who look on: the access log, and the listener for `/metrics` and `/healthz`. */

const net = require('node:net');

const FORMATS = ['short', 'common', 'combined', 'json'];
/** Figures are for those on the machine, unless somebody says more. */
const LOOPBACK = '127.0.0.1';

const isTable = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The options, and what may stand in them. */
const OBSERVATION = {
  accessLog: {
    is: (value) => typeof value === 'boolean' || FORMATS.includes(value) || isLog(value),
    want: `true, false, one of ${FORMATS.join(', ')}, or { format, path }`,
  },
  metrics: {
    is: (value) => value === false || isMonitor(value),
    want: 'false, or { port, host }, whose host is an IP address',
  },
};

function isLog(value) {
  if (!isTable(value)) return false;
  const { format = 'short', path, ...others } = value;
  const isPath = path === undefined || (typeof path === 'string' && path !== '');
  return FORMATS.includes(format) && isPath && Object.keys(others).length === 0;
}

function isMonitor(value) {
  if (!isTable(value)) return false;
  const { port, host = LOOPBACK, ...others } = value;
  const isPort = Number.isInteger(port) && port >= 0 && port <= 65_535;
  return isPort && net.isIP(host) !== 0 && Object.keys(others).length === 0;
}

/** As the engine wants them; see `NativeDoorSettings` in src/binding/door.rs. */
function observationSettings({ accessLog, metrics }) {
  return {
    ...logSettings(accessLog),
    monitorAddress: metrics ? (metrics.host ?? LOOPBACK) : undefined,
    monitorPort: metrics ? metrics.port : 0,
  };
}

function logSettings(given) {
  if (!given) return { accessLogColoured: false };
  const { format = 'short', path } = isTable(given) ? given : { format: given === true ? 'short' : given };
  // Where a person reads it.
  const accessLogColoured = path === undefined && process.stdout.hasColors?.() === true;
  return { accessLog: format, accessLogPath: path, accessLogColoured };
}

module.exports = { OBSERVATION, observationSettings };
