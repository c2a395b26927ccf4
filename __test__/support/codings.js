'use strict';

/** Bodies with the content codings that the package reads and writes. */

const { ContentDecoder, ContentEncoder } = require('../../lib/middleware/content-coding.js');

/** @param {string} field as `content-encoding` has it; an empty one: as it is */
function coded(field, body) {
  if (field === '') return Buffer.from(body);
  const encoder = new ContentEncoder(field);
  return Buffer.concat([encoder.push(Buffer.from(body), false), encoder.finish()]);
}

/** @param {string | Buffer} body text is latin1 */
async function decoded(field, body) {
  const pieces = [];
  const source = [Buffer.from(body, 'latin1')];
  for await (const piece of new ContentDecoder(field, Infinity).decode(source)) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

module.exports = { coded, decoded };
