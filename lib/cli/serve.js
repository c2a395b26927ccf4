'use strict';

/** The stand-alone proxy: a native door that says where it listens, and ends cleanly on the first signal. */

const { once } = require('node:events');
const { createProxyServer } = require('../proxy-server/proxy-server.js');
const { banner } = require('./banner.js');
const { startDemo } = require('./demo.js');
const { doorSettings, endOnSignal, listenProblem, url } = require('./door.js');

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
    endOnSignal(proxy, door, demo?.server);
    process.stdout.write(banner(process.stdout, facts));
  } catch (error) {
    demo?.server.close();
    throw listenProblem(error, settings);
  }
}

module.exports = { serve };
