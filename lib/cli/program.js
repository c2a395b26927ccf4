'use strict';

/** The flags of `rs-proxy`. */

const { Command } = require('commander');
const { version } = require('../../package.json');
const { configurableCommand } = require('./configurable.js');
const { dynamicCommand } = require('./dynamic.js');
const { doorFlags } = require('./flags.js');
const { serve } = require('./serve.js');
const { UsageError, readSettings } = require('./settings.js');
const values = require('./values.js');

const CODES = `
Exit codes:
  0    ended by a signal, when all requests were answered or --grace was over
  1    could not start: the port is in use, for instance
  2    a flag or the file of --config is wrong
  130  ended by a second Ctrl-C (143: SIGTERM) before that`;

const EXAMPLES = `
Examples:
  rs-proxy --target http://localhost:9000
  rs-proxy --route /api=http://localhost:9000 --route /=http://localhost:3000
  rs-proxy --target http://localhost:9000 --rewrite '^/api=/' --workers auto --log combined
  rs-proxy --config proxy.json`;

const CANNOT_START = 1;
const WRONG_USAGE = 2;

/** @returns {Command} */
function program() {
  const command = new Command('rs-proxy')
    .enablePositionalOptions()
    .description(
      'A reverse proxy whose engine is native. Without a target it proxies a small built-in one, to try things out.',
    )
    .version(version)
    .option('-t, --target <url>', 'where requests go, such as http://localhost:9000', values.url)
    .option(
      '-r, --route <path=url>',
      'where requests below a path go, such as /api=http://localhost:9000; repeatable',
      values.route,
    )
    .option('--rewrite <regex=text>', "rewrite paths, such as '^/api=/'; repeatable", values.rewrite)
    .option('-p, --port <number>', 'port to listen on (default: 8000; 0: any that is free)', values.port)
    .option('--change-origin', 'make the Host field name the target')
    .option('--xfwd', 'add x-forwarded-* fields')
    .option('--tls-cert <file>', 'serve HTTPS with the certificates in this PEM file')
    .option('--tls-key <file>', 'the private key for them, a PEM file')
    .option('-c, --config <file>', 'read settings from a JSON file; flags count more');
  return doorFlags(command)
    .addHelpText('after', `${EXAMPLES}\n${CODES}`)
    .showHelpAfterError('(rs-proxy --help lists the options)')
    .exitOverride(endProcess)
    .usage('[options] [command]')
    .argument('[command]')
    .action((name, flags, self) => {
      if (name !== undefined) self.error(`error: unknown command '${name}'`);
      return attempting(({ route, ...others }) =>
        serve(readSettings({ ...others, ...(route && { routes: route }) })),
      )(flags, self);
    })
    .addCommand(subcommand(dynamicCommand(attempting)))
    .addCommand(subcommand(configurableCommand(attempting)));
}

function subcommand(command) {
  return command
    .showHelpAfterError(`(rs-proxy ${command.name()} --help lists the options)`)
    .exitOverride(endProcess);
}

/** Commander's own codes are not those that are documented. */
function endProcess({ exitCode }) {
  process.exit(exitCode === 0 ? 0 : WRONG_USAGE);
}

/** Runs a command; says what went wrong, and ends with the code for it. */
function attempting(act) {
  return async (flags, command) => {
    try {
      await act(flags);
    } catch (error) {
      // An option that the door refuses came from a flag or from the file.
      const isUsage = error instanceof UsageError || error.code === 'ERR_PROXY_INVALID_OPTION';
      if (isUsage) command.error(`error: ${error.message}`);
      process.stderr.write(`error: ${error.message}\n`);
      process.exit(CANNOT_START);
    }
  };
}

module.exports = { program };
