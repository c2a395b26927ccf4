'use strict';

/** What all doors of the program have in common: settings, an address to show, errors that say what to do, an end by a signal. */

function doorSettings({
  routes = [],
  log,
  logFile,
  workers,
  metricsPort,
  metricsHost,
  grace,
  trustProxy,
  limits,
}) {
  return {
    ...(routes.length > 0 && { routes }),
    accessLog: log === 'off' ? false : { format: log, path: logFile },
    threads: workers,
    metrics: metricsPort === undefined ? false : { port: metricsPort, host: metricsHost },
    grace,
    trustProxy,
    ...limits,
  };
}

function url(protocol, { address, family, port }) {
  return `${protocol}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** The error with what to do about it. */
function listenProblem(error, { port, host, metricsPort }) {
  const isMetrics = metricsPort > 0 && error.port === metricsPort && metricsPort !== port;
  const [where, flag] = isMetrics
    ? [`port ${metricsPort}`, '--metrics-port']
    : [`port ${port} on ${host}`, '--port'];
  const said = {
    EACCES: `${where} is not allowed for this user; choose one above 1023 with ${flag}`,
    EADDRINUSE: `${where} is in use; choose another with ${flag}`,
    EADDRNOTAVAIL: `${host} is no address of this machine; choose another with --host`,
    ENOTFOUND: `${host} is no name that can be resolved; choose another with --host`,
  }[error.syscall === 'open' ? '' : error.code];
  return said === undefined ? error : new Error(said, { cause: error });
}

/**
 * The first signal lets what is under way come to its end; the second one ends the process.
 *
 * @param {{ close(onClosed: () => void): void }} proxy
 * @param {import('node:events').EventEmitter} door
 * @param {import('node:http').Server} [demo]
 */
function endOnSignal(proxy, door, demo) {
  let isEnding = false;
  const onSignal = (signal, number) => {
    if (isEnding) process.exit(128 + number);
    isEnding = true;
    proxy.close(() => {
      demo?.close();
      demo?.closeAllConnections();
    });
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, onSignal);
  // Then nothing is left that would keep the process.
  door.once('close', () => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, onSignal);
  });
}

module.exports = { doorSettings, endOnSignal, listenProblem, url };
