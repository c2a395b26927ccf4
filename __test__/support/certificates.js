'use strict';

/** Certificates for tests, made by the openssl command. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { execFileSync } = require('node:child_process');

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/**
 * A certification authority.
 *
 * @param {string} name
 */
function authority(name) {
  return inFolder((openssl, read) => {
    openssl('req', '-x509', ...KEY, '-keyout', 'key', '-out', 'cert', '-subj', `/CN=${name}`, '-days', '2');
    return { key: read('key'), cert: read('cert') };
  });
}

/**
 * A server's key and certificate.
 *
 * @param {{ key: string, cert: string } | undefined} issuer none: the certificate signs itself
 * @param {{ names?: string, common?: string, days?: number }} [subject] `names` as openssl writes alternative names
 */
function certificate(issuer, { names, common = 'localhost', days = 2 } = {}) {
  return inFolder((openssl, read, write) => {
    const extensions = names === undefined ? [] : [`subjectAltName=${names}`];
    const subject = ['-keyout', 'key', '-subj', `/CN=${common}`];
    if (issuer === undefined) {
      const options = extensions.flatMap((extension) => ['-addext', extension]);
      openssl('req', '-x509', ...KEY, ...subject, '-out', 'cert', '-days', `${days}`, ...options);
    } else {
      write('issuer.key', issuer.key);
      write('issuer', issuer.cert);
      write('extensions', `basicConstraints=CA:FALSE\n${extensions.join('\n')}\n`);
      openssl('req', ...KEY, ...subject, '-out', 'request');
      const from = ['-in', 'request', '-CA', 'issuer', '-CAkey', 'issuer.key', '-CAcreateserial'];
      openssl('x509', '-req', ...from, '-days', `${days}`, '-extfile', 'extensions', '-out', 'cert');
    }
    return { key: read('key'), cert: read('cert') };
  });
}

/** The same key, encrypted. */
function encryptedKey(key, passphrase) {
  return inFolder((openssl, read, write) => {
    write('plain', key);
    openssl(
      'pkcs8',
      '-topk8',
      '-v2',
      'aes-256-cbc',
      '-in',
      'plain',
      '-out',
      'key',
      '-passout',
      `pass:${passphrase}`,
    );
    return read('key');
  });
}

/** A PKCS#12 archive of both. */
function archive({ key, cert }, passphrase) {
  return inFolder((openssl, read, write) => {
    write('key', key);
    write('cert', cert);
    openssl(
      'pkcs12',
      '-export',
      '-inkey',
      'key',
      '-in',
      'cert',
      '-out',
      'archive',
      '-passout',
      `pass:${passphrase}`,
    );
    return read('archive', null);
  });
}

function inFolder(work) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'certificate-'));
  const at = (name) => path.join(folder, name);
  try {
    return work(
      (...args) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] }),
      (name, encoding = 'utf8') => fs.readFileSync(at(name), encoding),
      (name, text) => fs.writeFileSync(at(name), text),
    );
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

module.exports = { archive, authority, certificate, encryptedKey };
