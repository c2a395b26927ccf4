'use strict';

/** Proxies between us and a target, as companies have them: one that is asked with CONNECT, one that speaks SOCKS 5. Both note whom they were asked for. */

const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { once } = require('node:events');
const { listening, onCleanUp } = require('./peers.js');
const { CERTIFICATE, KEY } = require('./tls.js');

/**
 * @typedef {object} Asked
 * @property {string} target host:port, or the absolute URL of a plain request
 * @property {string} [authorization] what it was told of who asks
 */

/** Ends the server, and everything that went through it. */
function endAfterTest(server, sockets) {
  server.on('connection', (socket) => sockets.add(socket));
  onCleanUp(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
}

/** Joins two sockets until one of them closes. */
function join(near, far, sockets) {
  sockets.add(far);
  for (const [one, other] of [
    [near, far],
    [far, near],
  ]) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
    one.pipe(other);
  }
}

/** Everybody is here. */
const reach = (port) => net.connect({ port: Number(port), host: '127.0.0.1' });

/**
 * A proxy for HTTP: `CONNECT`, and requests with absolute URLs. With credentials, it wants to be told them.
 *
 * @param {{ credentials?: string, refusal?: string, overTls?: boolean, identity?: { key: string, cert: string } }} [settings] `refusal`: a
 *   status line for every `CONNECT`; `identity`: who it is over TLS
 * @returns {Promise<{ url: string, port: number, asked: Asked[], server: object }>}
 */
async function connectProxy({
  credentials,
  refusal,
  overTls = false,
  identity = { key: KEY, cert: CERTIFICATE },
} = {}) {
  const asked = [];
  const sockets = new Set();
  const server = overTls ? https.createServer(identity) : http.createServer();
  const isWelcome = ({ headers }) =>
    credentials === undefined ||
    headers['proxy-authorization'] === `Basic ${Buffer.from(credentials).toString('base64')}`;
  const note = (req) => asked.push({ target: req.url, authorization: req.headers['proxy-authorization'] });
  server.on('connect', (req, socket, head) => {
    note(req);
    socket.on('error', () => {});
    const denial = refusal ?? (isWelcome(req) ? undefined : '407 Proxy Authentication Required');
    if (denial !== undefined) {
      socket.end(`HTTP/1.1 ${denial}\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const far = reach(req.url.split(':').at(-1));
    far.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'));
    far.once('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.length > 0) far.write(head);
      join(socket, far, sockets);
    });
  });
  server.on('request', (req, res) => {
    note(req);
    if (!isWelcome(req)) {
      res.writeHead(407).end();
      return;
    }
    const { host, port, pathname, search } = new URL(req.url);
    const headers = { ...req.headers, host };
    delete headers['proxy-authorization'];
    const onward = http.request({
      host: '127.0.0.1',
      port,
      path: pathname + search,
      method: req.method,
      headers,
    });
    onward.on('response', (answer) => {
      res.writeHead(answer.statusCode, answer.headers);
      answer.pipe(res);
    });
    onward.on('error', () => res.writeHead(502).end());
    req.pipe(onward);
  });
  endAfterTest(server, sockets);
  await listening(server);
  const { port } = server.address();
  return { server, port, url: `http${overTls ? 's' : ''}://127.0.0.1:${port}`, asked };
}

/**
 * A proxy that speaks SOCKS 5 (RFC 1928); with credentials, it wants to be told them (RFC 1929).
 *
 * @param {{ credentials?: string, reply?: number }} [settings] `reply`: what every request is answered instead of being carried
 * @returns {Promise<{ url: string, port: number, asked: Asked[], server: object }>}
 */
async function socksProxy({ credentials, reply } = {}) {
  const asked = [];
  const sockets = new Set();
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    serveSocks(socket, { credentials, reply, asked, sockets }).catch((error) => socket.destroy(error));
  });
  endAfterTest(server, sockets);
  await listening(server);
  const { port } = server.address();
  return { server, port, url: `socks5://127.0.0.1:${port}`, asked };
}

async function serveSocks(socket, { credentials, reply, asked, sockets }) {
  const take = reader(socket);
  const [, methods] = await take(2);
  const offered = [...(await take(methods))];
  const wanted = credentials === undefined ? 0 : 2;
  if (!offered.includes(wanted)) {
    socket.end(Buffer.from([5, 0xff]));
    return;
  }
  socket.write(Buffer.from([5, wanted]));
  let authorization;
  if (wanted === 2) {
    const [, nameLength] = await take(2);
    const name = `${await take(nameLength)}`;
    authorization = `${name}:${await take((await take(1))[0])}`;
    const isWelcome = authorization === credentials;
    socket.write(Buffer.from([1, isWelcome ? 0 : 1]));
    if (!isWelcome) {
      socket.end();
      return;
    }
  }
  const [, , , kind] = await take(4);
  const host = await addressOf(kind, take);
  const port = (await take(2)).readUInt16BE();
  asked.push({ target: `${host}:${port}`, authorization });
  const answer = (code) => socket.write(Buffer.from([5, code, 0, 1, 127, 0, 0, 1, 0, 0]));
  if (reply !== undefined) {
    answer(reply);
    socket.end();
    return;
  }
  const far = reach(port);
  far.on('error', () => {
    answer(5);
    socket.end();
  });
  await once(far, 'connect');
  answer(0);
  take.stop();
  join(socket, far, sockets);
}

async function addressOf(kind, take) {
  if (kind === 1) return [...(await take(4))].join('.');
  if (kind === 3) return `${await take((await take(1))[0])}`;
  const bytes = await take(16);
  return `[${Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16)).join(':')}]`;
}

/** Takes so many bytes from a socket, once they are there. */
function reader(socket) {
  const take = async (count) => {
    for (;;) {
      const bytes = count === 0 ? Buffer.alloc(0) : socket.read(count);
      if (bytes !== null) return bytes;
      await once(socket, 'readable');
      if (socket.readableEnded) throw new Error('the client has left');
    }
  };
  take.stop = () => socket.removeAllListeners('readable');
  return take;
}

module.exports = { connectProxy, socksProxy };
