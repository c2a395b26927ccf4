'use strict';

/** The native door under test, and what its clients and its target see. */

const { once } = require('node:events');
const { createProxyMiddleware, createProxyServer } = require('../../index.js');
const { startChild } = require('./child.js');
const { answeringTarget, onCleanUp, rawExchange } = require('./peers.js');
const { readRequest, readResponse } = require('./messages.js');
const { CERTIFICATE, KEY, secureRelayTo } = require('./tls.js');

const SSL = { key: KEY, cert: CERTIFICATE };
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/**
 * Opens a door on a free loopback port, until the end of the test.
 *
 * @param {object} options of the proxy
 * @param {object} [settings] of the door
 */
async function openDoor(options, { port = 0, ...settings } = {}) {
  const proxy = createProxyServer(carried === undefined ? options : { ssl: SSL, ...options });
  proxy.listen(port, { host: '127.0.0.1', grace: 0, ...settings });
  const door = proxy._server;
  onCleanUp(() => (door.listening ? new Promise((resolve) => proxy.close(resolve)) : undefined));
  await once(door, 'listening');
  const own = proxy.address().port;
  return { proxy, door, port: carried === undefined ? own : (await secureRelayTo(own, carried)).port };
}

/** The protocol of sessions in which the bytes of clients come to doors, if they do. */
let carried;

/** From now on doors speak TLS, and the bytes that tests send to them are carried in sessions with this protocol. */
function overTls(protocol) {
  carried = protocol;
}

const isOverTls = () => carried !== undefined;

/**
 * Opens a door in front of a middleware, likewise.
 *
 * @param {object} options of the middleware
 * @param {object} [settings] of the door
 */
async function openMiddlewareDoor(options, settings) {
  const door = createProxyMiddleware(options).listen(0, { host: '127.0.0.1', grace: 0, ...settings });
  onCleanUp(() => (door.listening ? new Promise((resolve) => door.close(resolve)) : undefined));
  await once(door, 'listening');
  return { door, port: door.address().port };
}

/** A door in front of a target that answers everything alike. */
async function doorTo(answer = OK, { options, settings } = {}) {
  const target = await answeringTarget(answer);
  return { target, ...(await openDoor({ target: target.url, ...options }, settings)) };
}

/** What the client is answered for these bytes, which must not reach the target. */
async function refused(bytes, { settings, method } = {}) {
  const { target, port, proxy } = await doorTo(OK, { settings });
  const answer = readResponse(await rawExchange(port, bytes), method);
  expect(answer).toMatchObject({ isComplete: true, rest: '' });
  expect(answer.values('connection')).toEqual(['close']);
  expect(target.connections).toHaveLength(0);
  expect(proxy.stats().door).toMatchObject({ refused: 1, forwarded: 0 });
  return answer.status;
}

let look;

/** Lets somebody look at each request that `forwarded` has seen: its bytes, and what they mean. */
function onForwarded(looker) {
  look = looker;
}

/** The one request that the target gets for these bytes, and the client's answer. */
async function forwarded(bytes, { method, ...more } = {}) {
  const { target, port } = await doorTo(OK, more);
  const answer = readResponse(await rawExchange(port, bytes), method);
  expect(answer).toMatchObject({ status: 200, isComplete: true, rest: '' });
  expect(target.connections).toHaveLength(1);
  const { text } = target.connections[0];
  const request = readRequest(text);
  expect(request).toMatchObject({ isComplete: true, rest: '' });
  await look?.(text, request);
  return { request, answer };
}

/**
 * A door in a process of its own: `ask('open')` opens it; see fixtures/door.js.
 *
 * @param {object} options of the proxy
 * @param {object} [settings] of the door
 * @param {object} [child] settings of `startChild`
 */
function startDoor(options, settings = {}, child = {}) {
  return startChild('door.js', { ...child, args: [JSON.stringify({ options, settings })] });
}

/** A middleware's door that forwards `/api` to a target that says `target`, in front of an application that gets the rest. */
async function doorInFront(fallback, settings, options) {
  const target = await answeringTarget('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ntarget');
  const ways = { target: target.url, pathFilter: '/api', ...options };
  return { target, ...(await openMiddlewareDoor(ways, { fallback, ...settings })) };
}

module.exports = {
  OK,
  doorInFront,
  doorTo,
  forwarded,
  isOverTls,
  onForwarded,
  openDoor,
  openMiddlewareDoor,
  overTls,
  refused,
  startDoor,
};
