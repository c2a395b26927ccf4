'use strict';

/**
 * Routes that a class of somebody else keeps (`--storage-backend`), as configurable-http-proxy has them. The engine knows none of them, so that
 * Node serves every request.
 */

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { placeOf } = require('./route-path.js');

const METHODS = ['getTarget', 'getAll', 'add', 'update', 'remove'];
/** Something of a route may move all the time. */
const LEAST_TIME = 1000;

class BackendRoutes {
  #backend;
  #hostRouting;
  #strips;
  /** @type {Map<string, number>} when the activity of a route was written down last */
  #touched = new Map();
  #log;

  /**
   * @param {object} backend
   * @param {{ hostRouting?: boolean, includePrefix?: boolean, log: import('./log.js').Log }} settings
   */
  constructor(backend, { hostRouting = false, includePrefix = true, log }) {
    const { NativeRegistry } = require('../native/binding.js');
    this.#backend = backend;
    this.#hostRouting = hostRouting;
    this.#strips = !includePrefix;
    this.#log = log;
    /** The engine's half: without routes. */
    this.native = new NativeRegistry(false);
  }

  /** How many there are is the backend's to limit. */
  size = 0;

  has() {
    return false;
  }

  async add(raw, data) {
    const { key, host } = this.#placeOf(raw);
    const own = this.#hostRouting && key !== '/' ? { ...data, host } : data;
    await this.#backend.add(key, own);
    await this.#backend.update(key, { last_activity: new Date() });
    return key;
  }

  addDefault(target) {
    return this.add('/', { target });
  }

  async remove(raw) {
    const { key } = this.#placeOf(raw);
    if ((await this.get(raw)) === undefined) return false;
    await this.#backend.remove(key);
    this.#touched.delete(key);
    return true;
  }

  async get(raw) {
    const { key } = this.#placeOf(raw);
    if (typeof this.#backend.get === 'function') return (await this.#backend.get(key)) ?? undefined;
    const all = await this.#backend.getAll();
    return Object.hasOwn(all, key) ? all[key] : undefined;
  }

  async all() {
    const all = Object.entries(await this.#backend.getAll());
    const dated = ([key, route]) => [key, { ...route, last_activity: new Date(route.last_activity) }];
    return Object.fromEntries(all.map(dated));
  }

  async find({ url, headers }) {
    const asked = url.split('?', 1)[0];
    const host = this.#hostRouting ? `/${new URL(`http://${headers.host}`).hostname}` : '';
    const found = await this.#backend.getTarget(host + decodeURIComponent(asked));
    if (!found) return undefined;
    const { prefix, data } = found;
    const segments = prefix.slice(host.length).split('/').length - 1;
    const rest = this.#strips && prefix !== '/' ? withoutSegments(url, segments) : url;
    return { target: data.target, url: rest, touch: () => this.#touch(prefix) };
  }

  #touch(prefix) {
    const now = Date.now();
    if (now - (this.#touched.get(prefix) ?? 0) < LEAST_TIME) return;
    this.#touched.set(prefix, now);
    Promise.resolve(this.#backend.update(prefix, { last_activity: new Date(now) })).catch((error) =>
      this.#log.error(`The activity of ${prefix} cannot be kept: ${error.message}`),
    );
  }

  close() {}

  #placeOf(raw) {
    return placeOf(raw, this.#hostRouting);
  }
}

/** What is left of a URL without so many of its first segments: they are counted, for they may be escaped. */
function withoutSegments(url, count) {
  const [whole] = new RegExp(`^(?:/[^/?]*){0,${count}}`).exec(url);
  return url.slice(whole.length) || '/';
}

/**
 * Loads a class and makes one of it.
 *
 * @param {string} name a package, or the path of a file
 * @param {object} settings for its constructor
 */
async function loadBackend(name, settings) {
  const isPath = name.startsWith('.') || path.isAbsolute(name);
  const from = isPath
    ? pathToFileURL(path.resolve(name)).href
    : require.resolve(name, { paths: [process.cwd()] });
  const loaded = await import(from);
  const Backend = [loaded.default?.default, loaded.default, loaded].find((one) => typeof one === 'function');
  if (Backend === undefined) throw new TypeError(`${name} exports no class`);
  const backend = new Backend(settings);
  const missing = METHODS.find((method) => typeof backend[method] !== 'function');
  if (missing !== undefined) throw new TypeError(`The class of ${name} has no method ${missing}`);
  return backend;
}

module.exports = { BackendRoutes, loadBackend };
