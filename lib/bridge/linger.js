'use strict';

/** As much of an upload is read, and as long, before the connection is closed on a client that goes on sending. */
const MOST_BYTES = 64 * 1024;
const MOST_MILLISECONDS = 1000;

/**
 * Reads what a client still sends after its request was answered, so that the close does not take the answer with it.
 *
 * @param {import('node:http').IncomingMessage} req
 * @param {() => void} onOver is called once, when the upload has ended or was listened to for long enough
 */
function linger(req, onOver) {
  if (req.readableEnded || req.destroyed) {
    onOver();
    return;
  }
  let bytes = 0;
  const over = () => {
    clearTimeout(timer);
    req.removeListener('data', onData).removeListener('end', over).removeListener('close', over);
    onOver();
  };
  const onData = (chunk) => {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) over();
  };
  const timer = setTimeout(over, MOST_MILLISECONDS);
  timer.unref();
  req.on('data', onData).on('end', over).on('close', over);
  req.resume();
}

module.exports = { linger };
