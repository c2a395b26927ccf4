'use strict';

/** The client's end of an exchange, whatever kind of request and response objects stand for it. */

const http = require('node:http');
const http2 = require('node:http2');
const net = require('node:net');

/**
 * Calls `onClose` when the client has its answer, or is gone.
 *
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:http').ServerResponse} res
 * @param {() => void} onClose
 */
function watchClient(req, res, onClose) {
  res.on('close', onClose);
  // Node's responses say when they are closed, except while they wait behind another one of their connection. Other kinds may never say it.
  if (saysItsEnd(res) && res.socket !== null) return;
  const socket = req.socket ?? req.connection;
  if (typeof socket?.on !== 'function') return;
  watchersOf(socket).add(onClose);
  res.on('finish', () => {
    unwatchClient(req, onClose);
    onClose();
  });
}

/** Whether a response says when it is over; wrappers may not. */
function saysItsEnd(res) {
  return res.writableFinished !== undefined || res.stream !== undefined;
}

function unwatchClient(req, onClose) {
  watched.get(req.socket ?? req.connection)?.delete(onClose);
}

/** One listener per connection, however many requests its client sends at once. */
function watchersOf(socket) {
  let watchers = watched.get(socket);
  if (watchers === undefined) {
    watchers = new Set();
    watched.set(socket, watchers);
    socket.on('close', () => {
      for (const onClose of watchers) onClose();
    });
  }
  return watchers;
}

/** @type {WeakMap<object, Set<() => void>>} */
const watched = new WeakMap();

/** Cuts a response that was begun and cannot be finished: its client must not take the half for the whole. */
function cutResponse(req, res) {
  const socket = res.socket ?? req.socket;
  if (typeof res.stream?.close === 'function') {
    // Destroyed without an error, a stream ends in good order.
    res.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
  } else if (endsWithConnection(res) && canReset(socket)) {
    // An orderly close would be the end of such a body.
    socket.resetAndDestroy();
  } else {
    res.destroy?.();
    // What a wrapper destroys need not be its client's connection.
    if (!(res instanceof http.ServerResponse)) socket?.destroy?.();
  }
}

function endsWithConnection(res) {
  return res instanceof http.ServerResponse && !res.chunkedEncoding && !res.hasHeader('content-length');
}

/** Only TCP connections can be reset. */
function canReset(socket) {
  return socket instanceof net.Socket && !socket.encrypted && socket.remoteAddress !== undefined;
}

module.exports = { cutResponse, saysItsEnd, unwatchClient, watchClient };
