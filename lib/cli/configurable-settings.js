'use strict';

/** What the flags of `rs-proxy serve` mean: options of a proxy and of its doors, with files read and mistakes named. */

const fs = require('node:fs');
const tls = require('node:tls');
const { isLoopback } = require('../dynamic/admission.js');
const { UsageError } = require('./settings.js');

const PUBLIC_PORT = 8000;
const USUAL_API_PORT = 8001;

/**
 * @param {Record<string, any>} flags
 * @param {Record<string, string | undefined>} environment
 * @returns what the proxy is told (`proxy`), the door (`door`), where they listen (`places`), and what must be said (`warnings`)
 * @throws {UsageError}
 */
function configurableSettings(flags, environment) {
  const warnings = [];
  const token = environment.CONFIGPROXY_AUTH_TOKEN;
  const places = placesOf(flags, warnings);
  const ssl = identity(flags, 'ssl', environment.CONFIGPROXY_SSL_KEY_PASSPHRASE);
  const apiSsl = identity(flags, 'apiSsl', environment.CONFIGPROXY_API_SSL_KEY_PASSPHRASE);
  if (flags.sslAllowRc4) warnings.push('--ssl-allow-rc4 has no effect: nothing here speaks RC4.');
  if (!token) checkOpen(places.api, flags, warnings);
  if (flags.redirectPort !== undefined && ssl === undefined)
    throw new UsageError('--redirect-port sends clients to HTTPS, which needs --ssl-key and --ssl-cert');
  const own = openssl(flags);
  if (own !== undefined && ssl !== undefined) checkNodes(flags);
  return {
    warnings,
    places,
    door: doorOf(flags),
    // What only OpenSSL can do, Node does.
    nodeTls: own && ssl && { ...ssl, ...own },
    settings: {
      token,
      apiSsl: apiSsl && { ...apiSsl, ...own },
      allowHosts: flags.apiHost,
      allowTargets: flags.allowTarget,
      hostRouting: flags.hostRouting,
      includePrefix: flags.includePrefix,
      defaultTarget: flags.defaultTarget,
      errorTarget: flags.errorTarget,
      errorPath: flags.errorPath,
      store: storeOf(flags),
      storageBackend: flags.storageBackend,
      proxy: proxyOf(flags, own ? undefined : withVersion(ssl, flags.sslProtocol)),
    },
  };
}

/** What the native door does and Node's server does not. */
function checkNodes(flags) {
  const names = { workers: '--workers', log: '--log', logFile: '--log-file', trustProxy: '--trust-proxy' };
  const name = Object.keys(names).find((one) => flags[one] !== undefined);
  if (name !== undefined)
    throw new UsageError(
      `${names[name]} needs the native door, which --ssl-ciphers, --ssl-dhparam and versions other than TLSv1_2 exclude`,
    );
}

/** Everybody who can reach it could change the routes. */
function checkOpen({ path, host }, { apiInsecure }, warnings) {
  if (path === undefined && !isLoopback(host) && !apiInsecure)
    throw new UsageError(
      `The API would be open to everybody who can reach ${host || 'this machine'}: set CONFIGPROXY_AUTH_TOKEN, or say --api-insecure`,
    );
  warnings.push('REST API is not authenticated.');
}

function placesOf(flags, warnings) {
  const ip = (name, text) => {
    if (text !== '*') return text;
    warnings.push(
      `--${name} '*' is understood as all addresses; write '' for them, or 0.0.0.0 for those of IPv4.`,
    );
    return '';
  };
  const port = flags.port ?? PUBLIC_PORT;
  const apiPort = flags.socket === undefined ? (port === 0 ? 0 : port + 1) : USUAL_API_PORT;
  const metrics =
    flags.metricsPort === undefined && flags.metricsSocket === undefined
      ? undefined
      : place(flags.metricsSocket, flags.metricsPort, ip('metrics-ip', flags.metricsIp));
  return {
    public: place(flags.socket, port, ip('ip', flags.ip)),
    api: place(flags.apiSocket, flags.apiPort ?? apiPort, ip('api-ip', flags.apiIp) ?? 'localhost'),
    metrics,
    redirect:
      flags.redirectPort === undefined ? undefined : place(undefined, flags.redirectPort, ip('ip', flags.ip)),
    redirectTo: flags.redirectTo,
  };
}

const place = (path, port, host) => (path === undefined ? { port, host: host || '' } : { path });

function doorOf({ keepAliveTimeout, workers, log, logFile, grace, trustProxy = true }) {
  return {
    keepAliveTimeout: keepAliveTimeout || undefined,
    threads: workers,
    accessLog: log === undefined || log === 'off' ? false : { format: log, path: logFile },
    grace,
    trustProxy,
  };
}

function proxyOf(flags, ssl) {
  return {
    ...(ssl && { ssl }),
    ...clientIdentity(flags),
    xfwd: flags.xForward,
    prependPath: flags.prependPath,
    secure: flags.insecure !== true,
    autoRewrite: flags.autoRewrite,
    changeOrigin: flags.changeOrigin,
    protocolRewrite: flags.protocolRewrite,
    headers: flags.customHeader,
    timeout: flags.timeout,
    proxyTimeout: flags.proxyTimeout,
  };
}

function storeOf({ store, storageBackend }) {
  if (store === undefined) return undefined;
  if (storageBackend !== undefined) throw new UsageError('--store and --storage-backend exclude each other');
  if (/^file:./.test(store)) return store;
  throw new UsageError('--store is written like file:routes.journal');
}

/** One set of the TLS flags: key and certificate of a server. */
function identity(flags, name, passphrase) {
  const [key, cert] = [flags[`${name}Key`], flags[`${name}Cert`]];
  const flag = name === 'ssl' ? '--ssl' : '--api-ssl';
  if (key === undefined && cert === undefined) return undefined;
  if (key === undefined)
    throw new UsageError(`${flag}-cert needs ${flag}-key: the file with the private key`);
  if (cert === undefined)
    throw new UsageError(`${flag}-key needs ${flag}-cert: the file with the certificate`);
  return {
    key: read(key, `${flag}-key`),
    cert: read(cert, `${flag}-cert`),
    ca: read(flags[`${name}Ca`], `${flag}-ca`),
    passphrase: passphrase || undefined,
    requestCert: flags[`${name}RequestCert`],
    rejectUnauthorized: flags[`${name}RejectUnauthorized`],
  };
}

function clientIdentity({ clientSslKey, clientSslCert, clientSslCa }) {
  return {
    key: read(clientSslKey, '--client-ssl-key'),
    cert: read(clientSslCert, '--client-ssl-cert'),
    ca: read(clientSslCa, '--client-ssl-ca'),
  };
}

function read(file, flag) {
  if (file === undefined) return undefined;
  try {
    return fs.readFileSync(file);
  } catch (error) {
    throw new UsageError(`The file of ${flag} cannot be read: ${error.message}`, { cause: error });
  }
}

/** The versions that the engine can be told of, by the names of OpenSSL's methods. */
const VERSIONS = { TLS: {}, SSLv23: {}, TLSv1_2: { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } };

function withVersion(ssl, protocol) {
  return ssl && { ...ssl, ...(protocol !== undefined && VERSIONS[protocol]) };
}

/** The settings that only OpenSSL can honour, if there are any. */
function openssl({ sslCiphers, sslDhparam, sslProtocol }) {
  const isOld = sslProtocol !== undefined && !Object.hasOwn(VERSIONS, sslProtocol);
  if (sslCiphers === undefined && sslDhparam === undefined && !isOld) return undefined;
  const settings = {
    ...(sslCiphers !== undefined && { ciphers: sslCiphers, honorCipherOrder: true }),
    ...(sslDhparam !== undefined && { dhparam: read(sslDhparam, '--ssl-dhparam') }),
    ...(sslProtocol !== undefined && { secureProtocol: `${sslProtocol}_method` }),
  };
  try {
    tls.createSecureContext(settings);
  } catch (error) {
    throw new UsageError(`--ssl-ciphers, --ssl-dhparam or --ssl-protocol cannot be used: ${error.message}`, {
      cause: error,
    });
  }
  return settings;
}

module.exports = { configurableSettings };
