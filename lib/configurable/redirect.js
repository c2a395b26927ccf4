'use strict';

/** Sends clients that speak HTTP to HTTPS (`--redirect-port`). */

const http = require('node:http');

const HTTPS_PORT = 443;
/** A name or an address, perhaps with a port. */
const HOST = /^((?:[\w.-]+)|\[[\d:a-f.]+\])(?::\d*)?$/i;

/**
 * @param {number | undefined} port where HTTPS is served; none, if that is a Unix socket
 * @returns {http.Server} that does not listen yet
 */
function redirectServer(port) {
  const where = port === HTTPS_PORT || port === undefined ? '' : `:${port}`;
  return http.createServer((req, res) => {
    const [, name] = HOST.exec(req.headers.host ?? '') ?? [];
    if (name === undefined) {
      const text = `This server is HTTPS-only${where && ` on port ${port}`}, but an HTTP request was made and the host could not be determined from the request.`;
      res.writeHead(400, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
      return;
    }
    // A URL may be asked for whole.
    const path = req.url.replace(/^[a-z][a-z+.-]*:\/\/[^/?]*/i, '') || '/';
    res.writeHead(301, { location: `https://${name}${where}${path}` }).end();
  });
}

module.exports = { redirectServer };
