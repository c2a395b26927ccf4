'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { CERTIFICATE, KEY } = require('../__test__/support/tls.js');

/**
 * The certificate that clients are shown, as files, for programs that want it so.
 *
 * @returns {{ certificate: string, key: string, both: string }} where they are
 */
function writeCertificate(directory) {
  const write = (name, text) => {
    const file = path.join(directory, name);
    fs.writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  return {
    certificate: write('certificate.pem', CERTIFICATE),
    key: write('key.pem', KEY),
    both: write('both.pem', CERTIFICATE + KEY),
  };
}

module.exports = { CERTIFICATE, KEY, writeCertificate };
