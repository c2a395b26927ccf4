'use strict';

/** `rs-proxy dynamic`: a native door whose routes are registered while it runs. */

const { once } = require('node:events');
const { Command, Option } = require('commander');
const createDynamicProxy = require('../dynamic/index.js');
const { banner } = require('./banner.js');
const { doorSettings, endOnSignal, listenProblem, url } = require('./door.js');
const { doorFlags } = require('./flags.js');
const { DEFAULTS, UsageError } = require('./settings.js');
const values = require('./values.js');

const USUAL_PORT = 3000;

const HELP = `
Requests from this machine register routes:
  curl -d '{"prefix": "/test", "port": 4321}' http://localhost:3000/register`;

/**
 * @param {(act: (flags: Record<string, any>) => Promise<void>) => (...args: unknown[]) => Promise<void>} attempting says what went wrong
 * @returns {Command}
 */
function dynamicCommand(attempting) {
  const command = new Command('dynamic')
    .description('A reverse proxy whose routes are registered while it runs, as with dynamic-reverse-proxy.')
    .option(
      '-p, --port <number>',
      'port to listen on (default: $PORT, or 3000; 0: any that is free)',
      values.port,
    )
    .addOption(
      new Option(
        '--match <how>',
        'whether prefixes end anywhere, or with whole segments (default: string)',
      ).choices(['string', 'segment']),
    )
    .option('--store <file:path>', 'keep routes in a file, so that they outlive the process')
    .option(
      '--allow-target <host[:port]>',
      'where routes may lead beside localhost; repeatable',
      values.several,
    );
  return doorFlags(command).addHelpText('after', HELP).action(attempting(serveDynamic));
}

async function serveDynamic({ match, store, allowTarget: allowTargets, ...flags }) {
  const settings = { ...DEFAULTS, port: flags.port ?? portOfEnvironment(), ...flags };
  const proxy = createDynamicProxy({ match, store, allowTargets });
  const door = proxy.listen(settings.port, { host: settings.host, ...doorSettings(settings) });
  try {
    await once(door, 'listening');
  } catch (error) {
    throw listenProblem(error, settings);
  }
  endOnSignal(door, door);
  const { workers, logFile: log } = settings;
  const metrics = settings.metricsPort === undefined ? undefined : url('http', door.metricsAddress());
  const address = url('http', door.address());
  const target = `by registration: POST ${address}/register`;
  process.stdout.write(banner(process.stdout, { proxy: address, target, routes: [], workers, metrics, log }));
}

/** The variable may have either name; that of the original is in lower case. */
function portOfEnvironment() {
  const text = process.env.PORT ?? process.env.port;
  if (text === undefined || text === '') return USUAL_PORT;
  try {
    return values.port(text);
  } catch (error) {
    throw new UsageError(`The variable PORT: ${error.message}`, { cause: error });
  }
}

module.exports = { dynamicCommand };
