'use strict';

/** One upgrade with one implementation: the handshake, what goes through the tunnel, and how both ends end. */

const http = require('node:http');
const net = require('node:net');
const { once } = require('node:events');
const { types } = require('node:util');
const { RawConnection } = require('../../support/peers.js');
const { grant, handshake, tunnelled } = require('../../support/upgrades.js');
const { appServer, describe, listeningProxy } = require('./run.js');
const { startUpstream } = require('./upstream.js');

/**
 * @typedef {object} UpgradeScenario
 * @property {true} isUpgrade
 * @property {string} name
 * @property {(at: object) => object} [options] of the proxy; the target alone by default
 * @property {(at: object) => object} [perCall] options of the one call
 * @property {boolean} [callback]
 * @property {string} [request] raw; a handshake by default
 * @property {string} [early] what the client sends right behind it
 * @property {object} [upstream] settings of the target; by default it grants the handshake
 * @property {(ends: { client: RawConnection, target: RawConnection | undefined }) => unknown} [act] by default a word each way, then the ends
 * @property {Record<string, Function>} [on] listeners
 * @property {(proxy: object) => void} [prepare]
 * @property {boolean} [listens] the proxy's own server is used
 */

const SETTLING = 60;
const delay = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** As `run` does for requests. */
async function runUpgrade(scenario, implementation, { closed, listening = true }) {
  const upstream = await startUpstream({ answer: grant(), ...scenario.upstream });
  const { url, host, port, socketPath } = upstream;
  const at = { target: url, host, port, socketPath, closed };
  const observed = { events: [], notes: [], facts: {}, at, target: [], client: null };
  const ends = [() => upstream.close()];
  try {
    await drive(scenario, implementation, { at, observed, ends, listening, upstream });
  } finally {
    for (const end of ends.reverse()) await end();
  }
  return observed;
}

async function drive(scenario, implementation, { at, observed, ends, listening, upstream }) {
  const { events, facts } = observed;
  const proxy = implementation.create(
    scenario.options === undefined ? { target: at.target } : scenario.options(at),
  );
  listen(proxy, scenario, events, listening);
  scenario.prepare?.(proxy);
  const server = scenario.listens
    ? await listeningProxy(proxy, ends)
    : await upgradingServer(proxy, scenario, implementation, { at, events, ends });
  const client = await connect(server.address().port, ends);
  client.socket.write(Buffer.from(`${scenario.request ?? handshake()}${scenario.early ?? ''}`, 'latin1'));
  await settled(client);
  const [target] = upstream.connections;
  const isOpen = client.text.startsWith('HTTP/1.1 101 ') && target !== undefined;
  await (scenario.act ?? (isOpen ? talk : () => {}))({ client, target });
  await delay(SETTLING);
  const end = client.text.indexOf('\r\n\r\n');
  facts['client, head'] = end < 0 ? client.text : headOf(client.text.slice(0, end));
  facts['client, bytes'] = textOf(tunnelled(client));
  facts['client, end'] = `${client.ending}`;
  if (target === undefined) return;
  facts['target, bytes'] = textOf(tunnelled(target));
  facts['target, end'] = `${target.ending}`;
  observed.target = upstream.connections.map(({ text, from }) => ({
    text: text.slice(0, text.indexOf('\r\n\r\n') + 4),
    from,
  }));
}

/** A word each way, then both end, the client first. */
async function talk({ client, target }) {
  client.socket.write('ping');
  await target.received('ping', 1000).catch(() => {});
  target.socket.write('pong');
  await client.received('pong', 1000).catch(() => {});
  client.socket.end();
  await target.closed(1000).catch(() => {});
  target.socket.end();
  await client.closed(1000).catch(() => {});
}

/** Until there is an answer, or its connection is over; some never get either. */
async function settled(client) {
  await client.until(({ text, ending }) => text.includes('\r\n\r\n') || ending !== null, 600).catch(() => {});
  if (!client.text.startsWith('HTTP/1.1 101 ')) await client.closed(400).catch(() => {});
}

/** The order of fields means nothing, and `Date` is the time of the day. */
function headOf(text) {
  const [line, ...fields] = text.split('\r\n');
  const shown = fields.map((field) =>
    field.replace(/^[^:]+/, (name) => name.toLowerCase()).replace(/^date: .*/, 'date: {date}'),
  );
  return [line, ...shown.toSorted()].join('\n');
}

const textOf = (bytes) => (bytes.length < 200 ? bytes.toString('latin1') : `${bytes.length} bytes`);

const kindOf = (value) => {
  if (Buffer.isBuffer(value)) return 'Buffer';
  if (types.isNativeError(value)) return describe(value);
  if (value instanceof http.OutgoingMessage) return 'request';
  if (value instanceof http.IncomingMessage) return 'message';
  if (value instanceof net.Socket) return 'socket';
  return typeof value;
};

const EVENTS = ['start', 'proxyReq', 'proxyReqWs', 'proxyRes', 'open', 'close', 'end', 'econnreset'];

function listen(proxy, scenario, events, listening) {
  const record = (event) =>
    proxy.on(event, (...args) => void events.push(`${event}(${args.map(kindOf).join(' ')})`));
  if (listening) for (const event of EVENTS) record(event);
  record('error');
  for (const [event, listener] of Object.entries(scenario.on ?? {})) proxy.on(event, listener);
}

async function upgradingServer(proxy, scenario, implementation, { at, events, ends }) {
  const server = await appServer();
  const sockets = new Set();
  server.on('connection', (socket) => sockets.add(socket));
  ends.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  server.on('upgrade', (req, socket, head) => {
    // One of the originals ends the process otherwise.
    socket.on('error', () => {});
    const callback = scenario.callback
      ? (...args) => void events.push(`callback(${args.map(kindOf).join(' ')})`)
      : undefined;
    try {
      const outcome = implementation.ws(proxy, req, socket, head, scenario.perCall?.(at), callback);
      outcome?.then?.(
        () => {},
        (error) => events.push(`rejected ${describe(error)}`),
      );
    } catch (error) {
      events.push(`ws threw ${error.name}`);
      socket.destroy();
    }
  });
  return server;
}

async function connect(port, ends) {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  ends.push(() => socket.destroy());
  const connection = new RawConnection(socket);
  await once(socket, 'connect');
  return connection;
}

module.exports = { runUpgrade };
