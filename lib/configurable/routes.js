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
  /** Routes that are about to be there, as soon as they are kept. */
  #coming = 0;
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
    return this.#entries.size + this.#coming;
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
   * @returns {Promise<string>} its path as it is shown. It rejects with a `RoutePathError` if the path is none, a `TypeError` if the target is
   *   none, a `StoreError` if it cannot be kept
   */
  async add(raw, data) {
    const { place, own } = this.#checked(raw, data);
    this.#coming += 1;
    try {
      await this.#store.changeSoon(place.key, { path: place.raw, data: own });
    } finally {
      this.#coming -= 1;
    }
    this.#set(place, own);
    return place.key;
  }

  /**
   * Where requests without a route go, as long as this process is there.
   *
   * @throws {TypeError} if the target is none
   */
  addDefault(target) {
    const { place, own } = this.#checked('/', { target });
    this.#set(place, own);
  }

  /** What is wrong with a route is said before it is kept. */
  #checked(raw, data) {
    const place = this.#placeOf(raw);
    const own = this.#hostRouting && place.key !== '/' ? { ...data, host: place.host } : data;
    configOf(this.#options, own.target);
    return { place, own };
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
   * @returns {Promise<boolean>} whether there was one; rejects with a `StoreError` if that cannot be kept
   */
  async remove(raw) {
    const { key } = this.#placeOf(raw);
    if (!this.#entries.has(key)) return false;
    await this.#store.changeSoon(key);
    // Somebody else may have taken it out in the same turn.
    if (!this.#entries.has(key)) return false;
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
