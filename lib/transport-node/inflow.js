'use strict';

/**
 * Bytes that have come from a target and wait to be read. While there are more than a reader is given at once, their source rests: a slow
 * client slows the target, not the memory.
 */

/** As much waits before the source is paused. */
const WINDOW = 256 * 1024;

class Inflow {
  #chunks = [];
  #bytes = 0;
  #source;
  #onReadable;
  /** The reader was told, and has not been here since. */
  #isTold = false;

  /**
   * @param {{ pause(): unknown, resume(): unknown }} source
   * @param {() => void} onReadable
   */
  constructor(source, onReadable) {
    this.#source = source;
    this.#onReadable = onReadable;
  }

  /** How many bytes wait. */
  get waiting() {
    return this.#bytes;
  }

  get isFull() {
    return this.#bytes >= WINDOW;
  }

  /** @param {Uint8Array} chunk */
  push(chunk) {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.isFull) this.#source.pause();
    if (this.#isTold) return;
    this.#isTold = true;
    this.#onReadable();
  }

  /**
   * @param {Buffer} into
   * @returns {number} how many bytes were taken; 0 if there are none now
   */
  read(into) {
    this.#isTold = false;
    const wasFull = this.isFull;
    let at = 0;
    while (at < into.length && this.#chunks.length > 0) {
      const chunk = this.#chunks[0];
      const length = Math.min(chunk.length, into.length - at);
      into.set(chunk.subarray(0, length), at);
      at += length;
      if (length < chunk.length) this.#chunks[0] = chunk.subarray(length);
      else this.#chunks.shift();
    }
    this.#bytes -= at;
    if (wasFull && !this.isFull) this.#source.resume();
    return at;
  }
}

module.exports = { Inflow };
