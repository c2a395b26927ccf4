'use strict';

const dgram = require('node:dgram');
const { once } = require('node:events');
const net = require('node:net');

/**
 * Listens at a free port that is the same for all workers of a cluster: as with the servers of Node, the first that each of them asks for is
 * one, the second another. Node's clusters give their workers sockets of TCP only together with a listener of the primary's; but there are as
 * many ports of UDP, and they are shared without. Whoever holds the socket of such a port holds its number.
 *
 * @template T
 * @param {string} address
 * @param {(port: number) => T} listen may throw EADDRINUSE
 * @returns {Promise<{ opened: T, release: () => void }>} `release` gives the number back
 */
async function listenTogether(address, listen) {
  const sockets = new Set();
  const release = () => {
    for (const socket of sockets) socket.close();
  };
  try {
    for (;;) {
      const socket = dgram.createSocket(net.isIPv6(address) ? 'udp6' : 'udp4');
      sockets.add(socket);
      // A worker that is disconnected closes its sockets itself.
      socket.once('close', () => sockets.delete(socket));
      // It keeps no process: who listens does.
      socket.bind({ port: 0, address, exclusive: false }).unref();
      await once(socket, 'listening');
      try {
        return { opened: listen(socket.address().port), release };
      } catch (error) {
        // Somebody else has that port of TCP. The other workers find so as well, and try the next.
        if (error.code !== 'EADDRINUSE' || sockets.size === MOST_TRIES) throw error;
      }
    }
  } catch (error) {
    release();
    throw error;
  }
}

const MOST_TRIES = 8;

module.exports = { listenTogether };
