'use strict';

/** One scenario with one version: starts the peers, mounts the middleware, sends the requests, and says what each side has seen. */

const connect = require('connect');
const express4 = require('express4');
const express5 = require('express');
const { sendRequests } = require('../../harness/client.js');
const { factsOf, withoutPorts } = require('../../harness/normalise.js');
const { DEFAULT_REQUEST, describe, noticed, quiet } = require('../../harness/run.js');
const { startUpstream } = require('../../harness/upstream.js');
const { Recorder } = require('./record.js');
const { serverAlone, serverBehindDoor } = require('./servers.js');
const { listenToUpgrades, upgrade, upgradeFacts } = require('./upgrade.js');

/**
 * @typedef {object} Scenario
 * @property {string} name what is done, not what comes of it
 * @property {string[]} [originals] the versions that have it; all by default
 * @property {(at: Places) => object} [options] as versions 3 and 4 have them; the target alone by default
 * @property {(at: Places) => unknown[]} [args] the arguments of the call, whatever they are, instead of options
 * @property {string} [maker] the name of the function that is called; `createProxyMiddleware` by default
 * @property {'connect' | 'express4' | 'express5'} [app] what it is mounted in; Node's server by default
 * @property {string | string[]} [mount] where; `/` by default
 * @property {(at: Places) => Function[]} [before] middlewares in front of it
 * @property {boolean} [alone] it is not given `next`
 * @property {string | string[]} [request] raw; several go one after the other on one connection
 * @property {object} [upstream] settings of the target (see upstream.js)
 * @property {object} [second] settings of another target; none by default
 * @property {{ by: 'listener' | 'ws' | 'both', path?: string }} [upgrade] a handshake instead of requests, and how it gets there
 * @property {boolean} [leaves] the client leaves as soon as the target has its request
 * @property {boolean} [unheard] nobody records `error`: a listener would change what happens
 * @property {string[]} [exact] what is not normalised (see normalise.js)
 * @property {number} [patience] milliseconds that the client waits for a response
 * @property {number} [requests] how many requests the target is waited for to get behind the last response; none by default
 *
 * @typedef {{ target: string, second: string, host: string, port: number, socketPath: string, closed: number, hpm: any, note(text: string): void }} Places
 */

/**
 * @param {Scenario} scenario
 * @param {import('./versions.js').Version} version
 * @param {{ closed: number, recording?: boolean, isBehindDoor?: boolean }} settings a port at which nobody listens; whether there are a
 *   plugin and a logger; whether the application is the `fallback` of a native door
 * @returns {Promise<Record<string, string>>} facts
 */
async function run(scenario, version, { closed, recording = true, isBehindDoor = false }) {
  const upstream = await startUpstream(scenario.upstream);
  const second = scenario.second && (await startUpstream(scenario.second));
  const recorder = new Recorder();
  const at = {
    target: upstream.url,
    host: upstream.host,
    port: upstream.port,
    socketPath: upstream.socketPath,
    second: second?.url,
    closed,
    hpm: version.module,
    note: (text) => recorder.note(text),
  };
  const observed = { at, events: recorder.events, notes: [], client: null };
  const ends = [() => upstream.close(), () => second?.close()];
  try {
    await drive(scenario, version, {
      at,
      observed,
      ends,
      recorder,
      recording,
      isBehindDoor,
      upstream,
      second,
    });
  } finally {
    recorder.stop();
    for (const end of ends.reverse()) await end();
  }
  for (const [name, peer] of Object.entries({ target: upstream, second }))
    observed[name] = peer?.connections.map(({ text, from }) => ({ text, from }));
  const log = recorder.log.map((line) => withoutPorts(line, at)).join('\n');
  return { ...factsOf(observed, scenario), ...upgradeFacts(observed), log };
}

async function drive(scenario, version, of) {
  const { at, observed, ends, recorder, recording, isBehindDoor, upstream, second } = of;
  let middleware;
  try {
    middleware = version.module[scenario.maker ?? 'createProxyMiddleware'](
      ...argumentsOf(scenario, version, { at, ends, recorder, recording }),
    );
  } catch (error) {
    recorder.note(`construction threw ${error.name}: ${describe(error)}`);
    return;
  }
  const { server, port, cutClients, close } = await (isBehindDoor ? serverBehindDoor() : serverAlone());
  ends.push(close);
  server.on('request', listenerOf(scenario, middleware, { at, recorder }));
  const requests = [scenario.request ?? DEFAULT_REQUEST].flat();
  if (scenario.upgrade) {
    listenToUpgrades(server, middleware, scenario, { recorder, ends });
    observed.upgrade = await upgrade(port, scenario, ends);
    return;
  }
  const sent = sendRequests(port, requests, { patience: scenario.patience ?? 8000, overTls: false });
  if (scenario.leaves) {
    await quiet(upstream, 1);
    cutClients();
  }
  const client = await sent;
  ends.push(() => client.socket.destroy());
  await quiet(upstream, scenario.requests ?? 0, second, 0);
  await noticed(client);
  if (scenario.leaves) return;
  const isWaiting = client.isWaiting === true;
  observed.client = { text: client.text, ending: client.ending, isWaiting, requests };
}

/** What the version is called with: for version 2, translated. */
function argumentsOf(scenario, version, { at, ends, recorder, recording }) {
  if (scenario.args) return scenario.args({ ...at, logger: recorder.logger, plugin: recorder.plugin });
  const options = version.own(scenario.options?.(at) ?? { target: at.target }, ends);
  if (!version.isOld) return [recording ? recorded(options, scenario, recorder) : options];
  const { pathFilter = '/', on, ...rest } = options;
  return [pathFilter, { ...rest, ...recorder.oldListeners(on), logProvider: () => recorder.logger }];
}

/** The object stays the scenario's own, which may edit it later. */
function recorded(options, scenario, recorder) {
  options.logger ??= recorder.logger;
  if (!scenario.unheard) options.plugins = [...(options.plugins ?? []), recorder.plugin];
  return options;
}

const APPS = {
  connect,
  express4,
  express5,
};

/** The application, as a request listener. */
function listenerOf(scenario, middleware, { at, recorder }) {
  const recording = (req, res, next) => {
    recorder.know(req, 'req');
    recorder.know(res, 'res');
    const onNext = (...args) => {
      recorder.next(args);
      next(...args);
    };
    const outcome = scenario.alone ? middleware(req, res) : middleware(req, res, onNext);
    outcome?.catch?.((error) => {
      recorder.note(`rejected ${describe(error)}`);
      if (!res.headersSent) res.writeHead(500).end('rejected');
    });
  };
  if (scenario.app === undefined)
    return (req, res) => recording(req, res, (error) => answer(error, req, res));
  const app = APPS[scenario.app]();
  for (const one of scenario.before?.(at) ?? []) app.use(one);
  app.use(scenario.mount ?? '/', recording);
  app.use((req, res) => answer(undefined, req, res));
  // eslint-disable-next-line no-unused-vars -- Four parameters are what an error handler is known by.
  app.use((error, req, res, next) => answer(error, req, res));
  return app;
}

/** What comes after the middleware. */
function answer(error, req, res) {
  if (res.headersSent) return;
  res.statusCode = error ? 500 : 404;
  res.end(`next ${req.url} ${error ? describe(error) : ''}`);
}

module.exports = { run };
