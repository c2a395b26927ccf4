'use strict';

/**
 * The proxy of dynamic-reverse-proxy: routes by prefix, registered by requests or by calls. Its matching, events and answers are that
 * package's, with what it lets anybody do to it left out.
 */

const { EventEmitter } = require('node:events');
const { callListeners, withinTime } = require('../bridge/listeners.js');
const { endRefused } = require('../bridge/refuse-upgrade.js');
const { warnOnce } = require('../bridge/warning.js');
const { openDoor } = require('../proxy-server/door.js');
const { DECISIONS } = require('../proxy-server/door-routes.js');
const { optionError } = require('../proxy-server/options.js');
const { createProxyServer } = require('../proxy-server/proxy-server.js');
const { dynamicOptions } = require('./options.js');
const { OwnPlaces } = require('./own-places.js');
const { Refusal, readRegistration } = require('./registration.js');
const { HERE, isAllowed, normalPrefix, targetOf, wrongField } = require('./route.js');
const { RouteStore, StoreError } = require('./route-store.js');
const { RouteTable } = require('./route-table.js');

/** What registers routes; the engine leaves it to JavaScript. */
const REGISTER = /^\/register(?=[/?]|$)/i;
const NOT_REGISTER = '!/[rR][eE][gG][iI][sS][tT][eE][rR]/**';
/** Milliseconds for listeners that answer later. */
const LONGEST_ANSWER = 30_000;

class DynamicProxy extends EventEmitter {
  #options;
  #table;
  /** @type {WeakMap<object, object>} what `proxyError` is told of a request's route */
  #hosts = new WeakMap();
  #own = new OwnPlaces();

  /** @param {import('./index.js').DynamicProxyOptions} [options] */
  constructor(options) {
    super();
    this.#options = dynamicOptions(options);
    this.proxy = createProxyServer({ xfwd: true, ws: true });
    this.proxy.on('error', (error, req, res) => this.#failed(error, this.#hostOf(req), req, res, 500));
    const { match, store } = this.#options;
    this.#table = new RouteTable(this.proxy.options, match, new RouteStore(store));
  }

  /** The routes by prefix, as they are now. */
  get routes() {
    return Object.fromEntries(this.#table.list().map((route) => [route.prefix, route]));
  }

  /** The routes, the longest prefix first. */
  getRoutes() {
    return this.#table.list();
  }

  /**
   * Adds routes without an event: an array of them, or an object whose keys say nothing.
   *
   * @param {import('./index.js').Route[] | Record<string, import('./index.js').Route>} routes
   * @returns {this}
   * @throws {TypeError} for what is no route
   */
  addRoutes(routes) {
    for (const route of Object.values(routes)) {
      this.#add({ ...route, host: route?.host ?? HERE });
    }
    return this;
  }

  /**
   * Adds a route, or replaces the one of its prefix. It leads to this machine, unless `allowTargets` has its host.
   *
   * @param {import('./index.js').Route} route its prefix is brought into the form in which it is compared
   * @returns {true}
   * @throws {TypeError} for what is no route
   */
  registerRoute(route) {
    const { allowTargets } = this.#options;
    const isElsewhere = allowTargets.length > 0 && typeof route?.host === 'string';
    if (isElsewhere && !isAllowed(route, allowTargets))
      throw optionError('host', `The route's host ${JSON.stringify(route.host)} is not in allowTargets`);
    this.#add(Object.assign(route ?? {}, { host: isElsewhere ? route.host : HERE }));
    this.emit('routeRegistered', route);
    return true;
  }

  #add(route) {
    const wrong = wrongField(route);
    if (wrong !== undefined) throw optionError(wrong, `The route's ${wrong} cannot be used`);
    route.prefix = normalPrefix(route.prefix);
    if (this.#table.size + this.#table.additional(route) > this.#options.maxRoutes) {
      throw new Refusal('TOO_MANY_ROUTES');
    }
    this.#table.put(route);
    this.#warnOfCircle(route);
  }

  /** Says so of a route that leads to our own door. */
  async #warnOfCircle(route) {
    const target = targetOf(route);
    if ((await this.#own.at(target)) === undefined) return;
    const message = `The route ${route.prefix} leads to the proxy itself (${target}): its requests go round in circles`;
    process.emitWarning(message, { type: 'ProxyWarning', code: 'RS_PROXY_ROUTE_TO_ITSELF' });
  }

  /**
   * Takes out the routes of a prefix.
   *
   * @param {string} prefix
   * @param {string} [reqHostName] that of this request host alone
   * @returns {boolean} whether there was one
   */
  removeRoute(prefix, reqHostName) {
    const removed = this.#table.remove(normalPrefix(prefix), reqHostName);
    for (const route of removed) this.emit('routeRemoved', route);
    return removed.length > 0;
  }

  /**
   * When a route was used last by a request at the door that `listen` opens, or else registered.
   *
   * @param {string} prefix
   * @param {string} [reqHostName] the route of this request host
   * @returns {Date | undefined} nothing if there is no such route
   */
  lastActivity(prefix, reqHostName) {
    const last = this.#table.lastActivity(normalPrefix(prefix), reqHostName);
    return last === null ? undefined : new Date(last);
  }

  /**
   * Serves a request that registers a route.
   *
   * @param {import('node:http').IncomingMessage} req
   * @param {import('node:http').ServerResponse} res
   */
  registerRouteRequest(req, res) {
    this.#register(req, res).catch((error) => {
      const refusal = error instanceof Refusal ? error : new Refusal('BAD_REQUEST', error);
      this.#answer('registerError', [refusal, req, res], res, () => this.#refuse(refusal, req, res));
    });
  }

  async #register(req, res) {
    const route = await readRegistration(req, this.#options);
    if (!route.prefix || wrongField(route) !== undefined) throw new Refusal('INCOMPLETE_REQUEST');
    try {
      this.registerRoute(route);
    } catch (error) {
      if (error instanceof StoreError) throw new Refusal('STORE_UNAVAILABLE', error);
      throw error.option === 'host' ? new Refusal('FORBIDDEN', error) : error;
    }
    if (res.headersSent || res.writableEnded) return;
    const { host, port, prefix } = route;
    res.statusCode = 200;
    if (!this.#options.legacy) res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ message: 'Registered.', host, port, prefix }));
  }

  #refuse({ status }, req, res) {
    res.statusCode = status;
    if (status === 405 && !this.#options.legacy) res.setHeader('allow', 'POST');
    // What is left of the body is not waited for.
    if (!req.complete) res.setHeader('connection', 'close');
    res.end();
  }

  /**
   * Forwards a request by its route.
   *
   * @param {import('node:http').IncomingMessage} req
   * @param {import('node:http').ServerResponse} res
   */
  proxyRequest(req, res) {
    const target = this.#route(req, res);
    if (target === undefined) return;
    const { prefix } = Object.getPrototypeOf(this.#hosts.get(req));
    if (this.#options.servedBy && !res.headersSent) res.setHeader('x-served-by', sendable(target + prefix));
    this.proxy.web(req, res, { target });
  }

  /**
   * Forwards an upgrade by its route.
   *
   * @param {import('node:http').IncomingMessage} req
   * @param {import('node:stream').Duplex} socket
   * @param {Buffer} head
   */
  proxyUpgrade(req, socket, head) {
    const target = this.#route(req, socket);
    if (target !== undefined) this.proxy.ws(req, socket, head, { target });
  }

  /**
   * Lets the engine listen: what has a route never comes to JavaScript. `POST /register` registers routes.
   *
   * @param {number} port
   * @param {import('../../index.js').DoorOptions} [options]
   * @param {() => void} [onListening]
   * @returns {import('../../index.js').DoorServer}
   */
  listen(port, options = {}, onListening = undefined) {
    const serve = (req, res) => {
      if (REGISTER.test(req.url)) this.registerRouteRequest(req, res);
      else this.proxyRequest(req, res);
    };
    const upgrade = (req, socket, head) => {
      this.proxyUpgrade(req, socket, head);
      return true;
    };
    const decisions = { registry: this.#table.native, pathFilter: NOT_REGISTER };
    const settings = { ...options, fallback: serve, [DECISIONS]: decisions };
    const door = openDoor({ proxy: this.proxy, serve, upgrade }, [port, settings, onListening]);
    door.once('close', () => this.#own.remove(door));
    return door.once('listening', () => {
      this.#own.add(door, door.address());
      for (const route of this.getRoutes()) this.#warnOfCircle(route);
    });
  }

  /** Lets go of the file that routes are kept in. The routes stay; there can be no others. */
  close() {
    this.#table.close();
  }

  /** What `proxyError` is told of a request's route. */
  #hostOf(req) {
    if (!this.#hosts.has(req)) {
      // The engine has found its target.
      const route = this.#table.find(req);
      if (route !== undefined) this.#hosts.set(req, Object.create(route));
    }
    return this.#hosts.get(req) ?? null;
  }

  /** Where a request goes; if nowhere, it is answered. */
  #route(req, res) {
    let route;
    try {
      route = this.#table.find(req);
    } catch (cause) {
      this.#failed(new Error('BAD_REQUEST', { cause }), null, req, res, 400);
      return undefined;
    }
    if (route === undefined) {
      this.#failed(new Error('NOT_FOUND'), null, req, res, 501);
      return undefined;
    }
    const host = Object.create(route);
    this.#hosts.set(req, host);
    // Frameworks may have a read-only property of that name.
    Reflect.set(req, 'host', host);
    return targetOf(route);
  }

  #failed(error, host, req, res, status) {
    const written = res.bytesWritten;
    this.#answer('proxyError', [error, host, req, res], res, () => {
      if (typeof res.setHeader !== 'function') {
        endRefused(res, written, status);
        return;
      }
      if (res.headersSent) {
        res.destroy();
        return;
      }
      res.statusCode = status;
      res.end();
    });
  }

  /** Tells the listeners. Who of them answers, at once or when its promise settles, has answered; if nobody does, the default is given. */
  #answer(event, args, res, giveDefault) {
    const warn = (error) => warnOnce(this.proxy, error);
    const pending = callListeners(this, event, args, warn);
    const finish = () => {
      if (!res.writableEnded && !res.destroyed) giveDefault();
    };
    if (pending === undefined) finish();
    else withinTime(event, pending, LONGEST_ANSWER).catch(warn).then(finish);
  }
}

/** Prefixes may be of any letters, fields of a response may not. */
function sendable(text) {
  return /^[ -~]*$/.test(text) ? text : encodeURI(text.toWellFormed());
}

module.exports = { DynamicProxy };
