'use strict';

const { getPort } = require('./common.js');

/**
 * Adds the `x-forwarded-*` fields to `req.headers`, behind what proxies before us have said: the same that the engine adds to the head that
 * it sends.
 *
 * @param {import('node:http').IncomingMessage} req
 * @param {string} proto
 */
function addForwarded(req, proto) {
  const { headers } = req;
  const { remoteAddress } = req.socket ?? req.connection ?? {};
  for (const [part, value] of Object.entries({ for: remoteAddress, port: getPort(req), proto })) {
    const name = `x-forwarded-${part}`;
    if (value !== undefined) headers[name] = headers[name] ? `${headers[name]},${value}` : value;
  }
  headers['x-forwarded-host'] ||= headers[':authority'] ?? headers.host ?? '';
}

module.exports = { addForwarded };
