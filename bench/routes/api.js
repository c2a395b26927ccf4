'use strict';

/** The API by which routes come and go, at a Unix socket: that of configurable-http-proxy. */

const http = require('node:http');

/** As many as JupyterHub asks for at a time. */
const AT_A_TIME = 10;
const PATIENCE_MS = 10_000;

class RoutesApi {
  #socketPath;
  #agent = new http.Agent({ keepAlive: true, maxSockets: AT_A_TIME });

  constructor(socketPath) {
    this.#socketPath = socketPath;
  }

  add(path, target) {
    return this.#ask('POST', path, JSON.stringify({ target }), 201);
  }

  remove(path) {
    return this.#ask('DELETE', path, '', 204);
  }

  async #ask(method, path, body, wanted) {
    const options = { socketPath: this.#socketPath, agent: this.#agent, path: `/api/routes${path}`, method };
    const status = await request(options, body);
    if (status !== wanted) throw new Error(`${method} of a route was answered with ${status}`);
  }

  close() {
    this.#agent.destroy();
  }
}

/** @returns {Promise<number>} the status, when the whole answer is there */
function request(options, body = '') {
  return new Promise((resolve, reject) => {
    const req = http.request({ ...options, timeout: PATIENCE_MS }, (res) => {
      res.resume().on('end', () => resolve(res.statusCode));
      res.on('error', reject);
    });
    req.on('timeout', () => req.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
    req.on('error', reject);
    if (body !== '') req.setHeader('Content-Length', Buffer.byteLength(body));
    req.end(body);
  });
}

module.exports = { AT_A_TIME, RoutesApi, request };
