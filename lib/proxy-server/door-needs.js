'use strict';

/**
 * What of a proxy's requests the native door must hand over, because only JavaScript can serve it. All others never come here.
 */

const { LAST_RESORT } = require('./call.js');
const { SHAPING } = require('./config.js');
const { hasTargets } = require('./door-routes.js');
const { isKnownOption } = require('./options.js');
const { WS_PASSES, isBuiltIn } = require('./passes.js');

// The same numbers stand in src/engine/door/handover/mod.rs.
const REQUESTS = 1;
const UPGRADES = 2;
const FAILURES = 4;
const DECISIONS = 8;

/** What a listener of an event needs. Failed requests alone are handed over to those who listen to failures. */
const NEEDS_OF_EVENTS = {
  close: UPGRADES,
  econnreset: REQUESTS | UPGRADES,
  end: REQUESTS,
  error: FAILURES,
  open: UPGRADES,
  proxyReq: REQUESTS,
  proxyReqWs: UPGRADES,
  proxyRes: REQUESTS,
  start: REQUESTS,
  wsMessage: UPGRADES,
};

/** Of those that the engine's configuration is made of, the door does not look at these. */
const NOT_OF_THE_DOOR = new Set(['allowDuplicateHost', 'lookup']);

/** Options that the door honours by itself, and those that mean nothing to requests without listeners. */
const HONOURED = new Set([
  ...[...SHAPING].filter((name) => !NOT_OF_THE_DOOR.has(name)),
  'headers',
  'hookTimeout',
  'target',
  'throwOnUnhandledError',
  'tunnelTimeout',
  'upgradeTimeout',
  'verifyUpgrade',
  'ws',
  'xfwdWsProtoAsHttp',
]);

/**
 * What keeps a door from serving its subject's requests by itself: the name of an option or an event, if there is any.
 *
 * @param {import('./node-side.js').Subject} subject
 * @param {string} [coming] an event that is about to be listened to
 * @returns {string | undefined}
 */
function reasonForNode(subject, coming) {
  return optionForNode(subject) ?? [...eventsForNode(subject, coming)].at(0);
}

/** An option that only JavaScript can honour. */
function optionForNode(subject) {
  const { options, webPasses } = subject.proxy;
  const deciding = decidedByNode(subject);
  if (deciding !== undefined) return deciding;
  // Whether to pass an answer on is the middleware's to say.
  if (options.passThrough) return 'passThrough';
  for (const name in options) {
    if (options[name] && isKnownOption(name) && !HONOURED.has(name)) return name;
  }
  return isBuiltIn(webPasses) ? undefined : 'passes';
}

/** An option for which only JavaScript can say where a request goes, or whether it is the proxy's at all. */
function decidedByNode({ proxy: { options }, decisions, nodesOption }) {
  const { target } = options;
  if (typeof target === 'function' || Array.isArray(target)) return 'target';
  if (!target && !hasTargets(decisions)) return 'target';
  return nodesOption;
}

/** The events that somebody listens to. */
function* eventsForNode({ proxy }, coming) {
  for (const event of Object.keys(NEEDS_OF_EVENTS)) {
    const isHeard = proxy.rawListeners(event).some((listener) => !listener[LAST_RESORT]);
    if (isHeard || event === coming) yield event;
  }
}

/**
 * @param {import('./node-side.js').Subject} subject
 * @param {string} [coming] an event that is about to be listened to
 * @returns {number}
 */
function needsOf(subject, coming) {
  const { options } = subject.proxy;
  let needs = optionForNode(subject) === undefined ? 0 : REQUESTS;
  if (decidedByNode(subject) !== undefined) needs |= DECISIONS;
  for (const event of eventsForNode(subject, coming)) needs |= NEEDS_OF_EVENTS[event];
  // Its errors are thrown where users expect them.
  if (options.throwOnUnhandledError) needs |= FAILURES;
  if (!options.ws) return needs & ~UPGRADES;
  if (subject.failsAlike) return needs;
  // Who listens to failures is given the socket of a handshake that has failed.
  return needs & FAILURES || !isBuiltIn(subject.proxy.wsPasses, WS_PASSES) ? needs | UPGRADES : needs;
}

/** Keeps a door informed of what its subject needs, until it is told to stop. */
class NeedsWatch {
  #subject;
  #onChange;
  #isWatching = true;

  /**
   * @param {import('./node-side.js').Subject} subject
   * @param {(coming?: string) => void} onChange is told of an event that is about to be listened to
   */
  constructor(subject, onChange) {
    this.#subject = subject;
    this.#onChange = onChange;
    this.#watch();
  }

  /** Looks again. */
  refresh() {
    this.#onChange();
  }

  stop() {
    this.#isWatching = false;
    this.#subject.proxy.off('newListener', this.#added).off('removeListener', this.#removed);
  }

  #watch() {
    this.#subject.proxy.on('removeListener', this.#removed).on('newListener', this.#added);
  }

  #added = (event, listener) => {
    if (Object.hasOwn(NEEDS_OF_EVENTS, event) && !listener[LAST_RESORT]) this.#onChange(event);
  };

  #removed = (event, listener) => {
    if (Object.hasOwn(NEEDS_OF_EVENTS, event)) this.refresh();
    // Who removes all listeners means his own.
    else if (listener === this.#added && this.#isWatching) process.nextTick(() => this.#again());
  };

  #again() {
    if (!this.#isWatching) return;
    this.#subject.proxy.off('newListener', this.#added).off('removeListener', this.#removed);
    this.#watch();
    this.refresh();
  }
}

module.exports = { NeedsWatch, needsOf, reasonForNode };
