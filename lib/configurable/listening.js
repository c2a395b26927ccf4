'use strict';

/** Servers that are to listen, of Node's or the engine's: they say by events whether they do. */

const fs = require('node:fs');
const net = require('node:net');
const { once } = require('node:events');

/**
 * @typedef {{ path?: string, port?: number, host?: string }} Place a Unix socket, or a port at an address; the empty one is all of them
 */

/**
 * Listens. The file of a Unix socket that nobody listens at any more, left behind by a process that was killed, is taken over.
 *
 * @template {import('node:events').EventEmitter} T
 * @param {Place} place
 * @param {() => T} start makes a server that is about to listen there
 * @returns {Promise<T>}
 */
async function listening(place, start) {
  try {
    return await started(start());
  } catch (error) {
    if (!(await isLeftBehind(place, error))) throw error;
    fs.unlinkSync(place.path);
    return started(start());
  }
}

async function started(server) {
  await once(server, 'listening');
  return server;
}

async function isLeftBehind({ path }, { code }) {
  if (path === undefined || code !== 'EADDRINUSE') return false;
  const socket = net.connect(path);
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    return error.code === 'ECONNREFUSED';
  } finally {
    socket.destroy();
  }
}

/** What Node's servers take for a place. */
function listenOptions({ path, port, host }) {
  return path === undefined ? { port, host: host || undefined } : { path };
}

/** Where a server listens, as it stands in a URL. */
function shownPlace(address) {
  if (typeof address === 'string') return `unix:${address}`;
  const { address: ip, family, port } = address;
  return `${family === 'IPv6' ? `[${ip}]` : ip}:${port}`;
}

module.exports = { listenOptions, listening, shownPlace };
