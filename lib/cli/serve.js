'use strict';

/** The stand-alone proxy: a native door that says where it listens, and ends cleanly on the first signal. */

const { once } = require('node:events');
const { createProxyServer } = require('../proxy-server/proxy-server.js');
const { banner } = require('./banner.js');
const { startDemo } = require('./demo.js');
const { doorSettings, endOnSignal, listenProblem, url } = require('./door.js');
const { readTls } = require('./settings.js');

/** @param {import('./settings.js').Settings} settings */
async function serve(settings) {
  const { port, host, tls, changeOrigin, xfwd, routes } = settings;
  const isDemo = settings.target === undefined && routes.length === 0;
  const demo = isDemo ? await startDemo() : undefined;
  const target = settings.target ?? demo?.url;
  try {
    const proxy = createProxyServer({ target, changeOrigin, xfwd, ws: true, ...(tls && { ssl: tls }) });
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
    if (tls) rereadOnSignal(proxy, settings.tlsFiles);
    process.stdout.write(banner(process.stdout, facts));
  } catch (error) {
    demo?.server.close();
    throw listenProblem(error, settings);
  }
}

/** A new certificate, for the connections to come. One that cannot be used changes nothing. */
function rereadOnSignal(proxy, files) {
  process.on('SIGHUP', () => {
    try {
      proxy.setSecureContext(readTls(files));
      process.stderr.write(`The certificate was read again: ${files.cert}\n`);
    } catch (error) {
      process.stderr.write(`error: The certificate stays as it was: ${error.message}\n`);
    }
  });
}

module.exports = { serve };
