'use strict';

/** A proxy of WebSockets in a process of its own: `contestant.js NAME TARGET`. Says its port, and what it has used when it is asked. */

const http = require('node:http');

const [name, target] = process.argv.slice(2);

const ours = () => require('../../index.js');
/** By the names of the main benchmark's contestants: how each is given an upgrade. */
const CONTESTANTS = {
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

async function main() {
  const upgrade = await CONTESTANTS[name]();
  const server = http.createServer();
  server.on('upgrade', (req, socket, head) => {
    // Some of the originals leave that to their user.
    socket.on('error', () => {});
    upgrade(req, socket, head);
  });
  process.on('message', () => {
    globalThis.gc();
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed } = process.memoryUsage();
    process.send({ cpu: user + system, memory: rss, heap: heapUsed });
  });
  process.on('disconnect', () => process.exit());
  server.listen(0, '127.0.0.1', 4096, () => process.send({ port: server.address().port }));
}

if (require.main === module) main();

module.exports = { NAMES: Object.keys(CONTESTANTS) };
