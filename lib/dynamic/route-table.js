'use strict';

const { configOf } = require('../proxy-server/config.js');
const { targetOf } = require('./route.js');
const { RouteStore } = require('./route-store.js');

/** The routes of one proxy, found by the engine. */
class RouteTable {
  /** @type {Map<string, { id: number, route: object }>} by host and prefix */
  #entries = new Map();
  /** @type {Map<number, object>} */
  #byId = new Map();
  #last = 0;
  #options;
  #foldCase;
  #store;

  /**
   * @param {Record<string, unknown>} options of the proxy
   * @param {'string' | 'segment'} match
   * @param {RouteStore} [store] has the routes of before, and keeps those to come
   */
  constructor(options, match, store = new RouteStore()) {
    const { NativeRegistry } = require('../native/binding.js');
    this.#store = store;
    this.#options = options;
    this.#foldCase = match === 'segment';
    /** The engine's half, which a native door reads as well. */
    this.native = new NativeRegistry(match === 'string');
    for (const { key, route } of store.routes()) this.#set(key, route);
  }

  get size() {
    return this.#entries.size;
  }

  /** How many entries a route takes that are not there yet. */
  additional(route) {
    return hostsOf(route).filter((host) => !this.#entries.has(keyOf(host, route.prefix))).length;
  }

  /**
   * Adds a route, or replaces those of its prefix and hosts.
   *
   * @throws {TypeError} if its host is none
   * @throws {StoreError} if it cannot be kept
   */
  put(route) {
    // What is wrong with it is said before it is kept.
    configOf(this.#options, targetOf(route));
    const keys = hostsOf(route).map((host) => keyOf(host, route.prefix));
    this.#store.put(keys, route);
    for (const key of keys) this.#set(key, route);
  }

  #set(key, route) {
    const { native: config } = configOf(this.#options, targetOf(route));
    this.#last += 1;
    this.native.put({ host: hostOfKey(key), path: route.prefix }, this.#last, config, false);
    const before = this.#entries.get(key);
    if (before !== undefined) this.#byId.delete(before.id);
    this.#entries.set(key, { id: this.#last, route });
    this.#byId.set(this.#last, route);
  }

  /**
   * Takes out the routes of a prefix.
   *
   * @param {string} prefix
   * @param {string} [host] those of this request host alone
   * @returns {object[]} them
   */
  remove(prefix, host) {
    const isMeant = ([key, { route }]) =>
      route.prefix === prefix && (host === undefined || hostOfKey(key) === host.toLowerCase());
    const gone = [...this.#entries].filter(isMeant);
    if (gone.length === 0) return [];
    this.#store.remove(gone.map(([key]) => key));
    for (const [key, { id }] of gone) {
      this.native.remove({ host: hostOfKey(key), path: prefix });
      this.#entries.delete(key);
      this.#byId.delete(id);
    }
    return [...new Set(gone.map(([, { route }]) => route))];
  }

  /**
   * The route for a request.
   *
   * @param {{ url: string, headers: { host?: string } }} req
   * @returns {object | undefined}
   * @throws {Error} if the URL is malformed
   */
  find({ url, headers }) {
    const id = this.native.find(headers.host ?? '', this.#foldCase ? url.toLowerCase() : url);
    return id === null ? undefined : this.#byId.get(id);
  }

  /**
   * When the route of a prefix and a request host was used last at a native door, or else registered: the body of a request came, what a
   * WebSocket's client says, or the end of an answer below 300, as with configurable-http-proxy.
   *
   * @param {string} prefix
   * @param {string} [host] '' for every one
   * @returns {number | null} milliseconds since the epoch
   */
  lastActivity(prefix, host = '') {
    return this.native.lastActivity({ host, path: prefix });
  }

  close() {
    this.#store.close();
  }

  /** The routes, the longest prefix first, then backwards by the alphabet. */
  list() {
    const routes = [...new Set([...this.#entries.values()].map(({ route }) => route))];
    const order = (a, b) => b.prefix.length - a.prefix.length || (a.prefix < b.prefix ? 1 : -1);
    return routes.sort(order);
  }
}

/** The hosts of requests that a route is for; the empty one is any. */
function hostsOf({ reqHostNames }) {
  return reqHostNames?.length > 0 ? reqHostNames.map((name) => name.toLowerCase()) : [''];
}

/** A host has no slash in it, and every prefix begins with one. */
const keyOf = (host, prefix) => host + prefix;
const hostOfKey = (key) => key.slice(0, key.indexOf('/'));

module.exports = { RouteTable };
