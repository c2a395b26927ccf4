'use strict';

const { hookError } = require('../bridge/errors.js');
const { Outcome } = require('../bridge/outcome.js');
const { warnOnce } = require('../bridge/warning.js');
const { callArguments } = require('./arguments.js');
const { Call } = require('./call.js');
const { isSet, noTarget } = require('./forward-request.js');
const { running } = require('./forward-upgrade.js');
const { holdSocket } = require('../bridge/open-sockets.js');
const { isTaken } = require('../bridge/sockets.js');
const { checkOptions } = require('./options.js');
const { runPasses, settled } = require('./passes.js');
const { endRefused } = require('../bridge/refuse-upgrade.js');

/**
 * `ws()`: runs the passes on an upgrade.
 *
 * @param {import('./proxy-server.js').ProxyServer} proxy
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:stream').Duplex} socket
 * @param {unknown[]} rest
 * @returns {Outcome} settles when the connection is closed
 */
function upgrade(proxy, req, socket, rest) {
  const { options, head, callback } = callArguments(rest);
  const effective = { ...proxy.options, ...options };
  checkOptions(effective);
  const outcome = new Outcome();
  if (isTaken(socket)) {
    outcome.resolve();
    return outcome;
  }
  const call = new Call(proxy, effective, callback, outcome);
  // A client may leave at any time; without a listener its reset would end the process.
  socket.on('error', ignore);
  hold(socket, call);
  const fail = (thrown) => failUpgrade(proxy, req, socket, call, hookError('pass', thrown));
  try {
    const target = isSet(effective.target) ? effective.target : undefined;
    if (target === undefined) {
      process.nextTick(() => failUpgrade(proxy, req, socket, call, noTarget()));
    } else if (typeof target === 'function') {
      askTarget(target, req, effective.hookTimeout)
        .then((resolved) => begin(proxy, req, socket, head, call, { ...effective, target: resolved }))
        .catch(fail);
    } else {
      begin(proxy, req, socket, head, call, effective)?.catch(fail);
    }
  } catch (thrown) {
    fail(thrown);
  }
  return outcome;
}

/** Apart from `upgrade`, whose variables would be kept for as long as the socket is open. */
function hold(socket, call) {
  holdSocket(socket, () => call.settled());
}

async function askTarget(target, req, milliseconds) {
  const named = target(req);
  return typeof named?.then === 'function' ? settled('target', named, milliseconds) : named;
}

/** Runs the passes; gives a promise if one of them did. */
function begin(proxy, req, socket, head, call, effective) {
  call.options = effective;
  // The passes are given a copy of their own, with the target as they know it.
  const options = { ...effective };
  if (typeof options.target === 'string' && URL.canParse(options.target))
    options.target = new URL(options.target);
  running.set(options, call);
  const args = [req, socket, options, head, proxy, call.callback];
  const whole = runPasses(proxy.wsPasses, args, options.hookTimeout);
  return typeof whole === 'boolean' ? undefined : whole;
}

/** Tells of a failure before there is anything to give up. */
function failUpgrade(proxy, req, socket, call, error) {
  const guard = (thrown) => {
    warnOnce(proxy, thrown);
    call.answer(thrown, socket);
  };
  const written = socket.bytesWritten;
  call.failUpgrade(error, req, socket, guard);
  call.settled();
  endRefused(socket, written, error.status ?? 500);
}

function ignore() {}

module.exports = { upgrade };
