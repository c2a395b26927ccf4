'use strict';

/** A proxy of WebSockets in a process of its own: `contestant.js NAME TARGET`. Says its port, and what it has used when it is asked. */

const http = require('node:http');

const [name, target] = process.argv.slice(2);

const ours = () => require('../../index.js');
/** As many clients as come at once. */
const BACKLOG = 4096;
/** By the names of the main benchmark's contestants: how each is given an upgrade. */
const UPGRADES = {
  'http-proxy': () => headLast(require('http-proxy')),
  'http-proxy-3': () => headLast(require('http-proxy-3')),
  httpxy: async () => {
    const { createProxyServer } = await import('httpxy');
    const proxy = createProxyServer({ target });
    proxy.on('error', () => {});
    return (req, socket, head) => proxy.ws(req, socket, {}, head);
  },
  'ours-server': () => headLast(ours()),
  'ours-middleware': () => ours().createProxyMiddleware({ target }).upgrade,
  'ours-messages': () => headLast(ours(), { wsMessage() {} }),
};

function headLast({ createProxyServer }, listeners = {}) {
  const proxy = createProxyServer({ target });
  proxy.on('error', () => {});
  for (const [event, listener] of Object.entries(listeners)) proxy.on(event, listener);
  return (req, socket, head) => proxy.ws(req, socket, head);
}

/** A server whose upgrades the contestant is given. */
async function serve() {
  const upgrade = await UPGRADES[name]();
  const server = http.createServer();
  server.on('upgrade', (req, socket, head) => {
    // Some of the originals leave that to their user.
    socket.on('error', () => {});
    upgrade(req, socket, head);
  });
  return server.listen(0, '127.0.0.1', BACKLOG);
}

function openDoor() {
  return ours().createProxyServer({ target, ws: true }).listen(0, { host: '127.0.0.1', backlog: BACKLOG })
    ._server;
}

async function main() {
  const server = name === 'ours-door' ? openDoor() : await serve();
  server.on('listening', () => process.send({ port: server.address().port }));
  process.on('message', () => {
    globalThis.gc();
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    process.send({ cpu: user + system, memory: rss, heap: heapUsed });
  });
  process.on('disconnect', () => process.exit());
}

main();
