'use strict';

/**
 * A proxy that is configured while it runs, as configurable-http-proxy is: one public place, whose requests the engine serves by their routes,
 * and one for the REST API that changes them.
 */

const http = require('node:http');
const https = require('node:https');
const { OwnPlaces } = require('../dynamic/own-places.js');
const { openDoor } = require('../proxy-server/door.js');
const { DECISIONS } = require('../proxy-server/door-routes.js');
const { createProxyServer } = require('../proxy-server/proxy-server.js');
const { admission } = require('./admission.js');
const { ErrorPages } = require('./error-pages.js');
const { listenOptions } = require('./listening.js');
const { Metrics } = require('./metrics.js');
const { NodeFace } = require('./node-face.js');
const { lookupElsewhere, targetRule } = require('./route-target.js');
const { Routes } = require('./routes.js');
const { RoutesApi } = require('./routes-api.js');

/** Left to Node, whatever the routes are; see node-face.js. */
const NOT_HEALTH = '!/_chp_healthz';
const LIMITS = { maxBodySize: 64 * 1024, bodyTimeout: 5000, maxRoutes: 100_000 };
/** Clients of notebooks have long URLs: they carry state. */
const LONGEST_URL = 16 * 1024;

/** What of this process routes should not lead to, and what comes of it. */
const OWN = {
  api: { name: 'the REST API', so: 'whoever may use the proxy reaches the API' },
  metrics: { name: 'the metrics', so: 'whoever may use the proxy reads them' },
  public: { name: 'the proxy itself', so: 'its requests go round in circles' },
};

class ConfigurableProxy {
  #settings;
  #proxy;
  #routes;
  #pages;
  #node;
  #metrics;
  #api;
  #own = new OwnPlaces();

  /**
   * @param {object} settings
   * @param {Record<string, unknown>} settings.proxy options of `createProxyServer`
   * @param {import('./log.js').Log} settings.log
   * @param {string} [settings.token] who uses the API has to know it
   * @param {string[]} [settings.allowHosts] names of the API, beside those of this machine, where there is no token
   * @param {string[]} [settings.allowTargets] where routes may lead
   * @param {boolean} [settings.hostRouting]
   * @param {boolean} [settings.includePrefix]
   * @param {object} [settings.routes] kept by somebody else
   * @param {string} [settings.store] `file:` and a path
   * @param {string} [settings.defaultTarget]
   * @param {string} [settings.errorTarget]
   * @param {string} [settings.errorPath]
   * @param {object} [settings.apiSsl] TLS of the API, as Node's servers take it
   */
  constructor(settings) {
    const { allowHosts = [], allowTargets = [], log, token, defaultTarget } = settings;
    this.#settings = settings;
    const { ca, cert, key, secure } = settings.proxy;
    const tls = { ca, cert, key, rejectUnauthorized: secure !== false };
    this.#pages = new ErrorPages({ ...settings, tls });
    const lookup = allowTargets.length === 0 ? lookupElsewhere : undefined;
    this.#proxy = createProxyServer({ ...settings.proxy, lookup, ws: true });
    this.#proxy.on('error', (error, req, res) => this.#node.failed(error, req, res));
    this.#routes = settings.routes ?? new Routes(this.#proxy.options, settings);
    if (defaultTarget !== undefined) this.#routes.addDefault(defaultTarget);
    this.#node = new NodeFace({ proxy: this.#proxy, routes: this.#routes, pages: this.#pages, log });
    this.#metrics = new Metrics(() => this.#node.seen());
    this.#api = new RoutesApi({
      routes: this.#routes,
      whyNot: admission({ token, allowHosts }),
      onAdded: (path, target) => this.#warnOfOwn(path, target),
      targetProblem: targetRule(allowTargets),
      limits: LIMITS,
      metrics: this.#metrics,
      log,
    });
  }

  /**
   * Lets the engine listen for the public.
   *
   * @param {import('./listening.js').Place} place
   * @param {import('../../index.js').DoorOptions} options
   * @returns {import('../../index.js').DoorServer}
   */
  openDoor({ path, port, host }, options) {
    const { request, upgrade } = this.#node;
    const settings = {
      maxUrlLength: LONGEST_URL,
      ...options,
      host: host || undefined,
      fallback: this.#node.server(),
      [DECISIONS]: { registry: this.#routes.native, pathFilter: NOT_HEALTH },
    };
    const subject = { proxy: this.#proxy, serve: request, upgrade, failsAlike: true };
    return this.#noted(OWN.public, openDoor(subject, [path ?? port, settings]));
  }

  /**
   * Has Node listen for the public, where its TLS can do what the engine's cannot.
   *
   * @param {object} tls as Node's servers take it
   * @param {import('./listening.js').Place} place
   * @param {import('../../index.js').DoorOptions} options
   * @returns {https.Server}
   */
  nodeServer(tls, place, { keepAliveTimeout }) {
    const server = this.#node.front(https.createServer({ ...tls, keepAliveTimeout }));
    return this.#noted(OWN.public, server.listen(listenOptions(place)));
  }

  /** @returns {http.Server} for the API, which does not listen yet */
  apiServer() {
    const { apiSsl } = this.#settings;
    const server =
      apiSsl === undefined
        ? http.createServer(this.#api.handle)
        : https.createServer(apiSsl, this.#api.handle);
    return this.#noted(OWN.api, server);
  }

  /** @returns {http.Server} for the metrics, which does not listen yet */
  metricsServer() {
    this.#metrics.watchProcess();
    return this.#noted(OWN.metrics, http.createServer(this.#metrics.handle));
  }

  /**
   * Remembers where a server listens, once it does, and says which of the routes that there are lead there.
   *
   * @template {import('node:events').EventEmitter} T
   * @param {(typeof OWN)[keyof typeof OWN]} what
   * @param {T} server
   * @returns {T}
   */
  #noted(what, server) {
    return server.once('listening', async () => {
      this.#own.add(what, server.address());
      try {
        const routes = Object.entries(await this.#routes.all());
        for (const [key, { target }] of routes) await this.#warnOfOwn(key, target, what);
      } catch (error) {
        this.#settings.log.error(`Whether routes lead to ${what.name} is not known: ${error}`);
      }
    });
  }

  /** Says so of a route that leads here. `only`: to this place. */
  async #warnOfOwn(key, target, only) {
    const what = await this.#own.at(target);
    if (what === undefined || (only !== undefined && only !== what)) return;
    this.#settings.log.warn(`The route ${key} leads to ${what.name} (${target}): ${what.so}`);
  }

  /** Lets go of files and of connections of its own; the servers are closed by whoever has them. */
  close() {
    this.#routes.close();
    this.#pages.close();
  }
}

module.exports = { ConfigurableProxy };
