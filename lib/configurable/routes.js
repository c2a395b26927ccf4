'use strict';

/**
 * The routes of `rs-proxy serve`, found by the engine: each has a path, which is shown decoded, a target, and whatever else was posted.
 */

const { configOf } = require('../proxy-server/config.js');
const { RouteStore } = require('../dynamic/route-store.js');
const { placeOf } = require('./route-path.js');

/**
 * @typedef {object} Entry
 * @property {number} id the engine's name for it
 * @property {{ host: string, path: string }} place
 * @property {Record<string, unknown> & { target: string }} data as it was posted
 */

class Routes {
  /** @type {Map<string, Entry>} by path */
  #entries = new Map();
  /** @type {Map<number, string>} paths */
  #byId = new Map();
  #last = 0;
  #options;
  #hostRouting;
  #strips;
  #store;

  /**
   * @param {Record<string, unknown>} options of the proxy
   * @param {{ hostRouting?: boolean, includePrefix?: boolean, store?: string }} settings
   * @throws {StoreError} if the store cannot be opened
   */
  constructor(options, { hostRouting = false, includePrefix = true, store }) {
    const { NativeRegistry } = require('../native/binding.js');
    this.#options = options;
    this.#hostRouting = hostRouting;
    this.#strips = !includePrefix;
    /** The engine's half, which the door reads. */
    this.native = new NativeRegistry(false);
    this.#store = new RouteStore(store);
    for (const { route } of this.#store.routes()) this.#set(placeOf(route.path, hostRouting), route.data);
  }

  get size() {
    return this.#entries.size;
  }

  /** Whether there is a route of this path. */
  has(raw) {
    return this.#entries.has(this.#placeOf(raw).key);
  }

  /**
   * Adds a route, or replaces that of its path.
   *
   * @param {string} raw its path, with escapes
   * @param {Record<string, unknown> & { target: string }} data
   * @param {{ isKept?: boolean }} [how] one that is not kept is only there as long as the process is
   * @returns {string} its path as it is shown
   * @throws {RoutePathError} if the path is none
   * @throws {TypeError} if the target is none
   * @throws {StoreError} if it cannot be kept
   */
  add(raw, data, { isKept = true } = {}) {
    const place = this.#placeOf(raw);
    const own = this.#hostRouting && place.key !== '/' ? { ...data, host: place.host } : data;
    // What is wrong with it is said before it is kept.
    configOf(this.#options, own.target);
    if (isKept) this.#store.put(place.key, { path: place.raw, data: own });
    this.#set(place, own);
    return place.key;
  }

  #set({ key, host, path }, data) {
    const { native: config } = configOf(this.#options, data.target);
    this.#forget(key, { host, path });
    this.#last += 1;
    const id = this.#last;
    this.native.put({ host, path }, id, config, this.#strips);
    this.#entries.set(key, { id, place: { host, path }, data });
    this.#byId.set(id, key);
  }

  /** Takes out what is known by a path. The engine replaces what is at the same place by itself. */
  #forget(key, next) {
    const before = this.#entries.get(key);
    if (before === undefined) return;
    const { id, place } = before;
    if (place.host !== next?.host || place.path !== next?.path) this.native.remove(place);
    this.#byId.delete(id);
    this.#entries.delete(key);
  }

  /**
   * Takes a route out.
   *
   * @param {string} raw its path, with escapes
   * @returns {boolean} whether there was one
   */
  remove(raw) {
    const { key } = this.#placeOf(raw);
    if (!this.#entries.has(key)) return false;
    this.#store.remove(key);
    this.#forget(key);
    return true;
  }

  /** A route as it is shown. */
  get(raw) {
    const entry = this.#entries.get(this.#placeOf(raw).key);
    return entry && this.#shown(entry);
  }

  /** All of them by path. */
  all() {
    // Names of prototypes are names.
    return Object.fromEntries([...this.#entries].map(([key, entry]) => [key, this.#shown(entry)]));
  }

  /**
   * The route for a request, for those that Node serves.
   *
   * @param {import('node:http').IncomingMessage} req
   * @returns {{ target: string, url: string, touch(): void } | undefined} `url`: what the target is asked for
   * @throws {Error} if the URL is malformed
   */
  find({ url, headers }) {
    const found = this.native.locate(headers.host ?? '', url);
    const entry = found && this.#entries.get(this.#byId.get(found.id));
    if (!entry) return undefined;
    const touch = () => this.native.touch(entry.place);
    return { target: entry.data.target, url: found.target ?? url, touch };
  }

  /** Lets go of the store's file. */
  close() {
    this.#store.close();
  }

  #shown({ data, place }) {
    return { ...data, last_activity: new Date(this.native.lastActivity(place)) };
  }

  #placeOf(raw) {
    return placeOf(raw, this.#hostRouting);
  }
}

module.exports = { Routes };
