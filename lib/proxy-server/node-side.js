'use strict';

/**
 * What the native door hands over to Node. Each socket carries requests of one client's connection and is given to a server of Node's, which
 * does with them what it does with any others.
 */

const fs = require('node:fs');
const http = require('node:http');
const { unpackError } = require('../bridge/errors.js');
const { Outcome } = require('../bridge/outcome.js');
const { refuseUpgrade } = require('../bridge/refuse-upgrade.js');
const { warnOnce } = require('../bridge/warning.js');
const { Call } = require('./call.js');
const { ClientSocket } = require('./client-socket.js');
const { configOf } = require('./config.js');
const { failRequest } = require('./forward-request.js');
const { SecureClientSocket } = require('./secure-client-socket.js');

/**
 * @typedef {object} Subject what a door is in front of
 * @property {import('./proxy-server.js').ProxyServer} proxy
 * @property {string} [nodesOption] an option of its own, beside the proxy's, by which only JavaScript can decide
 * @property {import('./door-routes.js').Decisions} [decisions] what the engine decides by; filled in by the door
 * @property {boolean} [failsAlike] a handshake that has failed is told like any other request that has: with a response in the place of the socket
 * @property {(req: http.IncomingMessage, res: http.ServerResponse, next: () => void, target?: unknown) => void} serve
 *   `target` is that of the request's route, if there are routes
 * @property {(req: http.IncomingMessage, socket: import('node:net').Socket, head: Buffer, target?: unknown) => boolean} upgrade whether it has taken the socket
 */

/** A receiver; the same number stands in src/binding/handed.rs. */
const FALLBACK = -2;

class NodeSide {
  #subject;
  #own;
  #fallback;
  #sockets = new Set();
  #onEmpty;
  #tell;

  /**
   * @param {Subject} subject
   * @param {Function | http.Server} [fallback] gets what is not the subject's
   * @param {number} maxHeaderSize the door's
   * @param {(what: 'reset' | 'desert', number: number) => void} tell tells the engine that a socket is to be reset, or is given up with
   *   something in it
   */
  constructor(subject, fallback, maxHeaderSize, tell) {
    this.#subject = subject;
    this.#tell = tell;
    this.#own = internalServer(maxHeaderSize, (req, res) => this.#request(req, res));
    this.#fallback = typeof fallback === 'function' ? internalServer(maxHeaderSize, fallback) : fallback;
    // Without a listener an upgrade is a request like any other.
    if (subject.proxy.options.ws || this.#fallback?.listenerCount('upgrade') > 0)
      this.#own.on('upgrade', (...args) => this.#upgrade(...args));
  }

  /** Takes a client's connection in; called by the engine, which must not be thrown at. */
  visit = ({ fd, number, receiver, failure, ...client }) => {
    client.reset = () => this.#tell('reset', number);
    client.desert = () => this.#tell('desert', number);
    if (receiver >= 0) client.route = this.#subject.decisions.routes[receiver];
    if (failure) client.failure = { ...failure, error: unpackError(failure.error) };
    let socket;
    try {
      socket = client.session ? new SecureClientSocket(fd, client) : new ClientSocket(fd, client);
    } catch (error) {
      // The client is cut off, as it is when Node cannot accept its connection.
      fs.closeSync(fd);
      warnOnce(this.#subject.proxy, error);
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => this.#closed(socket));
    try {
      (receiver === FALLBACK ? this.#fallback : this.#own).emit('connection', socket);
    } catch (error) {
      socket.destroy();
      warnOnce(this.#subject.proxy, error);
    }
  };

  /**
   * Ends what is left when the door has closed: the clients are gone.
   *
   * @param {() => void} onClosed
   */
  close(onClosed) {
    // Says so to those who have met it with a request.
    this.#own.close();
    if (this.#fallback instanceof InternalServer) this.#fallback.close();
    this.#onEmpty = onClosed;
    for (const socket of this.#sockets) socket.destroy();
    if (this.#sockets.size === 0) onClosed();
  }

  #closed(socket) {
    this.#sockets.delete(socket);
    if (this.#sockets.size === 0) this.#onEmpty?.();
  }

  #request(req, res) {
    const { proxy, serve } = this.#subject;
    const { failure, route } = req.socket;
    if (failure === undefined) {
      serve(req, res, () => this.#passOn(req, res), route?.target);
      return;
    }
    // The client knows already, and has been cut off.
    if (failure.begun) {
      res.writeHead(failure.begun);
      res.destroy();
    }
    const call = new Call(proxy, proxy.options, undefined, new Outcome());
    const { decisions } = this.#subject;
    // One that stands alone among the options says more than its URL.
    const isAlone = [decisions.router, decisions.routes, decisions.registry].every(
      (one) => one === undefined,
    );
    call.config = configOf(proxy.options, isAlone ? proxy.options.target : failure.target);
    failRequest(proxy, req, res, call, 'target', failure.error);
  }

  /** Not the subject's after all. */
  #passOn(req, res) {
    if (this.#fallback?.emit('request', req, res)) return;
    res.statusCode = 404;
    res.setHeader('content-type', 'text/plain; charset=utf-8');
    res.end('404 Not Found\n');
  }

  #upgrade(req, socket, head) {
    const { proxy, upgrade } = this.#subject;
    if (proxy.options.ws && upgrade(req, socket, head, socket.route?.target)) return;
    if (this.#fallback?.emit('upgrade', req, socket, head)) return;
    refuseUpgrade(socket, 404);
  }
}

/** A server that never listens: it serves the sockets that it is given. The door limits its clients' time. */
class InternalServer extends http.Server {}

function internalServer(maxHeaderSize, onRequest) {
  const settings = {
    maxHeaderSize: maxHeaderSize + ADDED,
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: 0,
  };
  return new InternalServer(settings, onRequest);
}

/** The door may add a field of its own to a head. */
const ADDED = 1024;

module.exports = { NodeSide };
