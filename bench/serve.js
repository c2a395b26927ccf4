'use strict';

/**
 * The shell of every contestant that is a Node program: reads PORT, TARGET and what its scenario asks for from the environment,
 * listens, and tells its CPU time to whoever started it.
 */

const http = require('node:http');

const PORT = Number(process.env.PORT);
/** As many clients as a scenario has come at once. */
const BACKLOG = 4096;

/** @type {{ target: string, hooks: '' | 'request' | 'both', interceptor: boolean, over: '' | 'tls' | 'h2', front: '' | 'tls' | 'h2' }} */
const settings = {
  target: process.env.TARGET,
  hooks: process.env.HOOKS,
  interceptor: process.env.INTERCEPTOR === '1',
  over: process.env.OVER,
  front: process.env.FRONT,
};

/** Serves the handler that `makeHandler(settings)` returns, or resolves to. */
async function serve(makeHandler) {
  const handler = await makeHandler(settings);
  http.createServer(handler).listen(PORT, '127.0.0.1', BACKLOG);
  answerCpuReadings();
}

/** Where there is no /proc, the parent asks over IPC; without a parent the process ends by itself. */
function answerCpuReadings() {
  process.on('message', () => process.send(process.cpuUsage()));
  process.on('disconnect', () => process.exit());
}

/** The answer of a proxy whose upstream failed; for the packages that leave it to their user. */
function badGateway(error, req, res) {
  if (!res.headersSent) res.writeHead?.(502);
  res.end?.(error.message);
}

module.exports = { PORT, BACKLOG, settings, serve, answerCpuReadings, badGateway };
