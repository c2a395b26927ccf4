'use strict';

/** How TLS is spoken with a target: what the options say of it, the target, and the agent. */

const { clientCertificates } = require('./client-certificates.js');
const { isCa, isCertificate, isKey, isPfx, isProtocols, optionError } = require('./options.js');
const { rootFiles } = require('./trust.js');

/** What they are to an agent, which Node asks last, and so hears most. */
const OF_AGENT = { ALPNProtocols: isProtocols, ca: isCa, cert: isCertificate, key: isKey, pfx: isPfx };

/**
 * @param {Record<string, any>} options
 * @param {import('./target-parts.js').TargetParts} target
 * @param {Record<string, any>} ofAgent what the agent was made with; as in Node it counts most
 * @returns {{ from: Record<string, string> }} what the engine is told (`NativeOptions` in src/binding/config.rs), and `from` which option the
 *   user knows each of it by
 * @throws {TypeError} that names the option that is wrong
 */
function tlsOptions(options, target, ofAgent) {
  for (const [name, is] of Object.entries(OF_AGENT)) {
    if (ofAgent[name] && !is(ofAgent[name]))
      throw optionError('agent', `The option agent has a ${name} that is none`);
  }
  const { ca, from } = authorities(options, target, ofAgent);
  const who = identity(options, target, ofAgent);
  const say = (name) => ofAgent[name] ?? (options[name] || undefined);
  return {
    secure: (ofAgent.rejectUnauthorized ?? options.secure) !== false,
    ca: ca && pem(ca),
    ...clientCertificates(who.given, who.from),
    rootFiles: ca === undefined && isTls(target.url) ? rootFiles() : [],
    systemRoots: ca === undefined && options.useSystemCa === true,
    serverName: say('servername'),
    protocols: say('ALPNProtocols')?.map((one) => Buffer.from(one).toString('latin1')),
    ...versions(say('minVersion'), say('maxVersion')),
    from: { ca: from, ...who.from },
  };
}

/** Whose certificates vouch for the target: of the server's own `ssl` settings only these concern anybody else. */
function authorities(options, target, ofAgent) {
  if (ofAgent.ca) return { ca: ofAgent.ca, from: 'agent' };
  if (options.ca) return { ca: options.ca, from: 'ca' };
  if (target.ca) return { ca: target.ca, from: 'target' };
  return { ca: options.ssl?.ca || undefined, from: 'ssl' };
}

/** Who we are. Settings of several places are not mixed: a key belongs to its certificate. */
function identity(options, target, ofAgent) {
  const isThere = ({ cert, key, pfx }) => cert || key || pfx;
  const all = (name) => ({ cert: name, key: name, pfx: name });
  if (isThere(ofAgent)) return { given: ofAgent, from: all('agent') };
  if (isThere(options)) return { given: options, from: { cert: 'cert', key: 'key', pfx: 'pfx' } };
  return { given: target.identity ?? {}, from: all('target') };
}

const isTls = ({ protocol }) => protocol === 'https:' || protocol === 'wss:';

/** The engine begins with TLS 1.2. */
function versions(least, most) {
  return { tls12: least !== 'TLSv1.3', tls13: most !== 'TLSv1.2' };
}

function pem(ca) {
  return (Array.isArray(ca) ? ca : [ca])
    .map((one) => (typeof one === 'string' ? one : Buffer.from(one).toString('latin1')))
    .join('\n');
}

module.exports = { pem, tlsOptions, versions };
