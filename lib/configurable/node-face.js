'use strict';

/** The requests that the engine leaves to Node: those without a route, those whose target has failed, and the question whether all is well. */

const http = require('node:http');
const { refuseUpgrade } = require('../bridge/refuse-upgrade.js');

const HEALTH = '/_chp_healthz';
/** What happens every day: the target is not there, or does not answer. */
const USUAL = new Set(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ETIMEDOUT']);

class NodeFace {
  #proxy;
  #routes;
  #pages;
  #log;
  #healthChecks = 0;
  /** What has come to a server that is in front itself, which the engine does not see. */
  #front = { web: 0, ws: 0, answers: new Map() };

  /**
   * @param {object} parts
   * @param {import('node:events').EventEmitter} parts.proxy
   * @param {import('./routes.js').Routes} parts.routes
   * @param {import('./error-pages.js').ErrorPages} parts.pages
   * @param {import('./log.js').Log} parts.log
   */
  constructor({ proxy, routes, pages, log }) {
    this.#proxy = proxy;
    this.#routes = routes;
    this.#pages = pages;
    this.#log = log;
  }

  /** A server with both listeners, behind the engine's. */
  server() {
    return http.createServer(this.request).on('upgrade', this.upgrade);
  }

  /**
   * The same for a server that is in front itself: what it answers, nobody else counts.
   *
   * @template {http.Server} T
   * @param {T} server
   * @returns {T}
   */
  front(server) {
    const { answers } = this.#front;
    server.on('request', (req, res) => {
      if (req.url === HEALTH) return;
      this.#front.web += 1;
      res.once('finish', () => answers.set(res.statusCode, (answers.get(res.statusCode) ?? 0) + 1));
    });
    server.on('upgrade', () => (this.#front.ws += 1));
    return server.on('request', this.request).on('upgrade', this.upgrade);
  }

  /** Serves a request. */
  request = (req, res) => {
    if (req.url === HEALTH) {
      this.#healthChecks += 1;
      res.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"OK"}');
      return;
    }
    this.#forward(req, res, ({ target, touch }) => {
      this.#proxy.web(req, res, { target });
      req.on('data', touch);
      res.once('finish', () => res.statusCode < 300 && touch());
    });
  };

  /** Serves a handshake. */
  upgrade = (req, socket, head) => {
    this.#forward(req, socket, ({ target, touch }) => {
      this.#proxy.ws(req, socket, head, { target });
      socket.on('data', touch);
    });
    return true;
  };

  #forward(req, res, forward) {
    this.#found(req)
      .then((route) => {
        if (route === undefined) return this.#answer(404, '', req, res);
        req.url = route.url;
        return forward(route);
      })
      .catch((error) => this.#answer(isMalformed(error) ? 400 : 500, `${error}`, req, res));
  }

  async #found(req) {
    return this.#routes.find(req);
  }

  /** A request's target has failed. `res` may be the socket of a handshake. */
  failed(error, req, res) {
    this.#answer(503, USUAL.has(error.code) ? error.message : `${error}`, req, res);
  }

  #answer(status, why, req, res) {
    this.#log.error(`${status} ${req.method} ${req.url.split('?', 1)[0]} ${why}`.trimEnd());
    if (typeof res.setHeader !== 'function') refuseUpgrade(res, status);
    // A page is of no use to a program.
    else if (req.headers['sec-websocket-key'] !== undefined) endBare(status, res);
    else {
      this.#pages.answer(status, req, res).catch((error) => {
        this.#log.error(`The answer could not be given: ${error}`);
        res.destroy();
      });
    }
  }

  /**
   * What has come to the public place, for the metrics.
   *
   * @returns {import('./metrics.js').Seen}
   */
  seen() {
    const { web, upgrades, searching, activities, statuses, answers } = this.#routes.native.tally();
    // The original counts neither tunnels, nor clients that left unanswered, nor questions after its health.
    const all = statuses.map((status, at) => [status, answers[at]]);
    const byStatus = new Map(all.filter(([status]) => status >= 200));
    if (byStatus.has(200)) byStatus.set(200, Math.max(0, byStatus.get(200) - this.#healthChecks));
    const front = this.#front;
    return {
      web: web + front.web,
      ws: upgrades + front.ws,
      answers: front.answers.size > 0 ? front.answers : byStatus,
      searching,
      activities,
    };
  }
}

/** The engine can decide nothing about its URL. */
const isMalformed = ({ code }) => code === 'InvalidArg';

function endBare(status, res) {
  if (!res.headersSent) res.writeHead(status, { 'content-length': 0, connection: 'close' });
  res.end();
}

module.exports = { NodeFace };
