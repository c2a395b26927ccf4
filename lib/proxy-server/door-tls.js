'use strict';

/** TLS with the clients of the native door: what the option `ssl` says, for the engine. */

const net = require('node:net');
const { clientCertificates } = require('./client-certificates.js');
const { isCa, isCertificate, isKey, isPfx, optionError } = require('./options.js');
const { pem, versions } = require('./tls-options.js');

const PROTOCOLS = ['h2', 'http/1.1'];
const LEAST_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'];
const MOST_VERSIONS = ['TLSv1.2', 'TLSv1.3'];
const HANDSHAKE_TIMEOUT = 10_000;
const LONGEST_TIMER = 2 ** 31 - 1;
/** A host's name, perhaps with a star as first label. */
const NAME = /^(?:\*\.)?(?!-)[a-z0-9-_]+(?:\.[a-z0-9-_]+)*$/i;

const BOOLEAN = { is: (value) => typeof value === 'boolean', want: 'true or false' };
const oneOf = (values) => ({ is: (value) => values.includes(value), want: values.join(' or ') });

/** Who the door is. */
const IDENTITY = {
  cert: { is: isCertificate, want: 'PEM certificates: a string, a Buffer, or an array of them' },
  key: { is: isKey, want: 'a PEM key: a string, a Buffer, or an array of them or of { pem, passphrase }' },
  passphrase: { is: (value) => typeof value === 'string', want: 'a string' },
  pfx: { is: isPfx, want: 'a PKCS#12 archive: a Buffer, or an array of them or of { buf, passphrase }' },
};

/** As Node's `https.createServer` has them, apart from `contexts`. */
const SETTINGS = {
  ...IDENTITY,
  ALPNProtocols: {
    is: (value) => Array.isArray(value) && value.length > 0 && value.every((one) => PROTOCOLS.includes(one)),
    want: `an array of ${PROTOCOLS.join(' and ')}`,
  },
  allowHTTP1: oneOf([true]),
  ca: { is: isCa, want: 'PEM certificates: a string, a Buffer, or an array of them' },
  contexts: { is: isContexts, want: 'an object from names of hosts to { key, cert } or { pfx }' },
  handshakeTimeout: {
    is: (value) => Number.isFinite(value) && value >= 1 && value <= LONGEST_TIMER,
    want: `a number of milliseconds from 1 to ${LONGEST_TIMER}`,
  },
  maxVersion: oneOf(MOST_VERSIONS),
  minVersion: oneOf(LEAST_VERSIONS),
  rejectUnauthorized: BOOLEAN,
  requestCert: BOOLEAN,
};

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

function isContexts(value) {
  return (
    isObject(value) &&
    Object.entries(value).every(([name, one]) => NAME.test(name) && net.isIP(name) === 0 && isObject(one))
  );
}

/**
 * TLS settings, as the engine has them.
 *
 * @param {Record<string, any>} ssl
 * @returns {{ secureContext: object, handshakeTimeout: number }} what the settings of a door have of it
 * @throws {TypeError} that names what is wrong, or cannot be honoured
 */
function serverTls(ssl) {
  check('ssl', ssl, SETTINGS);
  const contexts = Object.entries(ssl.contexts ?? {}).map(([name, context]) => {
    const path = `ssl.contexts[${JSON.stringify(name)}]`;
    check(path, context, IDENTITY);
    return { name, ...identities(path, context) };
  });
  const secureContext = build({
    ...identities('ssl', ssl),
    contexts,
    ca: ssl.ca ? pem(ssl.ca) : undefined,
    requestCert: ssl.requestCert === true,
    rejectUnauthorized: ssl.rejectUnauthorized !== false,
    ...versions(ssl.minVersion, ssl.maxVersion),
    protocols: ssl.ALPNProtocols ?? PROTOCOLS,
  });
  return { secureContext, handshakeTimeout: ssl.handshakeTimeout ?? HANDSHAKE_TIMEOUT };
}

function check(path, settings, rules) {
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined || value === null) continue;
    if (!Object.hasOwn(rules, name))
      throw optionError(
        path,
        `The native door cannot honour ${path}.${name}; listen(port, hostname) serves it through Node`,
      );
    if (!rules[name].is(value))
      throw optionError(path, `The option ${path}.${name} must be ${rules[name].want}`);
  }
}

function identities(path, settings) {
  const own = clientCertificates(settings, { key: `${path}.key`, cert: `${path}.cert`, pfx: `${path}.pfx` });
  if (own.identities.length === 0 && own.archives.length === 0)
    throw optionError(path, `The option ${path} needs a key with its cert, or a pfx`);
  return own;
}

function build(settings) {
  const { NativeSecureContext } = require('../native/binding.js');
  try {
    return new NativeSecureContext(settings);
  } catch (error) {
    // The engine says «setting: what is wrong with it».
    throw optionError('ssl', `The option ssl cannot be used: its ${error.message}`);
  }
}

module.exports = { HANDSHAKE_TIMEOUT, serverTls };
