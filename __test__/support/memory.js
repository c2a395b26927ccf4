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

const MIB = 1 << 20;
const ROUNDS = 6;

/**
 * Does the same work until a round of it leaves no more memory in use than the limits allow. What is kept for good, by V8, by the allocator
 * or by ourselves, is kept once; a leak grows in every round.
 *
 * @param {() => Promise<Record<string, number>>} round does the work; gives bytes in use afterwards, by kind
 * @param {Record<string, number>} before bytes in use before the first round
 * @param {Record<string, number>} limits MiB by which a round may grow, by kind
 * @returns {Promise<void>} rejects with what every round grew by, if none stayed within the limits
 */
async function levelsOff(round, before, limits) {
  const grown = [];
  for (let last = before; grown.length < ROUNDS;) {
    const now = await round();
    const growth = Object.fromEntries(
      Object.keys(limits).map((kind) => [kind, (now[kind] - last[kind]) / MIB]),
    );
    if (Object.entries(limits).every(([kind, limit]) => growth[kind] < limit)) return;
    grown.push(growth);
    last = now;
  }
  throw new Error(
    `MiB that each round grew by, more than ${JSON.stringify(limits)}: ${JSON.stringify(grown)}`,
  );
}

module.exports = { levelsOff, residentMemory, watchMemory };
