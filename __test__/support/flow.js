'use strict';

/** Bodies of any size, written and read as fast or as slowly as a test needs. */

const MIB = 1 << 20;
const piece = Buffer.alloc(0x10000, 'x');

/** Writes so many bytes, as fast as they are taken, then calls `done`. */
function pour(writable, bytes, done = () => {}) {
  let left = bytes;
  const go = () => {
    while (left > 0 && !writable.destroyed) {
      const part = left < piece.length ? piece.subarray(0, left) : piece;
      left -= part.length;
      if (!writable.write(part) && left > 0) return;
    }
    writable.off('drain', go);
    done();
  };
  writable.on('drain', go);
  go();
}

/** Counts what comes; stands still for a moment after every few MiB, and at first for longer. */
function sip(readable, onBytes) {
  let sinceRest = 0;
  let hasRested = false;
  readable.on('data', (chunk) => {
    onBytes(chunk.length);
    sinceRest += chunk.length;
    if (sinceRest < 4 * MIB) return;
    sinceRest = 0;
    readable.pause();
    setTimeout(() => readable.resume(), hasRested ? 5 : 500);
    hasRested = true;
  });
}

module.exports = { pour, sip };
