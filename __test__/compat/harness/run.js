'use strict';

/** One scenario with one implementation: starts the peers, sends the requests, and says what each side has seen. */

const http = require('node:http');
const { once } = require('node:events');
const { sendRequests } = require('./client.js');
const { startUpstream } = require('./upstream.js');

/**
 * @typedef {object} Scenario
 * @property {string} name what is done, not what comes of it
 * @property {(at: Places) => object} [options] of the proxy; the target alone by default
 * @property {(at: Places) => object} [perCall] options of the one call
 * @property {boolean} [callback] whether `web` is given a callback
 * @property {string | string[]} [request] raw; several go one after the other on one connection
 * @property {object} [upstream] settings of the target (see upstream.js)
 * @property {object} [forward] settings of the target of the forward leg; none by default
 * @property {Record<string, Function>} [on] listeners, called after the one that records
 * @property {(proxy: any, at: Places) => void} [prepare] is called with the new proxy
 * @property {(turn: Turn) => unknown} [app] what the request listener does; calls `turn.web()` by default
 * @property {boolean} [listens] the proxy's own server is used
 * @property {boolean} [overTls] the client speaks TLS
 * @property {(turn: { proxy: any, at: Places }) => string[] | Promise<string[]>} [inspect] further facts, after the exchange
 * @property {string[]} [exact] what is not normalised here (see normalise.js)
 * @property {string[]} [originals] the packages that have it; all by default
 * @property {number} [patience] milliseconds that the client waits for a response
 * @property {number} [requests] how many requests the target is waited for to get; 1 by default
 * @property {boolean} [unheard] nobody listens to `error`
 * @property {boolean} [unordered] events are compared in no order: two legs go side by side
 *
 * @typedef {{ target: string, host: string, port: number, socketPath: string, forward: string, forwardHost: string, closed: number }} Places
 */

/** Long enough for what follows a complete response, which is under way then. */
const SETTLING = 30;

/** A request that has not arrived by then does not arrive. */
const LATEST = 400;

const DEFAULT_REQUEST = 'GET /path HTTP/1.1\r\nHost: me\r\n\r\n';

/**
 * @param {Scenario} scenario
 * @param {import('./implementations.js').Implementation} implementation
 * @param {{ closed: number, listening?: boolean }} settings a port at which nobody listens; whether every event has a listener, as
 *   opposed to `error` alone
 */
async function run(scenario, implementation, { closed, listening = true }) {
  const upstream = await startUpstream(scenario.upstream);
  const forward = scenario.forward && (await startUpstream(scenario.forward));
  const at = {
    target: upstream.url,
    host: upstream.host,
    port: upstream.port,
    socketPath: upstream.socketPath,
    forward: forward?.url,
    forwardHost: forward?.host,
    closed,
  };
  const observed = { events: [], notes: [], at, target: [], forward: [], client: null };
  const ends = [() => upstream.close(), () => forward?.close()];
  try {
    await drive(scenario, implementation, { at, observed, ends, listening, upstream, forward });
  } finally {
    for (const end of ends.reverse()) await end();
  }
  return observed;
}

async function drive(scenario, implementation, { at, observed, ends, listening, upstream, forward }) {
  const { events } = observed;
  let proxy;
  try {
    proxy = implementation.create(
      scenario.options === undefined ? { target: at.target } : scenario.options(at),
    );
  } catch (error) {
    events.push(`construction threw ${error.name}`);
    return;
  }
  listen(proxy, scenario, events, listening);
  scenario.prepare?.(proxy, at);
  const server = scenario.listens ? await listeningProxy(proxy, ends) : await appServer();
  if (!scenario.listens) {
    server.on('request', (req, res) => {
      const turn = { proxy, req, res, at, events, web: (...rest) => callWeb({ ...turn, rest }) };
      if (scenario.app) scenario.app(turn);
      else turn.web(scenario.perCall?.(at), scenario.callback ? recordingCallback(events, res) : undefined);
    });
    ends.push(() => closeServer(server));
  }
  const callWeb = ({ req, res, rest }) => {
    try {
      const outcome = implementation.web(proxy, req, res, ...rest);
      outcome?.then?.(
        () => {},
        (error) => {
          events.push(`rejected ${describe(error)}`);
          answer(res, error);
        },
      );
      return outcome;
    } catch (error) {
      events.push(`web threw ${error.name}`);
      answer(res, error);
    }
    return undefined;
  };
  const requests = [scenario.request ?? DEFAULT_REQUEST].flat();
  const client = await sendRequests(server.address().port, requests, {
    patience: scenario.patience ?? 8000,
    overTls: scenario.overTls === true,
  });
  ends.push(() => client.socket.destroy());
  await quiet(upstream, scenario.requests ?? requests.length, forward, requests.length);
  await noticed(client);
  observed.client = {
    text: client.text,
    ending: client.ending,
    isWaiting: client.isWaiting === true,
    requests,
  };
  if (scenario.inspect) observed.notes.push(...(await scenario.inspect({ proxy, at, client, upstream })));
  for (const [name, peer] of Object.entries({ target: upstream, forward })) {
    observed[name] = peer?.connections.map(({ text, from }) => ({ text, from })) ?? [];
  }
}

/** That a client has gone without an answer is heard of by and by. */
async function noticed(client) {
  if (client.ending !== null && client.text === '') await new Promise((resolve) => setTimeout(resolve, 300));
}

/** Lets what is on its way arrive: the requests (which may come after the response), then whatever follows. */
async function quiet(upstream, requests, forward, copies) {
  const enough = () =>
    upstream.received() >= requests && (forward === undefined || forward.received() >= copies);
  for (let waited = 0; waited < LATEST && !enough(); waited += 10) await delay(10);
  await delay(SETTLING);
}

const delay = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What a line of the record says of an event's arguments. */
const EVENTS = {
  start: () => '',
  proxyReq: () => '',
  proxyRes: (proxyRes) => ` ${proxyRes.statusCode}`,
  end: () => '',
  econnreset: (error) => ` ${error.code}`,
};

function listen(proxy, scenario, events, listening) {
  const record = (event, details) =>
    proxy.on(event, (...args) => void events.push(`${event}${details(...args)}`));
  if (listening) for (const [event, details] of Object.entries(EVENTS)) record(event, details);
  for (const [event, listener] of Object.entries(scenario.on ?? {})) {
    if (event !== 'error') proxy.on(event, listener);
  }
  if (scenario.unheard) return;
  proxy.on('error', (error, req, res, ...more) => {
    events.push(`error ${describe(error)}`);
    if (scenario.on?.error) scenario.on.error.call(proxy, error, req, res, ...more);
    else answer(res, error);
  });
}

function recordingCallback(events, res) {
  return (error) => {
    events.push(`callback ${describe(error)}`);
    answer(res, error);
  };
}

const describe = (error) => `${error.code ?? error.name}: ${error.message}`;

/** As a careful application does. */
function answer(res, error) {
  if (!res || res.headersSent || res.writableEnded) return;
  res.writeHead(502, { 'x-error': `${error.code}` });
  res.end();
}

async function appServer() {
  const server = http.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function closeServer(server) {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}

async function listeningProxy(proxy, ends) {
  proxy.listen(0, '127.0.0.1');
  const server = proxy._server;
  if (!server.listening) await once(server, 'listening');
  ends.push(() => {
    server.closeAllConnections?.();
    proxy.close();
  });
  return server;
}

module.exports = { DEFAULT_REQUEST, appServer, closeServer, describe, listeningProxy, noticed, quiet, run };
