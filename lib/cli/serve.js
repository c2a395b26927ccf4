'use strict';

/** The stand-alone proxy: a native door that says where it listens, and ends cleanly on the first signal. */

const { once } = require('node:events');
const { createProxyServer } = require('../proxy-server/proxy-server.js');
const { banner } = require('./banner.js');
const { startDemo } = require('./demo.js');

/** @param {import('./settings.js').Settings} settings */
async function serve(settings) {
  const { port, host, tls, changeOrigin, xfwd, routes } = settings;
  const isDemo = settings.target === undefined && routes.length === 0;
  const demo = isDemo ? await startDemo() : undefined;
  const target = settings.target ?? demo?.url;
  try {
    const proxy = createProxyServer({ target, changeOrigin, xfwd, ...(tls && { ssl: tls }) });
    proxy.listen(port, { host, ...doorSettings(settings) });
    const door = proxy._server;
    await once(door, 'listening');
    const facts = {
      proxy: url(tls ? 'https' : 'http', door.address()),
      target,
      isDemo,
      routes,
      workers: settings.workers,
      metrics: settings.metricsPort === undefined ? undefined : url('http', door.metricsAddress()),
      log: settings.logFile,
    };
    // First: whoever has read where it listens may send a signal.
    endOnSignal(proxy, demo?.server);
    process.stdout.write(banner(process.stdout, facts));
  } catch (error) {
    demo?.server.close();
    throw listenProblem(error, settings);
  }
}

function doorSettings({
  routes,
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

/** The first signal lets what is under way come to its end; the second one ends the process. */
function endOnSignal(proxy, demo) {
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
  proxy._server.once('close', () => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, onSignal);
  });
}

module.exports = { serve };
