'use strict';

/** httpxy's `proxyUpgrade`: one upgrade, sent to an address, without a proxy object. */

const { ProxyServer } = require('../proxy-server/proxy-server.js');
const { hasToken } = require('../proxy-server/hop-by-hop.js');
const { authority, parseAddress } = require('./address.js');

/**
 * @param {string | import('../../index.js').ProxyAddr} addr where the connection goes
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:stream').Duplex} socket
 * @param {Buffer} [head]
 * @param {import('../../index.js').ProxyUpgradeOptions} [options]
 * @returns {Promise<import('node:net').Socket>} the target's end, once it has switched protocols
 */
function proxyUpgrade(addr, req, socket, head, options = {}) {
  // As in httpxy, a wrong address is thrown, and everything else rejects.
  const address = parseAddress(addr);
  if (req.method !== 'GET' || !hasToken(req.headers.upgrade, 'websocket')) {
    socket.destroy();
    return Promise.reject(new Error('Not a valid WebSocket upgrade request'));
  }
  return new Promise((resolve, reject) => {
    const target = targetOf(address);
    const proxy = new ProxyServer({ ...options, xfwd: options.xfwd !== false, target });
    proxy.once('open', resolve);
    proxy.once('proxyReqWs', (proxyReq) => {
      proxyReq.once('response', () => reject(new Error('Upstream server did not upgrade the connection')));
    });
    proxy.once('error', reject);
    // A client that leaves before there is an answer is nobody's failure but the caller's.
    const gone = () => reject(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
    proxy.ws(req, socket, head, {}).then(gone);
  });
}

function targetOf(address) {
  const { base, isSecure, socketPath } = address;
  const url = new URL(`${isSecure ? 'https' : 'http'}://${authority(address)}${base}`);
  return socketPath ? Object.assign(url, { socketPath }) : url;
}

module.exports = { proxyUpgrade };
