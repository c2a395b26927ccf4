'use strict';

/** Who may use the API: whoever has the token; where there is none, everybody but web pages. */

const { createHash, timingSafeEqual } = require('node:crypto');
const { isFromPage, isOwnHost } = require('../dynamic/admission.js');
const { FailedAttempts } = require('./failed-attempts.js');

const CREDENTIALS = /^(?:token|bearer) +(\S+)$/i;

const digest = (text) => createHash('sha256').update(text).digest();

/**
 * Says of requests why they may not, by their heads alone.
 *
 * @param {{ token?: string, allowHosts: string[] }} settings
 * @param {FailedAttempts} [attempts]
 * @returns {(req: import('node:http').IncomingMessage) => { status: number, retryAfter?: number } | undefined}
 */
function admission({ token, allowHosts }, attempts = new FailedAttempts()) {
  if (!token)
    return ({ headers }) =>
      isFromPage(headers) || !isOwnHost(headers.host, allowHosts) ? FORBIDDEN : undefined;
  const own = digest(token);
  return ({ headersDistinct, socket }) => {
    // A Unix socket has none.
    const address = socket.remoteAddress ?? '';
    const retryAfter = attempts.wait(address);
    if (retryAfter > 0) return { status: 429, retryAfter };
    const fields = headersDistinct.authorization ?? [];
    const given = fields.length === 1 ? CREDENTIALS.exec(fields[0])?.[1] : undefined;
    // Of equal length, whatever was given: the comparison takes as long for each.
    if (given !== undefined && timingSafeEqual(digest(given), own)) {
      attempts.succeeded(address);
      return undefined;
    }
    attempts.failed(address);
    return FORBIDDEN;
  };
}

const FORBIDDEN = { status: 403 };

module.exports = { admission };
