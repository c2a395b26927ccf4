'use strict';

/**
 * Peers that speak raw bytes: a target that answers what the test says, byte for byte, and a client that sends it. Everything that is
 * started is ended by `closeAll`, which each test file calls in `afterEach`.
 */

const http = require('node:http');
const net = require('node:net');
const { randomInt } = require('node:crypto');
const { once } = require('node:events');

const cleanUps = [];

/** Registers what must be ended after the test. */
function onCleanUp(end) {
  cleanUps.push(end);
}

/** Ends everything that the test has started, last first. */
async function closeAll() {
  for (const end of cleanUps.splice(0).reverse()) await end();
}

async function listening(server, ...where) {
  server.listen(...(where.length > 0 ? where : [0, '127.0.0.1']));
  await once(server, 'listening');
  return server;
}

/**
 * A target that is called for each connection with its socket and records what it receives. `connected(index)` waits for a connection.
 *
 * @param {(connection: RawConnection, index: number) => void} onConnection
 * @param {...unknown} where arguments of `listen`; a free loopback port by default
 */
async function rawTarget(onConnection, ...where) {
  const connections = [];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const connection = new RawConnection(socket);
    connections.push(connection);
    onConnection(connection, connections.length - 1);
  });
  await listening(server, ...where);
  onCleanUp(async () => {
    for (const { socket } of connections) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address();
  const connected = async (index = 0) => {
    await eventually(
      () => connections.length > index,
      () => `there were ${connections.length} connections`,
    );
    return connections[index];
  };
  return { server, connections, connected, port, url: `http://127.0.0.1:${port}` };
}

/**
 * A target that gives each request the same raw answer, as soon as its head (and a body of known length) has arrived.
 *
 * @param {string | Buffer} answer text is latin1
 * @param {{ end?: 'fin' | 'rst' | 'keep' }} [options] what follows the answer
 */
function answeringTarget(answer, { end = 'keep' } = {}) {
  return rawTarget((connection) => {
    connection.onRequest(() => {
      connection.socket.write(Buffer.from(answer, 'latin1'), () => {
        if (end === 'fin') connection.socket.end();
        if (end === 'rst') connection.socket.resetAndDestroy();
      });
    });
  });
}

/** One raw connection, seen from either end. */
class RawConnection {
  #listeners = [];

  constructor(socket) {
    this.socket = socket;
    /** Everything that was received. */
    this.bytes = Buffer.alloc(0);
    /** 'fin', 'rst' (or another error's code), once the other end has closed. */
    this.ending = null;
    socket.on('data', (chunk) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      for (const listener of [...this.#listeners]) listener();
    });
    socket.on('end', () => this.#end('fin'));
    socket.on('error', (error) => this.#end(error.code === 'ECONNRESET' ? 'rst' : error.code));
    socket.on('close', () => this.#end('closed'));
  }

  #end(how) {
    this.ending ??= how;
    for (const listener of [...this.#listeners]) listener();
  }

  /** What was received, as latin1 text. */
  get text() {
    return this.bytes.toString('latin1');
  }

  /** Calls `onRequest` for each request head that arrives (bodies of known length are waited for). */
  onRequest(onRequest) {
    let at = 0;
    const look = () => {
      for (;;) {
        const end = this.text.indexOf('\r\n\r\n', at);
        if (end < 0) return;
        const head = this.text.slice(at, end);
        const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
        let next = end + 4 + length;
        if (/^transfer-encoding: chunked$/im.test(head)) {
          const last = this.text.indexOf('0\r\n', end + 4);
          const over = last < 0 ? -1 : this.text.indexOf('\r\n\r\n', last);
          if (over < 0) return;
          next = over + 4;
        }
        if (this.bytes.length < next) return;
        at = next;
        onRequest(head);
      }
    };
    this.#listeners.push(look);
    look();
  }

  /** Waits until `condition(this)` is true; fails with what was received instead. */
  until(condition, milliseconds = 10_000) {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        this.#listeners = this.#listeners.filter((listener) => listener !== look);
      };
      const look = () => {
        if (!condition(this)) return;
        done();
        resolve(this);
      };
      const timer = setTimeout(() => {
        done();
        reject(
          new Error(
            `Nothing came of it within ${milliseconds} ms (ending: ${this.ending}); received: ${JSON.stringify(this.text.slice(0, 2000))}`,
          ),
        );
      }, milliseconds);
      this.#listeners.push(look);
      look();
    });
  }

  /** Waits for the other end to close. */
  closed(milliseconds) {
    return this.until((connection) => connection.ending !== null, milliseconds);
  }

  /** Waits for a text. */
  received(text, milliseconds) {
    return this.until((connection) => connection.text.includes(text), milliseconds);
  }
}

/**
 * Connects to a port and sends bytes.
 *
 * @param {number} port
 * @param {string | Buffer} [bytes] text is latin1
 */
async function rawClient(port, bytes) {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const connection = new RawConnection(socket);
  onCleanUp(() => socket.destroy());
  await once(socket, 'connect');
  if (bytes !== undefined) socket.write(Buffer.from(bytes, 'latin1'));
  return connection;
}

/** Sends a request that asks for the connection to be closed, and gives the whole answer as text. */
async function rawExchange(port, bytes, milliseconds) {
  const client = await rawClient(port, bytes);
  await client.closed(milliseconds);
  return client.text;
}

/**
 * An HTTP server on a free loopback port with this request listener.
 *
 * @param {import('node:http').RequestListener} listener
 */
async function httpServer(listener, options = {}) {
  const server = await listening(http.createServer(options, listener));
  onCleanUp(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address();
  return { server, port, url: `http://127.0.0.1:${port}` };
}

/** A port at which nobody listens. It is below those that the system hands out, so that no server is given it meanwhile. */
async function closedPort() {
  for (;;) {
    const port = 10_000 + randomInt(20_000);
    const server = net.createServer();
    try {
      await listening(server, port, '127.0.0.1');
    } catch (error) {
      if (error.code === 'EADDRINUSE') continue;
      throw error;
    }
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/**
 * For clients that keep their connections until the end of the test.
 *
 * @param {http.AgentOptions} [settings]
 */
function keepingAgent(settings) {
  const agent = new http.Agent({ keepAlive: true, ...settings });
  onCleanUp(() => agent.destroy());
  return agent;
}

/**
 * Makes a server listen that ends with the test, whoever is connected to it then.
 *
 * @param {import('node:net').Server} server
 * @param {...unknown} where arguments of `listen`; a free loopback port by default
 * @returns `sockets`: its connections so far
 */
async function testServer(server, ...where) {
  const sockets = [];
  server.on('connection', (socket) => sockets.push(socket));
  await listening(server, ...where);
  onCleanUp(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { server, port: server.address().port, sockets };
}

/**
 * Begins to listen at a port that was free a moment ago: a connection that goes out may have it for a while.
 *
 * @template T
 * @param {() => Promise<T>} listen
 * @returns {Promise<T>}
 */
async function onceFree(listen) {
  let made;
  await eventually(async () => {
    try {
      made = await listen();
      return true;
    } catch (error) {
      if (error.code !== 'EADDRINUSE') throw error;
      return false;
    }
  });
  return made;
}

/** Waits until a condition holds; fails with what `describe` says. */
async function eventually(condition, describe = () => 'the condition never held', milliseconds = 10_000) {
  const deadline = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Within ${milliseconds} ms: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until a number has stopped growing: it is the same after a fifth of a second. */
async function steady(read) {
  let before;
  await eventually(async () => {
    const isSteady = read() === before;
    before = read();
    if (!isSteady) await new Promise((resolve) => setTimeout(resolve, 200));
    return isSteady;
  });
}

module.exports = {
  RawConnection,
  answeringTarget,
  closeAll,
  closedPort,
  eventually,
  httpServer,
  keepingAgent,
  listening,
  onCleanUp,
  onceFree,
  rawClient,
  rawExchange,
  rawTarget,
  steady,
  testServer,
};
