'use strict';

/** The files with roots of trust that the environment adds to Mozilla's. As in Node, what they are is settled when the process starts. */

const fs = require('node:fs');

const NAMES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'];
let files;

/** The files that can be used. Of others a warning says so, once: without them a target may not be trusted, and nothing else is wrong. */
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

module.exports = { rootFiles };
