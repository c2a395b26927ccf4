'use strict';

/** What a middleware does to those around it, as lines: events with their arguments, log lines, and calls of `next`. */

const { types } = require('node:util');
const { describe } = require('../../harness/run.js');

const EVENTS = ['start', 'proxyReq', 'proxyRes', 'end', 'error', 'econnreset', 'proxyReqWs', 'open', 'close'];

/** The options for listeners that version 2 has instead of plugins. Those of `error` and `close` would take the place of its own. */
const OLD_EVENTS = {
  proxyReq: 'onProxyReq',
  proxyRes: 'onProxyRes',
  proxyReqWs: 'onProxyReqWs',
  open: 'onOpen',
  error: 'onError',
  close: 'onClose',
};
const OWN_EVENTS = new Set(['error', 'close']);

/** Keeps the lines of one run. */
class Recorder {
  events = [];
  log = [];
  #isOver = false;
  #known = new Map();

  /** Names an object by which listeners are told of a request. */
  know(object, name) {
    this.#known.set(object, name);
  }

  note(text) {
    if (!this.#isOver) this.events.push(text);
  }

  /** What comes from here on is of the clearing up. */
  stop() {
    this.#isOver = true;
  }

  /** A plugin that records every event. */
  plugin = (proxyServer) => {
    for (const event of EVENTS) proxyServer.on(event, this.#listener(event));
  };

  /** The listeners of `on`, as version 2 takes them, which record as well. */
  oldListeners(on = {}) {
    return Object.fromEntries(
      Object.entries(OLD_EVENTS)
        .filter(([event]) => !OWN_EVENTS.has(event) || on[event])
        .map(([event, option]) => [option, this.#listener(event, on[event])]),
    );
  }

  #listener(event, listener) {
    const record = this.#record.bind(this, event);
    return (...args) => {
      record(args);
      return listener?.(...args);
    };
  }

  #record(event, args) {
    this.note(`${event}(${args.map((arg) => this.#shown(arg)).join(', ')})`);
  }

  /** The arguments of `next`. */
  next(args) {
    this.note(`next(${args.map((arg) => this.#shown(arg)).join(', ')})`);
  }

  /** A logger that keeps what it is told. */
  get logger() {
    const level =
      (name) =>
      (...args) => {
        if (!this.#isOver) this.log.push([name, ...args.map(logged)].join(' | '));
      };
    const names = ['log', 'debug', 'info', 'warn', 'error'];
    return Object.fromEntries(names.map((name) => [name, level(name)]));
  }

  #shown(arg) {
    if (arg === null || arg === undefined) return `${arg}`;
    if (this.#known.has(arg)) return this.#known.get(arg);
    if (types.isNativeError(arg)) return firstLine(describe(arg));
    if (typeof arg !== 'object') return `${typeof arg} ${arg}`;
    if (Buffer.isBuffer(arg)) return `${arg.length} bytes`;
    if (typeof arg.href === 'string') return arg.href;
    if (typeof arg.setHeader === 'function') return `${arg.method} ${arg.path}`;
    if (arg.statusCode !== undefined) return `${arg.statusCode}`;
    if (typeof arg.destroy === 'function') return 'a socket';
    return 'target' in arg || 'forward' in arg ? 'options' : 'an object';
  }
}

function logged(arg) {
  if (types.isNativeError(arg)) return firstLine(`${arg.name} ${describe(arg)}`);
  // An address, whose port is any.
  const { port, ...rest } = typeof arg === 'object' && arg !== null ? arg : {};
  if (port !== undefined) return JSON.stringify({ ...rest, port: typeof port });
  return typeof arg === 'string' ? withoutStack(arg) : JSON.stringify(arg);
}

const firstLine = (text) => text.split('\n', 1)[0];
const withoutStack = (text) => text.replace(/\n {4}at [^]*/, '');

module.exports = { Recorder };
