'use strict';

const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { Child } = require('./child.js');
const { checkContestant } = require('./check.js');
const { runH2load } = require('./h2load.js');
const { runWrk } = require('./wrk.js');

/** For what a contestant still does after its load has gone, so that the next one does not pay for it. */
const SETTLE_MS = 150;

/**
 * @typedef {{ cpu: number | null, rps: number, p50: number, p99: number, socketErrors: number, badStatus: number,
 *   upstreamShare: number | null }} Round `cpu`, `p50`, `p99` in µs; `upstreamShare`: of one core
 * @typedef {{ contestant: object, rounds: Round[], failure: string | null }} Result
 */

/**
 * All contestants of one scenario, alternating round by round; every other round in reverse order, so that
 * neither a drift of the machine nor a neighbour favours one of them.
 *
 * @returns {Promise<Result[]>}
 */
async function measureScenario(scenario, options, pinning, progress) {
  const upstream = await Child.start(
    { script: path.join(__dirname, scenario.over === 'h2' ? 'upstream-http2.js' : 'upstream.js') },
    { prefix: pinning.load, over: scenario.over },
  );
  const entries = [];
  try {
    for (const contestant of options.contestants) {
      if (takesPart(contestant, scenario))
        entries.push(await prepare(contestant, scenario, upstream, pinning));
    }
    const alive = () => entries.filter(({ result }) => result.failure === null);
    for (const entry of alive()) {
      progress(`${scenario.name}: warming ${entry.result.contestant.name}`);
      await attempt(entry, () => load(entry, scenario, options.warmup, pinning));
    }
    for (let round = 0; round < options.rounds; round++) {
      const order = round % 2 === 0 ? alive() : alive().reverse();
      for (const entry of order) {
        progress(
          `${scenario.name}: round ${round + 1} of ${options.rounds}, ${entry.result.contestant.name}`,
        );
        await attempt(entry, async () => {
          entry.result.rounds.push(await measureRound(entry, scenario, options.seconds, pinning, upstream));
        });
      }
    }
  } finally {
    await Promise.all([upstream, ...entries.map(({ child }) => child)].map((child) => child?.stop()));
  }
  return entries.map(({ result }) => result);
}

function takesPart(contestant, { among, doors, hooks, interceptor, framework, over }) {
  if (among !== undefined) return among.includes(contestant.name);
  return (
    (contestant.door !== true || doors === true) &&
    contestant.framework === framework &&
    contestant.over === over &&
    (hooks === '' || contestant.hooks === true) &&
    (!interceptor || contestant.interceptor === true)
  );
}

async function prepare(contestant, scenario, upstream, pinning) {
  const entry = { child: null, result: { contestant, rounds: [], failure: null } };
  await attempt(entry, async () => {
    const { hooks, interceptor, over, front } = scenario;
    // The certificate is for this name.
    const target = over === undefined ? upstream.url : `https://localhost:${upstream.port}`;
    const settings = { target, over, front, hooks, interceptor, prefix: pinning.contestant };
    entry.child = await Child.start(contestant, settings);
    await checkContestant(contestant, entry.child.url, scenario);
  });
  return entry;
}

/** A contestant that fails is shown as such, and the others go on. */
async function attempt(entry, work) {
  try {
    await work();
  } catch (error) {
    entry.result.failure = error.message.split('\n')[0];
  }
}

async function measureRound(entry, scenario, seconds, pinning, upstream) {
  const [cpuBefore, upstreamBefore] = [await entry.child.cpuTime(), await upstream.cpuTime()];
  const done = await load(entry, scenario, seconds, pinning);
  const [cpuAfter, upstreamAfter] = [await entry.child.cpuTime(), await upstream.cpuTime()];
  if (done.requests === 0) throw new Error('no request was answered');
  return {
    cpu: cpuBefore === null ? null : (cpuAfter - cpuBefore) / done.requests,
    rps: (done.requests * 1e6) / done.microseconds,
    p50: done.p50,
    p99: done.p99,
    socketErrors: done.socketErrors,
    badStatus: done.badStatus,
    upstreamShare: (upstreamAfter - upstreamBefore) / done.microseconds,
  };
}

async function load(entry, scenario, seconds, pinning) {
  const run = scenario.front === 'h2' ? runH2load : runWrk;
  const done = await run(entry.child.url + scenario.path, scenario, seconds, pinning.load);
  await sleep(SETTLE_MS);
  return done;
}

module.exports = { measureScenario };
