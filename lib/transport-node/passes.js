'use strict';

/** What the engine's passes make of the heads that Node's client gets. */

const { Engine } = require('../bridge/engine.js');
const { unpackError } = require('../bridge/errors.js');
const { packPairs, unpack } = require('../bridge/head-codec.js');

const binding = () => require('../native/binding.js');

/**
 * The head of an answer, packed as completions have it.
 *
 * @param {import('node:http').IncomingMessage} message
 * @param {{ config: object, clientHost?: string, isRaw: boolean }} order
 * @param {boolean} isOpen only its end will tell how long the body is
 * @returns {string | undefined} `undefined` if a field cannot be sent
 */
function answerText({ rawHeaders, statusCode, statusMessage }, { config, clientHost, isRaw }, isOpen) {
  const reason = /^[ -~]*$/.test(statusMessage ?? '') ? (statusMessage ?? '') : '';
  const { text, fields } = packPairs(rawHeaders);
  if (fields * 2 !== rawHeaders.length) return undefined;
  if (isRaw) return `${reason}\n${text}`;
  const passed = Engine.get().native.outgoing(text, fields, statusCode, isOpen, config, clientHost, false);
  // It begins with a reason that is empty.
  return passed === '' ? undefined : reason + passed;
}

/**
 * Trailers without those that would change what was said before them.
 *
 * @param {string[]} pairs name, value, name, value, …
 * @returns {string} packed
 */
function trailerText(pairs) {
  const { text, fields } = packPairs(pairs);
  return fields === 0 ? '' : binding().passedTrailers(text, fields);
}

/** The same for packed ones, in pairs for `addTrailers`. */
function trailerPairs(text, count) {
  const items = unpack(binding().passedTrailers(text, count));
  const pairs = [];
  for (let i = 0; i < items.length; i += 2) pairs.push([items[i], items[i + 1]]);
  return pairs;
}

/**
 * Why a 101 does not grant the WebSocket that was asked for.
 *
 * @returns {Error | undefined}
 */
function upgradeFailure({ fields }, { rawHeaders }) {
  const asked = packPairs(fields);
  const granted = packPairs(rawHeaders);
  const fault = binding().upgradeFault(asked.text, asked.fields, granted.text, granted.fields);
  return fault === null ? undefined : unpackError(fault);
}

/**
 * The binding's reader of the messages of a WebSocket that was granted.
 *
 * @returns {{ messages?: object, failure?: Error }} a failure if the grant agrees to what was not offered
 */
function messagesOf({ rawHeaders }) {
  const { NativeMessages } = binding();
  const { text, fields } = packPairs(rawHeaders);
  try {
    return { messages: new NativeMessages(text, fields) };
  } catch (thrown) {
    return { failure: unpackError(thrown.message) };
  }
}

/** Of the extensions that a handshake offers, leaves those that are known to the reader of its messages. */
function offerKnown(head) {
  for (const name of Object.keys(head.headers).filter((one) => EXTENSIONS.test(one))) {
    const known = binding().knownOffers([head.headers[name]].flat().join(', '));
    if (known === null) delete head.headers[name];
    else head.headers[name] = known;
  }
  return head;
}

const EXTENSIONS = /^sec-websocket-extensions$/i;

module.exports = { answerText, messagesOf, offerKnown, trailerPairs, trailerText, upgradeFailure };
