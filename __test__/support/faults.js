'use strict';

/**
 * What every fault is tried on, and the checks that follow each of them: one failure told per failed request, sockets and gauges back where
 * they were, and the next request served. That nothing stays uncaught needs no check: jest fails the test in which it happens.
 */

const fs = require('node:fs');
const http = require('node:http');
const { once } = require('node:events');
const { createProxyMiddleware, createProxyServer } = require('../../index.js');
const { openDoor } = require('./doors.js');
const { stats } = require('./engine.js');
const { closeAll, eventually, httpServer, onCleanUp, rawExchange, rawTarget } = require('./peers.js');

/**
 * Who hears of a failure: `error` listeners, the callback of `web()`, or a middleware that nobody listens to; a native door only counts them.
 */
const EARS = ['event', 'callback', 'middleware', 'door'];

/** Whether it is told of each failure. */
const hears = (ear) => ear === 'event' || ear === 'callback';

const GOOD = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood';
/** For the request after the fault. */
const NEXT = 'GET /next HTTP/1.1\r\nHost: next\r\nConnection: close\r\n\r\n';

/** The sockets of this process. */
function socketCount() {
  let count = 0;
  for (const name of fs.readdirSync('/proc/self/fd')) {
    try {
      if (fs.readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:')) count += 1;
    } catch (error) {
      // The descriptor that reads the folder is gone by now.
      if (error.code !== 'ENOENT') throw error;
    }
  }
  return count;
}

let baseline;

/** To be called before all tests: starts the engine and counts what is open when nothing is going on. */
async function takeBaseline() {
  const { port } = await faultBench('event', { target: (await faultyTarget({})).heal().url });
  await rawExchange(port, NEXT);
  await closeAll();
  await eventually(
    () => stats().connections === 0,
    () => `still connected: ${JSON.stringify(stats())}`,
  );
  // What has just been closed is open until the next turns of the event loop.
  await new Promise((resolve) => setTimeout(resolve, 50));
  baseline = socketCount();
}

/**
 * A target with a fault, until it is healed: then it answers every request with 200.
 *
 * @param {{ onConnection?(connection: object): void, onRequest?(connection: object, head: string): void }} fault
 * @param {...unknown} where arguments of `listen`
 */
async function faultyTarget({ onConnection, onRequest }, ...where) {
  let isHealed = false;
  const target = await rawTarget(
    (connection, index) => {
      if (!isHealed) onConnection?.(connection, index);
      connection.onRequest((head) => {
        if (isHealed) connection.socket.write(GOOD);
        else onRequest?.(connection, head);
      });
    },
    ...where,
  );
  target.heal = () => {
    isHealed = true;
    return target;
  };
  return target;
}

/** Whether those who listen to events do so at a native door, which hands every request over to them. */
let atDoor = false;

/** From now on they do, and nobody else hears of anything. */
function listenAtDoor() {
  atDoor = true;
  EARS.splice(0, EARS.length, 'event');
}

const isAtDoor = () => atDoor;

/**
 * A proxy behind a server. Each failure is recorded, and answered with the status that it carries.
 *
 * @param {'event' | 'callback' | 'middleware' | 'door'} ear
 * @param {object} options
 * @param {object} [settings] of the door
 * @returns `failed()` and `departed()`: how many requests have failed, and how many clients have left
 */
async function faultBench(ear, options, settings) {
  if (ear === 'door') return doorBench(options, settings);
  const failures = [];
  const departures = [];
  const onError = (error, req, res) => {
    failures.push({ error, req });
    if (res.headersSent) return;
    res.writeHead(error.status ?? 500, { 'x-error': error.code });
    res.end(error.message);
  };
  let listener;
  if (ear === 'middleware') {
    listener = createProxyMiddleware({ ...options, on: { econnreset: (error) => departures.push(error) } });
  } else {
    const proxy = createProxyServer(options);
    proxy.on('econnreset', (error) => departures.push(error));
    if (ear === 'event') proxy.on('error', onError);
    const counts = { failed: () => failures.length, departed: () => departures.length };
    if (atDoor) return { ear, ...(await listeningDoor(proxy)), failures, departures, ...counts };
    const rest = ear === 'callback' ? [onError] : [];
    listener = (req, res) => void proxy.web(req, res, ...rest);
  }
  const { server, port } = await httpServer(listener);
  const counts = { failed: () => failures.length, departed: () => departures.length };
  return { ear, server, port, failures, departures, ...counts };
}

/** A native door in front of a proxy. */
async function listeningDoor(proxy) {
  const door = proxy.listen(0, { host: '127.0.0.1', grace: 0 })._server;
  await once(door, 'listening');
  onCleanUp(() => new Promise((resolve) => door.close(resolve)));
  return { server: door, port: door.address().port };
}

/** The same with a native door. */
async function doorBench(options, settings) {
  const { port, proxy } = await openDoor(options, { grace: 5000, ...settings });
  const failed = () => proxy.stats().door.failed + proxy.stats().door.cut;
  const departed = () => proxy.stats().door.abandoned;
  return { ear: 'door', proxy, port, failures: [], departures: [], failed, departed };
}

/**
 * The checks after a fault.
 *
 * @param {Awaited<ReturnType<typeof faultBench>>} bench
 * @param {{ failures: number, target?: { heal(): void } }} expected `target` is healed and asked once more
 */
async function checkAfterwards(bench, { failures, target }) {
  await eventually(
    () => stats().exchanges === 0,
    () => `exchanges are left over: ${JSON.stringify(stats())}`,
  );
  if (target !== undefined) {
    target.heal();
    expect(await rawExchange(bench.port, NEXT)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\ngood$/s);
  }
  if (bench.ear !== 'middleware') expect(bench.failed()).toBe(failures);
  expect(new Set(bench.failures.map(({ req }) => req)).size).toBe(bench.failures.length);
  await closeAll();
  const idle = { exchanges: 0, connections: 0, idleConnections: 0 };
  const isIdle = () => Object.entries(idle).every(([gauge, value]) => stats()[gauge] === value);
  await eventually(isIdle, () => `gauges: ${JSON.stringify(stats())}`);
  await eventually(
    () => socketCount() <= baseline,
    () => `sockets: ${socketCount()} instead of ${baseline}`,
  );
}

/** The request after the fault is answered, and leaves nothing behind. */
async function nextIsServed(port) {
  expect(statusOf(await rawExchange(port, NEXT))).toBe(200);
  await eventually(() => stats().exchanges === 0);
}

/** The error that Node's own client has with the same target. */
function nodeError(client, options) {
  return new Promise((resolve, reject) => {
    const sent = client.request({ agent: false, ...options }, (response) => {
      response.resume();
      response.on('error', resolve);
      response.on('end', () => reject(new Error(`Node was answered with ${response.statusCode}`)));
    });
    sent.on('error', resolve);
    sent.end(options.body);
  });
}

/** The parts of an error that users branch on. */
const parts = ({ code, message, errno, syscall, address, port, hostname }) => ({
  code,
  message,
  errno,
  syscall,
  address,
  port,
  hostname,
});

/** The status of a raw answer. */
const statusOf = (answer) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

/** Many requests from one keep-alive client; gives status and text of each. */
function request(agent, port, { method = 'GET', path = '/', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const sent = http.request({ agent, port, host: '127.0.0.1', method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (chunk) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

module.exports = {
  EARS,
  GOOD,
  NEXT,
  checkAfterwards,
  faultBench,
  faultyTarget,
  hears,
  isAtDoor,
  listenAtDoor,
  nextIsServed,
  nodeError,
  parts,
  request,
  statusOf,
  takeBaseline,
};
