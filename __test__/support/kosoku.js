'use strict';

/** Autobahn's cases, run by kosoku against a WebSocket server that sends back what it gets. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { watched } = require('./child.js');
const { onCleanUp } = require('./peers.js');
const { echoServer } = require('./upgrades.js');

/** Frames, pings, fragments, UTF-8, closes. Those left out, of sizes and compression, take many minutes. */
const GROUPS = [1, 2, 3, 4, 5, 6, 7, 10];
const CASES = process.env.NIGHTLY ? ['*'] : GROUPS.map((group) => `${group}.*`);
/** Cases of those groups wait more than they work. The others work, for a quarter of an hour on two cores, and each has its time. */
const AT_ONCE = process.env.NIGHTLY ? 2 : 8;
const MOST_MILLISECONDS = process.env.NIGHTLY ? 3_600_000 : 120_000;
/** At least so many cases are in those groups. */
const LEAST_CASES = 247;

/** The largest message of all cases, and the one in the most pieces. */
const LIMITS = { maxPayload: 16 * 2 ** 20, maxFragments: 2 ** 17 };

/** Where scripts/kosoku.js puts it. */
const PROGRAM = path.join(__dirname, '..', '..', 'target', 'kosoku', 'bin', 'kosoku');

/** What Autobahn takes for a pass: strict, not strict, and what is only looked at. */
const PASSES = new Set(['OK', 'NON-STRICT', 'INFORMATIONAL']);

/** A server that passes all of them. */
async function caseTarget() {
  const echo = await echoServer({ ...LIMITS, perMessageDeflate: true });
  // Of what is sent to it on purpose.
  echo.server.on('connection', (socket) => socket.on('error', () => {}));
  return echo;
}

/**
 * Runs cases against a server.
 *
 * @param {string} url
 * @param {string[]} globs which cases: `1.*`
 * @returns {Promise<{ cases: string[], failed: Record<string, string> }>} their names, in kosoku's order, and what it says of failures
 */
async function runCases(url, globs) {
  if (!fs.existsSync(PROGRAM)) throw new Error('kosoku is not installed: node scripts/kosoku.js');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kosoku-'));
  onCleanUp(() => fs.rmSync(folder, { recursive: true, force: true }));
  const chosen = globs.flatMap((glob) => ['-i', glob]);
  const args = ['-m', 'fuzzingclient', '-p', `${AT_ONCE}`, '-o', folder, ...chosen, url];
  const child = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const { code, stderr } = await watched(child).ended;
  // A case that fails makes a status of its own, and is in the report.
  if (!fs.existsSync(path.join(folder, 'index.json')))
    throw new Error(`kosoku ended with status ${code}: ${stderr}`);
  const report = (file) => JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8'));
  const [results] = Object.values(report('index.json'));
  // It cannot make some of the offers of compression itself.
  const cases = Object.keys(results).filter((name) => results[name].behavior !== 'ERROR');
  const failed = {};
  for (const name of cases) {
    const { behavior, reportfile } = results[name];
    if (!PASSES.has(behavior)) failed[name] = `${behavior}: ${report(reportfile).result}`;
  }
  return { cases, failed };
}

module.exports = { CASES, LEAST_CASES, MOST_MILLISECONDS, caseTarget, runCases };
