'use strict';

const { hookError } = require('../bridge/errors.js');
const { Outcome } = require('../bridge/outcome.js');
const { Upgrade } = require('../bridge/upgrade.js');
const { chooseTarget, takeTurn } = require('./attempts.js');
const { Call } = require('./call.js');
const { ConfigMemo } = require('./config.js');

/** The calls whose passes are running, by the options that the passes are given. */
const running = new WeakMap();

/** @type {WeakMap<object, ConfigMemo>} what a proxy remembers from one upgrade to the next */
const memos = new WeakMap();

/**
 * The pass `stream`: goes on with the call whose passes are running. Called by anybody else it makes a call of its own.
 *
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:stream').Duplex} socket
 * @param {Record<string, any>} options
 * @param {ArrayBufferView | undefined} head
 * @param {import('node:events').EventEmitter} proxy
 * @param {Function | undefined} callback
 */
function forwardUpgrade(req, socket, options, head, proxy, callback) {
  const call = running.get(options) ?? new Call(proxy, options, callback, new Outcome());
  running.delete(options);
  call.options = options;
  let memo = memos.get(proxy);
  if (memo === undefined) memos.set(proxy, (memo = new ConfigMemo()));
  // What the passes before this one do must not be done twice.
  const rest = { ...options, xfwd: false, ...limitOf(options) };
  call.turn = takeTurn(proxy, options.target);
  chooseTarget(call, rest, memo);
  const { headers } = options;
  if (headers !== undefined && headers !== null) call.headers = { ...headers };
  const exchange = new Upgrade(proxy, req, socket, head, call);
  try {
    exchange.begin();
  } catch (thrown) {
    exchange.fail(hookError('ws', thrown));
  }
}

/** `upgradeTimeout` in the place of the limit for an answer's head. */
function limitOf({ timeouts, upgradeTimeout }) {
  if (!(upgradeTimeout > 0)) return undefined;
  return timeouts ? { timeouts: { ...timeouts, head: upgradeTimeout } } : { proxyTimeout: upgradeTimeout };
}

module.exports = { forwardUpgrade, running };
