'use strict';

/** Codings that `fetch` takes off by itself. */
const DECODED = new Set(['br', 'deflate', 'gzip', 'x-gzip']);

/**
 * A Response's head in the shape of Node's messages.
 *
 * @param {Response} response
 * @param {boolean} isBodiless
 * @returns {{ statusCode: number, statusMessage: string, rawHeaders: string[] }}
 */
function fieldsOfResponse(response, isBodiless) {
  const { headers, status, statusText } = response;
  // One that was not fetched from anywhere is what somebody has made, and as he has made it.
  const isDecoded = !isBodiless && Boolean(response.url) && isDecodable(headers.get('content-encoding'));
  const rawHeaders = [];
  for (const [name, value] of headers) {
    const isGone = isDecoded && (name === 'content-encoding' || name === 'content-length');
    if (!isGone && name !== 'set-cookie') rawHeaders.push(name, value);
  }
  for (const cookie of cookiesOf(headers)) rawHeaders.push('set-cookie', cookie);
  return { statusCode: status, statusMessage: statusText ?? '', rawHeaders };
}

function isDecodable(codings) {
  return codings !== null && codings.split(',').every((coding) => DECODED.has(coding.trim().toLowerCase()));
}

/** Each is a field of its own: they cannot be put into one. */
function cookiesOf(headers) {
  if (typeof headers.getSetCookie === 'function') return headers.getSetCookie();
  const all = headers.get('set-cookie');
  return all === null ? [] : [all];
}

module.exports = { fieldsOfResponse };
