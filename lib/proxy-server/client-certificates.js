'use strict';

/** `key`, `cert`, `pfx` and `passphrase` in the forms that Node takes them in, for the engine: PEM without encryption, or an archive. */

const { createPrivateKey } = require('node:crypto');
const { optionError } = require('./options.js');

/** Deciphering takes long on purpose. */
const MOST_DECIPHERED = 100;
const deciphered = new Map();

/**
 * @param {{ key?: unknown, cert?: unknown, pfx?: unknown, passphrase?: string }} given
 * @param {Record<'key' | 'cert' | 'pfx', string>} from which option the user knows each of them by
 * @returns {{ identities: string[], archives: string[] }} certificate and key, and again; archive and passphrase, and again
 * @throws {TypeError} that names the option that is wrong
 */
function clientCertificates({ key, cert, pfx, passphrase }, from) {
  const keys = listOf(key);
  const certificates = listOf(cert);
  if (keys.length !== certificates.length) {
    const name = keys.length < certificates.length ? from.cert : from.key;
    throw optionError(name, `The option ${name} cannot be used: each cert needs a key, and each key a cert`);
  }
  return {
    identities: certificates.flatMap((one, i) => [textOf(one), plainKey(keys[i], passphrase, from.key)]),
    archives: listOf(pfx).flatMap((one) => [
      bytesOf(one.buf ?? one).toString('latin1'),
      one.passphrase ?? passphrase ?? '',
    ]),
  };
}

const listOf = (value) => (Array.isArray(value) ? value : value ? [value] : []);
const bytesOf = (value) =>
  typeof value === 'string'
    ? Buffer.from(value)
    : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
const textOf = (value) => bytesOf(value).toString('latin1');

/** Node's own cryptography knows every way in which a key can be encrypted, and what to say of a wrong passphrase. */
function plainKey(given, passphrase, from) {
  const pem = textOf(given.pem ?? given);
  const words = given.passphrase ?? passphrase;
  const name = JSON.stringify([pem, words]);
  const known = deciphered.get(name);
  if (known !== undefined) return known;
  const plain = readKey(pem, words, from);
  if (deciphered.size >= MOST_DECIPHERED) deciphered.clear();
  deciphered.set(name, plain);
  return plain;
}

function readKey(pem, passphrase, from) {
  try {
    return createPrivateKey({ key: pem, passphrase }).export({ type: 'pkcs8', format: 'pem' });
  } catch (cause) {
    const error = optionError(from, `The option ${from} cannot be used: ${cause.message}`);
    throw Object.assign(error, { cause });
  }
}

module.exports = { clientCertificates };
