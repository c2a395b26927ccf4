'use strict';

/** The ways to a native door: both versions of HTTP, plain and over TLS, each with a client that tells what has become of its requests. */

const { EventEmitter } = require('node:events');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const tls = require('node:tls');
const { openDoor } = require('./doors.js');
const { http2Client } = require('./http2.js');
const { onCleanUp } = require('./peers.js');
const { CERTIFICATE, KEY } = require('./tls.js');

const SSL = { key: KEY, cert: CERTIFICATE };

/** A request, and what has come of it so far. */
class Asked {
  /** The statuses of interim responses. */
  interim = [];
  status = undefined;
  headers = undefined;
  text = '';
  /** 'whole' or 'cut', once it is over. */
  end = null;
  #news = new EventEmitter();

  /**
   * @param {import('node:stream').Writable & { destroy(): void }} sending
   * @param {() => void} reset makes an end of it that is no orderly one
   */
  constructor(sending, reset) {
    this.sending = sending;
    this.reset = reset;
  }

  /** Waits for the status. */
  async begun() {
    await this.until(() => this.status !== undefined || this.end !== null);
    return this;
  }

  /** Waits for the end. */
  async over(milliseconds) {
    await this.until(() => this.end !== null, milliseconds);
    const { status, text, end } = this;
    return { status, text, end };
  }

  /** Waits until something holds; there may be too many of them to look again and again. */
  until(condition, milliseconds = 30_000) {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#news.off('news', look);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#news.off('news', look);
        const text = JSON.stringify(this.text.slice(0, 200));
        reject(new Error(`Within ${milliseconds} ms: ${this.status} ${this.end} ${text}`));
      }, milliseconds);
      this.#news.on('news', look);
      look();
    });
  }

  /** The head of the answer, and what it is read from. */
  answered(status, headers, receiving) {
    Object.assign(this, { status, headers, receiving });
    this.#news.emit('news');
  }

  ended(how) {
    this.end ??= how;
    this.#news.emit('news');
  }

  received(chunk) {
    this.text += chunk.toString('latin1');
    this.#news.emit('news');
  }
}

/** A client of HTTP/1.1: a connection for each request, or for one after the other. */
function http1Client(port, isSecure) {
  const { Agent, request } = isSecure ? https : http;
  const agent = new Agent({ keepAlive: true });
  const sockets = new WeakMap();
  if (isSecure)
    agent.createConnection = (options) => {
      const socket = net.connect(port, '127.0.0.1');
      const secure = tls.connect({ ...options, socket, rejectUnauthorized: false });
      // Only the socket itself can be reset.
      sockets.set(secure, socket);
      return secure;
    };
  onCleanUp(() => agent.destroy());
  const ask = ({ path = '/', method = 'GET', headers = {}, body = '' } = {}) => {
    const sending = request({ agent, port, host: '127.0.0.1', path, method, headers });
    const asked = new Asked(sending, () => {
      (sockets.get(sending.socket) ?? sending.socket).resetAndDestroy();
      sending.destroy();
    });
    sending.on('information', ({ statusCode }) => asked.interim.push(statusCode));
    sending.on('response', (response) => {
      asked.answered(response.statusCode, response.headers, response);
      response.on('data', (chunk) => asked.received(chunk));
      response.on('error', () => asked.ended('cut'));
      response.on('end', () => asked.ended(response.complete ? 'whole' : 'cut'));
    });
    sending.on('error', () => asked.ended('cut'));
    sending.on('close', () => asked.ended('cut'));
    if (body !== null) sending.end(body);
    return asked;
  };
  return { ask };
}

/** A client of HTTP/2: one connection. */
async function multiplexedClient(port, isSecure) {
  const session = await http2Client(port, { isSecure });
  const ask = ({ path = '/', method = 'GET', headers = {}, body = '' } = {}) => {
    const head = { ':path': path, ':method': method, ...headers };
    const stream = session.request(head, { endStream: body === '' });
    // Closed with a code, it would end what it sends first.
    const asked = new Asked(stream, () => stream.destroy(new Error('reset')));
    stream.on('headers', ({ ':status': status }) => asked.interim.push(status));
    stream.on('response', (received) => asked.answered(received[':status'], received, stream));
    stream.on('data', (chunk) => asked.received(chunk));
    stream.on('error', () => asked.ended('cut'));
    // A reset says so before.
    stream.on('close', () => asked.ended(stream.rstCode === 0 && !stream.aborted ? 'whole' : 'cut'));
    if (body !== null && body !== '') stream.end(body);
    return asked;
  };
  return { ask, session };
}

/**
 * @typedef {object} Way
 * @property {string} name
 * @property {boolean} isMultiplexed
 * @property {boolean} isSecure
 * @property {object} options what a door needs for it
 * @property {object} settings likewise
 * @property {(options: object, settings?: object) => Promise<{ proxy: object, port: number, client: { ask: Function } }>} open a door, and a
 *   client of it
 * @property {(port: number) => Promise<{ ask: (request?: object) => Asked }>} client another one. `body: null` leaves it to the test
 */

/** @returns {Way} */
function way(name, isMultiplexed, isSecure) {
  const client = async (port) =>
    isMultiplexed ? multiplexedClient(port, isSecure) : http1Client(port, isSecure);
  const own = { options: isSecure ? { ssl: SSL } : {}, settings: { h2c: isMultiplexed && !isSecure } };
  return {
    name,
    isMultiplexed,
    isSecure,
    client,
    options: own.options,
    settings: own.settings,
    async open(options, settings) {
      const door = await openDoor({ ...options, ...own.options }, { ...own.settings, ...settings });
      return { ...door, client: await client(door.port) };
    },
  };
}

const DOOR_WAYS = [
  way('HTTP/1.1', false, false),
  way('HTTP/1.1 over TLS', false, true),
  way('HTTP/2', true, false),
  way('HTTP/2 over TLS', true, true),
];

/**
 * The body of a test that tries something over each way, at the same time: such tests wait more than they work.
 *
 * @param {(way: Way) => Promise<void>} check
 * @param {(way: Way) => boolean} [concerns] not every way can have every fault
 */
function overEachWay(check, concerns = () => true) {
  return async () => {
    const one = async (each) => {
      try {
        await check(each);
      } catch (error) {
        error.message = `${each.name}: ${error.message}`;
        throw error;
      }
    };
    const outcomes = await Promise.allSettled(DOOR_WAYS.filter(concerns).map(one));
    for (const { reason } of outcomes) if (reason !== undefined) throw reason;
  };
}

module.exports = { DOOR_WAYS, overEachWay };
