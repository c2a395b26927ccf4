'use strict';

/** The roots of trust that the machine adds to Mozilla's. As in Node, what they are is settled when the process starts. */

const { X509Certificate } = require('node:crypto');
const fs = require('node:fs');
const tls = require('node:tls');

const NAMES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'];
let files;
/** By whether the system's are among them. */
const texts = new Map();

/** The files of the environment that can be used. Of others a warning says so, once: without them a target may not be trusted, and nothing else is wrong. */
function rootFiles() {
  files ??= NAMES.filter((name) => process.env[name]).flatMap((name) => usable(name, process.env[name]));
  return files;
}

function usable(name, file) {
  try {
    if (/^-----BEGIN (TRUSTED )?CERTIFICATE-----/m.test(fs.readFileSync(file, 'latin1'))) return [file];
    warn(name, file, 'it holds no PEM certificate');
  } catch (error) {
    warn(name, file, error.message);
  }
  return [];
}

function warn(name, file, why) {
  process.emitWarning(`The certificates of ${name} are not used: ${file}: ${why}`, {
    code: 'RS_PROXY_CERTIFICATES',
  });
}

/**
 * All that vouch for targets, for Node's own client, which knows of `NODE_EXTRA_CA_CERTS` alone.
 *
 * @param {boolean} ofSystem the system's, too
 * @returns {string[] | undefined} PEM; `undefined` if they are those that Node has anyway
 * @throws {Error} as the engine's configuration does
 */
function nodeRoots(ofSystem) {
  if (!ofSystem && !process.env.SSL_CERT_FILE) return undefined;
  if (!texts.has(ofSystem)) {
    const { addedRoots } = require('../native/binding.js');
    const added = addedRoots(rootFiles(), ofSystem).map((der) => new X509Certificate(der).toString());
    texts.set(ofSystem, [...tls.rootCertificates, ...added]);
  }
  return texts.get(ofSystem);
}

module.exports = { nodeRoots, rootFiles };
