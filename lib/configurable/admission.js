'use strict';

/** Who may use the API: whoever has the token; where there is none, everybody but web pages. */

const { createHash, timingSafeEqual } = require('node:crypto');
const { isFromPage, isOwnHost } = require('../dynamic/admission.js');

const CREDENTIALS = /^(?:token|bearer) +(\S+)$/i;

const digest = (text) => createHash('sha256').update(text).digest();

/**
 * Says of requests whether they may, by their heads alone.
 *
 * @param {{ token?: string, allowHosts: string[] }} settings
 * @returns {(req: import('node:http').IncomingMessage) => boolean}
 */
function admission({ token, allowHosts }) {
  if (!token) return ({ headers }) => !isFromPage(headers) && isOwnHost(headers.host, allowHosts);
  const own = digest(token);
  return ({ headersDistinct }) => {
    const fields = headersDistinct.authorization ?? [];
    const given = fields.length === 1 ? CREDENTIALS.exec(fields[0])?.[1] : undefined;
    // Of equal length, whatever was given: the comparison takes as long for each.
    return given !== undefined && timingSafeEqual(digest(given), own);
  };
}

module.exports = { admission };
