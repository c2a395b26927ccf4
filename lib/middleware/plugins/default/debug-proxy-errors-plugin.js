'use strict';

const { styleText } = require('node:util');
const { Debug } = require('../../debug.js');

const debug = Debug.extend('debug-proxy-errors-plugin');

/**
 * Tells those who debug of every failure, and everybody of one that many meet. The proxy itself sees to it that failing sockets do no harm.
 *
 * @param {import('node:events').EventEmitter} proxyServer
 */
function debugProxyErrorsPlugin(proxyServer) {
  proxyServer.on('error', (error, req) => {
    debug('httpxy error event: \n%O', error);
    if (error?.code === 'ECONNRESET' && req?.method === 'POST' && req.body) explainParsedBody();
  });
  // A listener costs every request the objects that it is shown, or the way through JavaScript.
  if (debug.enabled) tellOfSockets(proxyServer);
}

function tellOfSockets(proxyServer) {
  const tell = (emitter, event) => {
    emitter.on('error', (error) => debug(`Socket error in ${event} event: \n%O`, error));
  };
  proxyServer.on('econnreset', (error) => debug('httpxy econnreset event: \n%O', error));
  proxyServer.on('proxyReq', (proxyReq, req, res) => tell(res, 'proxyReq'));
  proxyServer.on('proxyRes', (proxyRes, req, res) => {
    res.on('close', () => {
      if (!res.writableEnded) debug('Destroying proxyRes in proxyRes close event');
    });
  });
  proxyServer.on('proxyReqWs', (proxyReq, req, socket) => tell(socket, 'proxyReqWs'));
  proxyServer.on('open', (proxySocket) => tell(proxySocket, 'open'));
  proxyServer.on('close', (proxyRes, proxySocket) => tell(proxySocket, 'close'));
}

const PARSED_BODY = `[HPM] Connection reset (ECONNRESET) detected with non-empty "req.body" [ERR_HPM.GH40].

  The target has broken off a POST request whose body a parser in front of the proxy has read. The middleware sends what was parsed again;
  a proxy of another kind needs fixRequestBody() for it. A target that wants every byte as it came needs the proxy in front of the parser.

  See https://github.com/chimurai/http-proxy-middleware/issues/40
`;

function explainParsedBody() {
  // eslint-disable-next-line no-console -- Said without a logger, too: by itself such a reset gives no hint of its cause.
  console.error(styleText('red', PARSED_BODY));
}

module.exports = { debugProxyErrorsPlugin };
