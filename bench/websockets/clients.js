'use strict';

/** The clients' side of the scenarios with WebSockets: many at a time, on loopback. */

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { WebSocket } = require('ws');
const { REQUEST_HEADERS } = require('../payload.js');

const AT_A_TIME = 50;
const PATIENCE_MS = 5000;

async function connect(port, path = '/') {
  const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
    perMessageDeflate: false,
    maxPayload: 2 ** 28,
    headers: REQUEST_HEADERS,
  });
  await once(client, 'open');
  return client;
}

/** Opens so many connections; gives them, and how many there were in a second. */
async function open(port, count) {
  const clients = [];
  const began = process.hrtime.bigint();
  const work = async () => {
    while (clients.length + pending < count) {
      pending += 1;
      clients.push(await connect(port));
      pending -= 1;
    }
  };
  let pending = 0;
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return { clients, perSecond: count / (Number(process.hrtime.bigint() - began) / 1e9) };
}

/** Each client has one message on its way at any time, until so many are back; says how many seconds that took. */
async function echo(clients, payload, count) {
  let left = count;
  const began = process.hrtime.bigint();
  await Promise.all(
    clients.map(async (client) => {
      while (left > 0) {
        left -= 1;
        client.send(payload);
        await once(client, 'message');
      }
    }),
  );
  return Number(process.hrtime.bigint() - began) / 1e9;
}

/**
 * One connection before the measuring: what the target has seen of its handshake, and a message there and back.
 *
 * @throws {Error} saying what was wrong
 */
async function check(port) {
  const deadline = { signal: AbortSignal.timeout(PATIENCE_MS) };
  const client = await connect(port, '/echo?a=1&b=%20');
  client.send('seen?');
  const [seen] = await once(client, 'message', deadline);
  const { url, headers } = JSON.parse(seen.toString());
  assert.equal(url, '/echo?a=1&b=%20', 'path at the target');
  for (const [name, value] of Object.entries(REQUEST_HEADERS))
    assert.equal(headers[name.toLowerCase()], value, `header ${name} at the target`);
  const sent = Buffer.from('there and back');
  client.send(sent);
  const [message] = await once(client, 'message', deadline);
  assert.ok(sent.equals(message), 'another message came back');
  client.terminate();
}

module.exports = { AT_A_TIME, check, echo, open };
