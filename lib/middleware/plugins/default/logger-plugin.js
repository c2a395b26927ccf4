'use strict';

const { getLogger } = require('../../logger.js');

const ERROR = '[HPM] Error occurred while proxying request %s to %s [%s] (%s)';
const REFERENCE = 'https://nodejs.org/api/errors.html#errors_common_system_errors';

/**
 * Tells the option `logger` of what happens.
 *
 * @param {import('node:events').EventEmitter} proxyServer
 * @param {import('../../../../index.js').Options} options
 */
function loggerPlugin(proxyServer, options) {
  // A listener costs every request the objects that it is shown.
  if (!options.logger) return;
  const logger = getLogger(options);
  proxyServer.on('error', (error, req, res, target) => logError(logger, error, req, target));
  proxyServer.on('proxyRes', (proxyRes, req) => {
    try {
      const url = req.originalUrl ?? `${req.baseUrl || ''}${req.url}`;
      logger.info(`[HPM] ${req.method} ${url} -> ${targetUrl(proxyRes)} [${proxyRes.statusCode}]`);
    } catch (error) {
      // eslint-disable-next-line no-console -- As the original does.
      console.error('[HPM] Unexpected error while creating target URL', error);
    }
  });
  proxyServer.on('open', (socket) => logger.info('[HPM] Client connected: %o', socket.address()));
  proxyServer.on('close', (proxyRes, socket) => {
    logger.info('[HPM] Client disconnected: %o', socket.address());
  });
}

/** The line that users search their logs for. */
function logError(logger, error, req, target) {
  const request = `${req?.headers?.host}${req?.url}`;
  logger.error(ERROR, request, `${target?.href}`, error?.code || error, REFERENCE);
}

/** Where the request went, as a URL. */
function targetUrl({ req: { protocol, host, path, agent } }) {
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const url = new URL(`${protocol}//${name}`);
  // An agent's sockets are named host:port:…, and the host may be an IPv6 address.
  const [socket = ''] = Object.keys(agent?.sockets ?? {});
  url.port = /^(?:\[[^\]]*\]|[^:]*):(\d+)/.exec(socket)?.[1] ?? '';
  const query = path.indexOf('?');
  url.pathname = query < 0 ? path : path.slice(0, query);
  if (query >= 0) url.search = path.slice(query);
  return url.href;
}

module.exports = { logError, loggerPlugin };
