'use strict';

/**
 * Node's side of a socket whose bytes the engine moves: it reads nothing, and is there to be destroyed, to be asked for its addresses, and
 * to tell of the end.
 */

/**
 * The sockets, and who is to know when somebody wants to read one. Those that do not read do not keep the process alive; a tunnel should.
 *
 * @type {Map<import('node:net').Socket, { wanted(): void }>}
 */
const adopted = new Map();
let timer;

const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Stops Node from reading a socket that the engine is to read.
 *
 * @param {import('node:net').Socket} socket
 * @param {{ wanted(): void }} tunnel is told when somebody wants to read it
 */
function adopt(socket, tunnel) {
  const handle = socket._handle;
  handle.reading = false;
  handle.readStop();
  adopted.set(socket, tunnel);
  socket.on('newListener', onNewListener);
  // Whoever makes it flow without a listener would throw away what the engine is to read.
  socket._read = onWanted;
  timer ??= setInterval(() => {}, LONGEST_TIMER);
}

// Functions of all sockets, by which each is `this`: there may be very many.

function onNewListener(event) {
  if (event === 'data' || event === 'readable') adopted.get(this)?.wanted();
}

function onWanted() {
  adopted.get(this)?.wanted();
}

/** The engine no longer reads it: it has given it back, or it is destroyed by somebody. */
function letGo(socket) {
  if (!adopted.delete(socket)) return;
  socket.removeListener('newListener', onNewListener);
  delete socket._read;
  if (adopted.size > 0) return;
  clearInterval(timer);
  timer = undefined;
}

/** Node reads it again. */
function takeBack(socket) {
  letGo(socket);
  const handle = socket._handle;
  if (!handle) return;
  handle.reading = true;
  handle.readStart();
}

/** The engine has read it to its end. */
function endAdopted(socket) {
  letGo(socket);
  if (socket.destroyed) return;
  socket.push(null);
  // Says so to those who wait for its end, although nobody reads it.
  socket.read(0);
  socket.destroySoon();
}

module.exports = { adopt, endAdopted, letGo, takeBack };
