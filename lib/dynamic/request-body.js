'use strict';

/**
 * Reads a request's body as text, into `req.body`. A body that an earlier parser has read is taken as that left it.
 *
 * @param {import('node:http').IncomingMessage} req
 * @param {{ maxBodySize: number, bodyTimeout: number }} limits
 * @param {(reason: 'BODY_TOO_LARGE' | 'REQUEST_TIMEOUT' | 'BAD_REQUEST') => Error} refusal
 * @returns {Promise<unknown>}
 */
async function readBody(req, { maxBodySize, bodyTimeout }, refusal) {
  if (req.body !== undefined) return req.body;
  const chunks = [];
  let [size, timer, take] = [0];
  try {
    await new Promise((resolve, reject) => {
      take = (chunk) => {
        size += chunk.length;
        if (size > maxBodySize) reject(refusal('BODY_TOO_LARGE'));
        else chunks.push(Buffer.from(chunk));
      };
      timer = setTimeout(() => reject(refusal('REQUEST_TIMEOUT')), bodyTimeout);
      req.on('data', take);
      req.once('end', resolve);
      req.once('error', reject);
      req.once('close', () => reject(refusal('BAD_REQUEST')));
    });
  } finally {
    clearTimeout(timer);
    req.off('data', take);
  }
  req.body = Buffer.concat(chunks).toString();
  return req.body;
}

const DEEPEST = 32;

/** Whether the values of a value are deeper than anybody needs. */
function isTooDeep(value) {
  let level = [value];
  for (let deep = 0; deep <= DEEPEST; deep++) {
    level = level.filter((one) => typeof one === 'object' && one !== null).flatMap(Object.values);
    if (level.length === 0) return false;
  }
  return true;
}

module.exports = { isTooDeep, readBody };
