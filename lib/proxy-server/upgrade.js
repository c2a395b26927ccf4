'use strict';

const { hookError } = require('../bridge/errors.js');
const { Outcome } = require('../bridge/outcome.js');
const { warnOnce } = require('../bridge/warning.js');
const { callArguments } = require('./arguments.js');
const { Call } = require('./call.js');
const { isSet, noTarget } = require('./forward-request.js');
const { holdSocket } = require('./open-sockets.js');
const { checkOptions } = require('./options.js');
const { runPasses } = require('./passes.js');

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
  const call = new Call(proxy, effective, callback, outcome);
  // A client may leave at any time; without a listener its reset would end the process.
  socket.on('error', ignore);
  holdSocket(socket);
  const guard = (error) => {
    warnOnce(proxy, error);
    call.answer(error, socket);
  };
  const fail = (thrown) => call.fail(hookError('pass', thrown), req, socket, guard);
  if (socket.destroyed) call.settled();
  else socket.once('close', () => call.settled());
  if (!isSet(effective.target) && !isSet(effective.forward)) {
    process.nextTick(() => fail(noTarget()));
    return outcome;
  }
  try {
    const args = [req, socket, effective, head, proxy, callback];
    const whole = runPasses(proxy.wsPasses, args, effective.hookTimeout);
    if (typeof whole !== 'boolean') whole.catch(fail);
  } catch (thrown) {
    fail(thrown);
  }
  return outcome;
}

function ignore() {}

module.exports = { upgrade };
