'use strict';

/**
 * The scenario with routes that change: how long it takes from a registration's first byte to the end of the first answer by the route, and what
 * requests cost while many routes a second come and go. `rs-proxy serve` and configurable-http-proxy, with the same command line.
 */

const http = require('node:http');
const path = require('node:path');
const { Child } = require('../child.js');
const { median } = require('../statistics.js');
const { runWrk } = require('../wrk.js');
const { RoutesApi, request } = require('./api.js');
const { Changes } = require('./changes.js');

const PER_SECOND = 1000;
const REGISTRATIONS = 200;

const PROGRAMS = [
  {
    name: 'configurable-http-proxy',
    label: 'configurable-http-proxy',
    kind: 'original',
    pkg: 'configurable-http-proxy',
    program: () => [require.resolve('configurable-http-proxy/bin/configurable-http-proxy')],
  },
  {
    name: 'ours-serve',
    label: 'ours: rs-proxy serve',
    kind: 'ours',
    program: () => [path.join(__dirname, '..', '..', 'bin', 'rs-proxy.js'), 'serve'],
  },
];

/**
 * One after the other; every other round in reverse order.
 *
 * @returns {Promise<import('../measure.js').Result[]>} whose rounds are the columns of the scenario
 */
async function measureRoutes(scenario, { rounds, seconds }, pinning, progress) {
  const upstream = await Child.start(
    { script: path.join(__dirname, '..', 'upstream.js') },
    { prefix: pinning.load },
  );
  const results = PROGRAMS.map((contestant) => ({ contestant, rounds: [], failure: null }));
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const result of round % 2 === 0 ? results : results.toReversed()) {
        if (result.failure !== null) continue;
        progress(`${scenario.name}: round ${round + 1} of ${rounds}, ${result.contestant.name}`);
        try {
          result.rounds.push(await measureProgram(result.contestant, upstream, seconds, pinning));
        } catch (error) {
          result.failure = error.message.split('\n')[0];
        }
      }
    }
  } finally {
    await upstream.stop();
  }
  return results;
}

async function measureProgram(contestant, upstream, seconds, pinning) {
  let socketPath;
  const command = (directory, port, target) => {
    socketPath = path.join(directory, 'api.sock');
    const places = ['--ip', '127.0.0.1', '--port', `${port}`, '--api-socket', socketPath];
    const flags = [...places, '--default-target', target, '--log-level', 'error'];
    return [process.execPath, ...contestant.program(), ...flags];
  };
  const child = await Child.start({ command }, { target: upstream.url, prefix: pinning.contestant });
  const api = new RoutesApi(socketPath);
  try {
    const load = () => loadOnce(child, seconds, pinning);
    await load();
    const first = await firstServed(child, api, upstream.url);
    const calm = await load();
    const changes = new Changes(api, upstream.url, PER_SECOND);
    const [begun, before] = [performance.now(), changes.done];
    const busy = await load();
    const perSecond = ((changes.done - before) * 1000) / (performance.now() - begun);
    await changes.stop();
    const socketErrors = calm.socketErrors + busy.socketErrors;
    const atRest = { calmRps: calm.rps, calmCpu: calm.cpu };
    return { first, ...atRest, changes: perSecond, rps: busy.rps, cpu: busy.cpu, socketErrors };
  } finally {
    api.close();
    await child.stop();
  }
}

/** Requests of 64 connections by the default route. */
async function loadOnce(child, seconds, pinning) {
  const before = await child.cpuTime();
  const how = { method: 'GET', body: '', connections: 64 };
  const done = await runWrk(`${child.url}/small`, how, seconds, pinning.load);
  // What breaks or takes seconds on a busy machine is told in the column; a wrong answer would make the figures mean nothing.
  if (done.badStatus > 0) throw new Error(`${done.badStatus} bad statuses`);
  const cpu = (await child.cpuTime()) - before;
  const { requests, microseconds, socketErrors } = done;
  return { cpu: cpu / requests, rps: (requests * 1e6) / microseconds, socketErrors };
}

/** Milliseconds, the median of many routes. */
async function firstServed(child, api, target) {
  const agent = new http.Agent({ keepAlive: true });
  const times = [];
  try {
    for (let n = 0; n < REGISTRATIONS; n += 1) {
      const route = `/new/user-${n}`;
      const options = { agent, host: '127.0.0.1', port: child.port, path: `${route}/file` };
      const began = performance.now();
      await api.add(route, target);
      const status = await request(options);
      times.push(performance.now() - began);
      if (status !== 200) throw new Error(`a route that was registered was answered with ${status}`);
    }
  } finally {
    agent.destroy();
  }
  return median(times);
}

module.exports = { PER_SECOND, measureRoutes };
