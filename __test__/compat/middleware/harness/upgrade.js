'use strict';

/** A handshake in place of requests: how it gets to a middleware, and what comes of it. */

const { once } = require('node:events');
const net = require('node:net');
const { RawConnection } = require('../../../support/peers.js');
const { handshake } = require('../../../support/upgrades.js');
const { sendRequests } = require('../../harness/client.js');
const { ask } = require('../../harness/texts.js');

/** Long enough for events that follow the end of a tunnel. */
const SETTLING = 60;

/** Gives a server's upgrades to the middleware's own listener, unless it is to find them by itself. */
function listenToUpgrades(server, middleware, { upgrade: { by } }, { recorder, ends }) {
  // Node does not count upgraded sockets among a server's connections.
  server.on('connection', (socket) => ends.push(() => socket.destroy()));
  server.on('upgrade', (req, socket, head) => {
    recorder.know(req, 'req');
    recorder.know(socket, 'socket');
    if (by !== 'ws') middleware.upgrade(req, socket, head);
  });
}

/**
 * Shakes hands, says `ping` if the protocol is switched, and leaves when there is an answer.
 *
 * @param {number} port
 * @param {import('./run.js').Scenario} scenario
 * @param {Function[]} ends
 */
async function upgrade(port, { upgrade: { by, path = '/socket' }, patience = 8000 }, ends) {
  // The first request shows the middleware its server.
  if (by !== 'listener')
    await sendRequests(port, [ask('/first')], { patience: 8000, overTls: false }).then((client) =>
      client.socket.destroy(),
    );
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  ends.push(() => socket.destroy());
  const client = new RawConnection(socket);
  await once(socket, 'connect');
  socket.write(handshake(path));
  const settles = client
    .until(() => client.ending !== null || client.text.includes('\r\n\r\n'), patience)
    .then(async () => {
      if (client.text.startsWith('HTTP/1.1 101')) {
        socket.write('ping');
        await client.until(() => client.ending !== null || client.text.endsWith('pong'), patience);
      }
      socket.end();
      await client.closed(patience);
    });
  const isWaiting = await settles.then(
    () => false,
    () => true,
  );
  await new Promise((resolve) => setTimeout(resolve, SETTLING));
  return { text: client.text, ending: client.ending, isWaiting };
}

/** @param {{ upgrade?: { text: string, ending: string | null, isWaiting: boolean } }} observed */
function upgradeFacts({ upgrade: seen }) {
  if (seen === undefined) return {};
  const end = seen.text.indexOf('\r\n\r\n');
  const [start = '', ...lines] = end < 0 ? [] : seen.text.slice(0, end).split('\r\n');
  const fields = lines.filter((line) => !/^(date|keep-alive):/i.test(line)).sort();
  return {
    'upgrade answer': start,
    'upgrade fields': fields.join('\n').toLowerCase(),
    'upgrade tunnel': end < 0 ? seen.text : seen.text.slice(end + 4),
    'upgrade ending': seen.isWaiting ? 'the client waits' : 'closed',
  };
}

module.exports = { listenToUpgrades, upgrade, upgradeFacts };
