'use strict';

const fs = require('node:fs');

/** The resident memory of a process, in bytes, as the system counts it. */
function residentMemory(pid) {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

/**
 * Watches a process's memory.
 *
 * @param {number} pid
 * @returns {{ stop(): { least: number, most: number, last: number } }}
 */
function watchMemory(pid) {
  const seen = { least: Infinity, most: 0, last: 0 };
  const look = () => {
    const now = residentMemory(pid);
    seen.least = Math.min(seen.least, now);
    seen.most = Math.max(seen.most, now);
    seen.last = now;
  };
  look();
  const timer = setInterval(look, 20);
  return {
    stop() {
      clearInterval(timer);
      look();
      return seen;
    },
  };
}

module.exports = { residentMemory, watchMemory };
