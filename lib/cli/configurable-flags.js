'use strict';

/** The flags of `rs-proxy serve`: those of configurable-http-proxy, and some of ours. */

const { Command, InvalidArgumentError, Option } = require('commander');
const { levelOf } = require('../configurable/log.js');
const { servingFlags } = require('./flags.js');
const values = require('./values.js');

const HELP = `
Environment:
  CONFIGPROXY_AUTH_TOKEN              the token that the API asks for
  CONFIGPROXY_SSL_KEY_PASSPHRASE      of --ssl-key
  CONFIGPROXY_API_SSL_KEY_PASSPHRASE  of --api-ssl-key

Requests to the API change the routes:
  curl -H "Authorization: token $CONFIGPROXY_AUTH_TOKEN" -d '{"target": "http://localhost:9000"}' http://localhost:8001/api/routes/my/app`;

/** @returns {Command} */
function configurableFlags() {
  const command = new Command('serve').description(
    'A reverse proxy whose routes are changed by a REST API, as with configurable-http-proxy.',
  );
  listenFlags(command);
  tlsFlags(command);
  routingFlags(command);
  passFlags(command);
  return processFlags(command).addHelpText('after', HELP);
}

function listenFlags(command) {
  const port = (text) => values.port(text);
  command
    .option('--ip <address>', 'public address (default: all)')
    .option('--port <number>', 'public port (default: 8000; 0: any that is free)', port)
    .addOption(new Option('--socket <path>', 'public Unix socket').conflicts(['ip', 'port']))
    .option('--api-ip <address>', 'address of the API (default: localhost)')
    .option('--api-port <number>', 'port of the API (default: the public port + 1)', port)
    .addOption(new Option('--api-socket <path>', 'Unix socket of the API').conflicts(['apiIp', 'apiPort']))
    .option('--api-insecure', 'serve the API without a token to more than this machine')
    .option(
      '--api-host <name>',
      'a name by which it may be called then, beside localhost; repeatable',
      values.several,
    )
    .option('--metrics-ip <address>', 'address for /metrics (default: all)')
    .option('--metrics-port <number>', 'port for /metrics (default: there are none)', port)
    .addOption(
      new Option('--metrics-socket <path>', 'Unix socket for /metrics').conflicts([
        'metricsIp',
        'metricsPort',
      ]),
    );
}

function tlsFlags(command) {
  command
    .option('--ssl-key <file>', 'private key for the public')
    .option('--ssl-cert <file>', 'certificate for the public')
    .option('--ssl-ca <file>', 'authorities of the certificates of clients')
    .option('--ssl-request-cert', 'ask clients for certificates')
    .option('--ssl-reject-unauthorized', 'refuse clients without a good one')
    .option('--ssl-protocol <name>', 'the one version of TLS, such as TLSv1_2')
    .option('--ssl-ciphers <list>', "ciphers as OpenSSL has them; the public is served by Node's TLS then")
    .option('--ssl-allow-rc4', 'has no effect: nothing here speaks RC4')
    .option('--ssl-dhparam <file>', "Diffie-Hellman parameters; the public is served by Node's TLS then")
    .option('--api-ssl-key <file>', 'private key for the API')
    .option('--api-ssl-cert <file>', 'certificate for the API')
    .option('--api-ssl-ca <file>', 'authorities of the certificates of those who use the API')
    .option('--api-ssl-request-cert', 'ask those who use the API for certificates')
    .option('--api-ssl-reject-unauthorized', 'refuse those without a good one')
    .option('--client-ssl-key <file>', 'private key towards targets')
    .option('--client-ssl-cert <file>', 'certificate towards targets')
    .option('--client-ssl-ca <file>', 'authorities of the certificates of targets')
    .option('--client-ssl-request-cert', 'has no effect: targets always show a certificate')
    .option(
      '--client-ssl-reject-unauthorized',
      'has no effect: targets are refused unless there is --insecure',
    )
    .option('--insecure', 'do not look at the certificates of targets');
}

function routingFlags(command) {
  command
    .option('--default-target <url>', 'where requests without a route go', target)
    .option('--host-routing', 'the first segment of a route is the host of requests')
    .option('--no-include-prefix', "do not forward the route's path")
    .option('--no-prepend-path', "do not put the target's path in front")
    .option(
      '--allow-target <host[:port]>',
      'where routes may lead: a host, a network, or unix; repeatable',
      values.several,
    )
    .addOption(
      new Option('--error-target <url>', 'a server that has pages for errors')
        .argParser(target)
        .conflicts('errorPath'),
    )
    .option('--error-path <folder>', 'a folder with pages for errors: 404.html, 503.html, error.html')
    .option('--redirect-port <number>', 'send requests on this port to HTTPS', values.port)
    .option('--redirect-to <number>', 'to this port (default: the public one)', values.port);
}

function passFlags(command) {
  command
    .option('--no-x-forward', 'do not add X-Forwarded-* fields')
    .option('--auto-rewrite', "rewrite the host in targets' redirects")
    .option('--change-origin', 'make the Host field name the target')
    .option('--protocol-rewrite <protocol>', "rewrite the protocol in targets' redirects")
    .option('--custom-header <name:value>', 'a field for all requests to targets; repeatable', field)
    .option(
      '--trust-proxy <networks>',
      'whose X-Forwarded-* fields are passed on, such as 10.0.0.0/8 (default: everybody’s)',
      networks,
    )
    .option('--timeout <ms>', 'for a client that does nothing', count)
    .option('--proxy-timeout <ms>', 'for a target that does nothing', count)
    .option('--keep-alive-timeout <ms>', 'for the next request of a connection (default: 5000)', count);
}

function processFlags(command) {
  command
    .option('--store <file:path>', 'keep routes in a file, so that they outlive the process')
    .option(
      '--storage-backend <module>',
      'a module with a class that keeps routes; Node serves all requests then',
    )
    .option('--pid-file <file>', 'write the number of the process to a file')
    .option('--log-level <level>', 'debug, info, warn or error (default: info)', level);
  return servingFlags(command, { usualLog: 'off' });
}

function target(text) {
  if (URL.canParse(text) && /^(?:https?|http\+unix|unix\+http):\/\//i.test(text)) return text;
  throw new InvalidArgumentError('Write it like http://localhost:9000.');
}

function field(text, before = {}) {
  const at = text.indexOf(':');
  const name = text.slice(0, at).trim();
  if (at < 1 || name === '')
    throw new InvalidArgumentError(`A colon was expected in custom header: ${text.trim()}`);
  if (!/^[!#$%&'*+\-.^_`|~\w]+$/.test(name))
    throw new InvalidArgumentError(`${JSON.stringify(name)} is no name of a field.`);
  return { ...before, [name]: text.slice(at + 1).trim() };
}

function count(text) {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a number of milliseconds.');
}

function level(text) {
  const name = levelOf(text);
  if (name !== undefined) return name;
  throw new InvalidArgumentError('It is debug, info, warn or error.');
}

const networks = (text) => (text === 'nobody' ? false : text.split(',').map((one) => one.trim()));

module.exports = { configurableFlags };
