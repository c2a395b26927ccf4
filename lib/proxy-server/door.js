'use strict';

/**
 * The native door: a listening socket of the engine's, in the shape of a server of Node's. What comes here is that it listens, that it could
 * not, and that it has closed; of its requests only those that JavaScript must serve.
 */

const cluster = require('node:cluster');
const { EventEmitter } = require('node:events');
const dns = require('node:dns');
const net = require('node:net');
const { Engine } = require('../bridge/engine.js');
const { packAdded } = require('../bridge/head-codec.js');
const { listenTogether } = require('./cluster-port.js');
const { openError, placeOf, shownAddress } = require('./door-address.js');
const { NeedsWatch, needsOf } = require('./door-needs.js');
const {
  CAN_HAND_OVER,
  checkAlone,
  checkSubject,
  doorOptions,
  upgradeSettings,
} = require('./door-options.js');
const { DECISIONS, isOneTarget, nativeRoutes } = require('./door-routes.js');
const { HANDSHAKE_TIMEOUT, serverTls } = require('./door-tls.js');
const { NodeSide } = require('./node-side.js');
const { optionError } = require('./options.js');

/** Without IPv6 Node listens at all IPv4 addresses instead. */
const ANY = ['::', '0.0.0.0'];
const NO_IPV6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL']);

/** A new certificate has nothing to do with the old one's key. */
const NOBODY = { cert: undefined, key: undefined, passphrase: undefined, pfx: undefined };
/** For `error` listeners to answer in. */
const FAILURE_TIMEOUT = 30_000;

class Door extends EventEmitter {
  #subject;
  #nodeSide;
  #watch;
  #settings;
  #place;
  /** @type {'opening' | 'open' | 'closing' | 'closed'} */
  #state = 'opening';
  #native;
  /** Gives back the port that it has together with the other workers of a cluster. */
  #release;
  /** The TLS settings that hold now. */
  #ssl;

  /**
   * Opens the door. That it listens, or does not, is said by an event, as with a server of Node's.
   *
   * @param {import('./node-side.js').Subject} subject its options are taken as they are now
   * @param {unknown} port
   * @param {Record<string, unknown>} options
   * @throws {TypeError} that names what the door cannot honour
   */
  constructor(subject, port, options) {
    super();
    const { host, path, fallback, routes, settings } = doorOptions(options);
    this.#place = placeOf(port, path);
    const decisions = { routes, ...options[DECISIONS] };
    subject = { ...subject, decisions };
    checkSubject(subject);
    const { options: own } = subject.proxy;
    this.#ssl = own.ssl || undefined;
    const headers = packAdded(own.headers || {});
    this.#subject = subject;
    this.#nodeSide = new NodeSide(subject, fallback, settings.maxHeaderSize, (what, number) =>
      this.#native[what](number),
    );
    this.#settings = {
      routes: nativeRoutes(isOneTarget(own.target) ? own : { ...own, target: undefined }, decisions),
      headers: headers.text,
      headerCount: headers.fields,
      ...settings,
      ...(this.#ssl ? serverTls(this.#ssl) : { handshakeTimeout: HANDSHAKE_TIMEOUT }),
      upgrades: own.ws ? upgradeSettings(own) : undefined,
      hasFallback: fallback !== undefined,
      failureTimeout: own.hookTimeout > 0 ? own.hookTimeout : FAILURE_TIMEOUT,
    };
    this.#watch = new NeedsWatch(subject, (coming) => this.#needsChanged(coming));
    // As the servers of a cluster's worker do when it is disconnected.
    if (cluster.isWorker) process.once('disconnect', this.#leave);
    const at = this.#place.path ?? host;
    if (at === undefined || this.#place.path !== undefined || net.isIP(at) !== 0) this.#begin(at);
    else dns.lookup(at, (error, address) => (error ? this.#failed(error) : this.#begin(address)));
  }

  /** Whether it takes connections. */
  get listening() {
    return this.#state === 'open';
  }

  /** Where it listens. */
  address() {
    return this.#native === undefined ? null : shownAddress(this.#native);
  }

  /** Where `/metrics` and `/healthz` are to be had, if the option `metrics` says so. */
  metricsAddress() {
    const port = this.#native?.monitorPort;
    if (typeof port !== 'number') return null;
    return shownAddress({ address: this.#settings.monitorAddress, port });
  }

  /**
   * Other certificates for the connections to come; those that there are go on. What concerns the door as a whole (client certificates are asked
   * for, versions, names of contexts) stays as it was, unless it is given anew. If they cannot be used, those of before stay.
   *
   * @param {Record<string, any>} settings as in the option `ssl`
   * @throws {TypeError} that names what is wrong
   */
  setSecureContext(settings) {
    if (this.#ssl === undefined)
      throw optionError('ssl', 'The native door was opened without the option ssl');
    const ssl = { ...this.#ssl, ...NOBODY, ...settings };
    const { secureContext } = serverTls(ssl);
    this.#settings.secureContext = secureContext;
    this.#native?.setSecureContext(secureContext);
    this.#ssl = ssl;
  }

  /** What is open now and what has happened. */
  stats() {
    return this.#native?.stats();
  }

  /**
   * Takes no more connections. Requests in progress may go on for the time of `grace`; `close` is emitted when the last connection has ended.
   *
   * @param {(error?: Error) => void} [callback]
   */
  close(callback) {
    if (this.#state === 'closing' || this.#state === 'closed') {
      const error = new Error('Server is not running.');
      error.code = 'ERR_SERVER_NOT_RUNNING';
      if (callback) process.nextTick(callback, error);
      return this;
    }
    if (callback) this.once('close', callback);
    this.#state = 'closing';
    if (this.#native === undefined) process.nextTick(() => this.#drained());
    else this.#native.close();
    return this;
  }

  /** Looks again at what of its requests it must hand over. */
  refresh() {
    this.#watch.refresh();
  }

  #needsChanged(coming) {
    if (!CAN_HAND_OVER) checkAlone(this.#subject, coming);
    this.#native?.setNeeds(needsOf(this.#subject, coming));
  }

  #begin(address) {
    const isTogether = cluster.isWorker && this.#place.port === 0 && this.#settings.reusePort;
    if (isTogether) this.#openTogether(address === undefined ? ANY : [address]);
    else this.#open(address);
  }

  #open(address) {
    if (this.#state !== 'opening') return;
    try {
      this.#opened(this.#bind(address));
    } catch (error) {
      this.#failed(error);
    }
  }

  async #openTogether([address, ...others]) {
    const listen = (port) => (this.#state === 'opening' ? this.#listen(address, port) : undefined);
    try {
      const { opened, release } = await listenTogether(address, listen);
      if (opened === undefined) {
        release();
      } else {
        this.#release = release;
        this.#opened(opened);
      }
    } catch (error) {
      if (others.length > 0 && NO_IPV6.has(error.code)) this.#openTogether(others);
      else this.#failed(error);
    }
  }

  #opened(native) {
    this.#native = native;
    this.#state = 'open';
    process.nextTick(() => {
      if (this.listening) this.emit('listening');
    });
  }

  #bind(address) {
    if (address !== undefined) return this.#listen(address);
    const [first, instead] = ANY;
    try {
      return this.#listen(first);
    } catch (error) {
      if (NO_IPV6.has(error.code)) return this.#listen(instead);
      throw error;
    }
  }

  #listen(address, port = this.#place.port) {
    const settings = { ...this.#settings, needs: needsOf(this.#subject) };
    try {
      return Engine.get().native.listen(address, port, settings, this.#nodeSide.visit, () => this.#drained());
    } catch (error) {
      throw openError(error, address, port, this.#settings);
    }
  }

  #leave = () => {
    if (this.#state !== 'closing') this.close();
  };

  #over() {
    this.#state = 'closed';
    this.#watch.stop();
    process.off('disconnect', this.#leave);
    this.#release?.();
  }

  #failed(error) {
    if (this.#state !== 'opening') return;
    this.#over();
    process.nextTick(() => this.emit('error', error));
  }

  /** All clients are served or gone; what Node still holds of theirs is not. */
  #drained() {
    this.#nodeSide.close(() => this.#closed());
  }

  #closed() {
    this.#over();
    this.emit('close');
  }
}

/**
 * Opens a door.
 *
 * @param {import('./node-side.js').Subject} subject
 * @param {[unknown, Record<string, unknown>, unknown]} where a port, options, and what is called when it listens
 */
function openDoor(subject, [port, options, onListening]) {
  const door = new Door(subject, port, options);
  if (typeof onListening === 'function') door.once('listening', onListening);
  return door;
}

module.exports = { Door, openDoor };
