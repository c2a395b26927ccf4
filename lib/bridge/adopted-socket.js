'use strict';

/**
 * Node's side of a socket whose bytes the engine moves: it reads nothing, and is there to be destroyed, to be asked for its addresses, and
 * to tell of the end.
 */

/** Sockets that do not read do not keep the process alive, but those of a tunnel should. */
const adopted = new Set();
let timer;

const LONGEST_TIMER = 2 ** 31 - 1;

class AdoptedSocket {
  #socket;
  #onWanted;

  /**
   * @param {import('node:net').Socket} socket
   * @param {() => void} onWanted is called when somebody wants to read it
   */
  constructor(socket, onWanted) {
    this.#socket = socket;
    this.#onWanted = onWanted;
    const handle = socket._handle;
    handle.reading = false;
    handle.readStop();
    socket.on('newListener', this.#onNewListener);
    // Whoever makes it flow without a listener would throw away what the engine is to read.
    socket._read = onWanted;
    adopted.add(socket);
    timer ??= setInterval(() => {}, LONGEST_TIMER);
  }

  #onNewListener = (event) => {
    if (event === 'data' || event === 'readable') this.#onWanted();
  };

  #letGo() {
    const socket = this.#socket;
    socket.removeListener('newListener', this.#onNewListener);
    delete socket._read;
    adopted.delete(socket);
    if (adopted.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  /** The engine has given it back: Node reads it again. */
  takeBack() {
    this.#letGo();
    const handle = this.#socket._handle;
    if (!handle) return;
    handle.reading = true;
    handle.readStart();
  }

  /** The engine has read it to its end. */
  ended() {
    this.#letGo();
    const socket = this.#socket;
    if (socket.destroyed) return;
    socket.push(null);
    // Says so to those who wait for its end, although nobody reads it.
    socket.read(0);
    socket.destroySoon();
  }

  /** It is destroyed by somebody. */
  abandon() {
    this.#letGo();
  }
}

module.exports = { AdoptedSocket };
