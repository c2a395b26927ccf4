'use strict';

const { configOf } = require('../proxy-server/config.js');
const { targetOf } = require('./route.js');

/** The routes of one proxy, found by the engine. */
class RouteTable {
  /** @type {Map<string, { id: number, route: object }>} by host and prefix */
  #entries = new Map();
  /** @type {Map<number, object>} */
  #byId = new Map();
  #last = 0;
  #options;
  #foldCase;

  /**
   * @param {Record<string, unknown>} options of the proxy
   * @param {'string' | 'segment'} match
   */
  constructor(options, match) {
    const { NativeRegistry } = require('../native/binding.js');
    this.#options = options;
    this.#foldCase = match === 'segment';
    /** The engine's half, which a native door reads as well. */
    this.native = new NativeRegistry(match === 'string');
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
   */
  put(route) {
    const { native: config } = configOf(this.#options, targetOf(route));
    for (const host of hostsOf(route)) {
      this.#last += 1;
      this.native.put({ host, path: route.prefix }, this.#last, config, false);
      const key = keyOf(host, route.prefix);
      const before = this.#entries.get(key);
      if (before !== undefined) this.#byId.delete(before.id);
      this.#entries.set(key, { id: this.#last, route });
      this.#byId.set(this.#last, route);
    }
  }

  /**
   * Takes out the routes of a prefix.
   *
   * @param {string} prefix
   * @param {string} [host] those of this request host alone
   * @returns {object[]} them
   */
  remove(prefix, host) {
    const removed = new Set();
    for (const [key, { id, route }] of [...this.#entries]) {
      const own = hostOfKey(key);
      if (route.prefix !== prefix || (host !== undefined && own !== host.toLowerCase())) continue;
      this.native.remove({ host: own, path: prefix });
      this.#entries.delete(key);
      this.#byId.delete(id);
      removed.add(route);
    }
    return [...removed];
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
