'use strict';

const { X509Certificate } = require('node:crypto');
const { ClientSocket } = require('./client-socket.js');

/**
 * The same for a client that speaks TLS: the handshake was the engine's, and what has come of it is told as a `tls.TLSSocket` tells it. What
 * needs the session's keys (`exportKeyingMaterial`, `getFinished`, `renegotiate`, …) is not there.
 */
class SecureClientSocket extends ClientSocket {
  #session;

  /**
   * @param {number} fd
   * @param {object} client
   * @param {object} client.session see src/binding/handed.rs
   */
  constructor(fd, client) {
    super(fd, client);
    this.#session = client.session;
  }

  get encrypted() {
    return true;
  }

  get authorized() {
    return this.#session.authorized;
  }

  get authorizationError() {
    return this.#session.authorizationError ?? null;
  }

  /** What the client has agreed on; a request of HTTP/2 comes here as one of HTTP/1.1. */
  get alpnProtocol() {
    return this.#session.protocol ?? false;
  }

  get servername() {
    return this.#session.serverName ?? false;
  }

  getProtocol() {
    return this.#session.version;
  }

  getCipher() {
    const { cipher: standardName, version } = this.#session;
    return { name: openSslName(standardName), standardName, version };
  }

  /** @returns {X509Certificate | undefined} the client's */
  getPeerX509Certificate() {
    const [own] = this.#session.certificates;
    return own === undefined ? undefined : new X509Certificate(own);
  }

  /**
   * The client's certificate in the form that Node has had from the beginning; an empty object if there is none.
   *
   * @param {boolean} [isDetailed] with those that vouch for it, as far as the client has sent them
   */
  getPeerCertificate(isDetailed = false) {
    const [own, ...others] = this.#session.certificates.map((der) => new X509Certificate(der));
    if (own === undefined) return {};
    return isDetailed ? withIssuers(own, others) : own.toLegacyObject();
  }
}

/** One that is its own issuer says so. */
function withIssuers(certificate, others) {
  const shown = certificate.toLegacyObject();
  const isIssuer = (other) => certificate.checkIssued(other);
  if (isIssuer(certificate)) return Object.assign(shown, { issuerCertificate: shown });
  const at = others.findIndex(isIssuer);
  if (at < 0) return shown;
  return Object.assign(shown, { issuerCertificate: withIssuers(others[at], others.toSpliced(at, 1)) });
}

/** OpenSSL's name of a cipher suite of the standard's. */
function openSslName(name) {
  if (!name.includes('_WITH_')) return name;
  return name
    .replace(/^TLS_/, '')
    .replace('_WITH_', '_')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace(/(CHACHA20_POLY1305)_SHA256$/, '$1')
    .replaceAll('_', '-');
}

module.exports = { SecureClientSocket };
