'use strict';

const http = require('node:http');
const http2 = require('node:http2');
const { Outcome } = require('../bridge/outcome.js');
const { Call } = require('./call.js');
const { Door, openDoor } = require('./door.js');
const { failRequest } = require('./forward-request.js');

/** The servers that a proxy listens with itself. */
class Listening {
  #servers = new Set();

  /**
   * @param {import('./proxy-server.js').ProxyServer} proxy
   * @param {unknown[]} where arguments of `net.Server.listen`; or a port and an object of options, which is what the native door takes
   */
  listen(proxy, where) {
    const server = isForDoor(where) ? openDoor(subjectOf(proxy), where) : serveWithNode(proxy, where);
    this.#servers.add(server);
    server.once('close', () => this.#servers.delete(server));
    return server;
  }

  /** The passes have changed. */
  refresh() {
    for (const server of this.#servers) if (server instanceof Door) server.refresh();
  }

  /**
   * Closes them all.
   *
   * @param {(...args: unknown[]) => void} onClosed is called once, when no connection is left, with what a server's own callback gets
   */
  close(onClosed) {
    let left = this.#servers.size;
    let result = [];
    if (left === 0) onClosed();
    for (const server of [...this.#servers]) {
      server.close((...args) => {
        // One that could not begin to listen never says that it is closed.
        this.#servers.delete(server);
        if (args.length > 0) result = args;
        left -= 1;
        if (left === 0) onClosed(...result);
      });
    }
  }
}

/** No form of `net.Server.listen` has an object behind the port. */
function isForDoor(where) {
  return typeof where[1] === 'object' && where[1] !== null;
}

/** What the door is in front of. */
function subjectOf(proxy) {
  return {
    proxy,
    serve: (req, res, _next, target) => {
      const args = target === undefined ? [req, res] : [req, res, { target }];
      serve(proxy, req, res, () => proxy.web(...args));
    },
    upgrade: (req, socket, head, target) => {
      const args = target === undefined ? [req, socket, head] : [req, socket, head, { target }];
      serve(proxy, req, socket, () => proxy.ws(...args));
      return true;
    },
  };
}

function serveWithNode(proxy, where) {
  const { ssl, ws } = proxy.options;
  const onRequest = (req, res) => serve(proxy, req, res, () => proxy.web(req, res));
  const server = ssl
    ? http2.createSecureServer({ ...ssl, allowHTTP1: true }, onRequest)
    : http.createServer(onRequest);
  if (ws) {
    server.on('upgrade', (req, socket, head) => serve(proxy, req, socket, () => proxy.ws(req, socket, head)));
  }
  server.listen(...where);
  return server;
}

/** There is no caller who could catch what options that were edited in the meantime let `web()` throw. */
function serve(proxy, req, res, forward) {
  try {
    forward();
  } catch (thrown) {
    failRequest(proxy, req, res, new Call(proxy, proxy.options, undefined, new Outcome()), 'web', thrown);
  }
}

module.exports = { Listening };
