'use strict';

const fs = require('node:fs');
const { execFileSync } = require('node:child_process');

/**
 * Key and certificate: those in the files TLS_KEY and TLS_CERT, or a pair for localhost that signs itself and is made for this run.
 *
 * @returns {{ key: string | Buffer, cert: string | Buffer }}
 */
function certificate() {
  const { TLS_KEY, TLS_CERT } = process.env;
  if (TLS_KEY && TLS_CERT) return { key: fs.readFileSync(TLS_KEY), cert: fs.readFileSync(TLS_CERT) };
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', '-'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const args = ['req', '-x509', '-days', '2', ...kind, ...subject];
  const pem = execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  // One after the other; each reader finds its own.
  return { key: pem, cert: pem };
}

module.exports = { certificate };
