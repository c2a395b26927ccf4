'use strict';

/** Load from raw sockets: cheap enough to keep a proxy in another process busy. */

const net = require('node:net');
const { once } = require('node:events');
const { onCleanUp } = require('./peers.js');

const LARGE = 'x'.repeat(100_000);
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: ';
const ANSWERS = {
  '/small': `${HEAD}4\r\n\r\ngood`,
  '/large': `${HEAD}${LARGE.length + 4}\r\n\r\n${LARGE}good`,
  '/chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n4\r\ngood\r\n0\r\n\r\n',
};

/** A target for `Client`: it answers what it knows, and other requests never. */
async function loadTarget() {
  const sockets = new Set();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.latin1Slice();
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/^content-length: (\d+)$/m.exec(text.slice(0, end))?.[1] ?? 0);
      if (text.length < end + 4 + length) return;
      const answer = ANSWERS[text.slice(text.indexOf(' ') + 1, text.indexOf(' HTTP'))];
      text = '';
      if (answer !== undefined) socket.write(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onCleanUp(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${server.address().port}` };
}

const PAYLOAD = 'y'.repeat(1000);
const get = (path) => `GET ${path} HTTP/1.1\r\nHost: me\r\n\r\n`;
const REQUESTS = {
  small: get('/small'),
  large: get('/large'),
  chunked: get('/chunked'),
  upload: `POST /small HTTP/1.1\r\nHost: me\r\nContent-Length: ${PAYLOAD.length}\r\n\r\n${PAYLOAD}`,
};
/** What a client that leaves has sent, and how much of an answer it waits for. */
const ABORTS = [
  [get('/never'), 0],
  [get('/small'), 0],
  [get('/large'), 1],
  [`POST /small HTTP/1.1\r\nHost: me\r\nContent-Length: 9999\r\n\r\n${PAYLOAD}`, 0],
  ['POST /small HTTP/1.1\r\nHost: me\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n', 0],
];

/** One keep-alive client. */
class Client {
  #port;
  #socket = null;
  #text = '';
  #onData = null;

  constructor(port) {
    this.#port = port;
    onCleanUp(() => this.#socket?.destroy());
  }

  async #connected() {
    if (this.#socket !== null) return this.#socket;
    const socket = net.connect({ port: this.#port, host: '127.0.0.1' });
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        this.#text += chunk.latin1Slice();
        this.#onData?.();
      });
    socket.on('close', () => {
      this.#text += 'closed';
      this.#onData?.();
    });
    await once(socket, 'connect');
    this.#text = '';
    this.#socket = socket;
    return socket;
  }

  /** Sends a request; gives whether it was answered in full. */
  async request(kind) {
    const socket = await this.#connected();
    this.#text = '';
    socket.write(REQUESTS[kind]);
    const isOver = () => /good(\r\n0\r\n\r\n)?$/.test(this.#text.slice(-11)) || this.#text.endsWith('closed');
    await this.#until(isOver);
    return this.#text.startsWith('HTTP/1.1 200 ') && !this.#text.endsWith('closed');
  }

  /** Sends a request, or a part of one, and leaves. */
  async abort(which, { hard }) {
    const [bytes, wanted] = ABORTS[which % ABORTS.length];
    const socket = await this.#connected();
    this.#text = '';
    socket.write(bytes);
    if (wanted > 0) await this.#until(() => this.#text.length >= wanted);
    else await new Promise((resolve) => setImmediate(resolve));
    this.#socket = null;
    socket.removeAllListeners('data').removeAllListeners('close');
    if (hard) socket.resetAndDestroy();
    else socket.destroy();
  }

  close() {
    this.#socket?.destroy();
    this.#socket = null;
  }

  #until(condition) {
    return new Promise((resolve) => {
      this.#onData = () => {
        if (!condition()) return;
        this.#onData = null;
        resolve();
      };
      this.#onData();
    });
  }
}

/**
 * Makes requests, one in ten of which is aborted.
 *
 * @param {number} port
 * @param {{ requests: number, clients: number }} amount
 */
async function mixedLoad(port, { requests, clients }) {
  const tally = { served: 0, failed: 0, aborted: 0 };
  let next = 0;
  const lane = async () => {
    const client = new Client(port);
    while (next < requests) {
      const i = next;
      next += 1;
      if (i % 10 === 9) {
        await client.abort(Math.floor(i / 10), { hard: i % 20 === 9 });
        tally.aborted += 1;
      } else {
        const kind = i % 100 === 0 ? 'large' : i % 10 === 1 ? 'upload' : i % 10 === 2 ? 'chunked' : 'small';
        if (await client.request(kind)) tally.served += 1;
        else tally.failed += 1;
      }
    }
    client.close();
  };
  await Promise.all(Array.from({ length: clients }, lane));
  return tally;
}

module.exports = { loadTarget, mixedLoad };
