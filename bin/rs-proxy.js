#!/usr/bin/env node
'use strict';

const { Command, InvalidArgumentError } = require('commander');
const { version } = require('../package.json');
const { serve } = require('../lib/cli/serve.js');

const program = new Command('rs-proxy')
  .description(
    'A reverse proxy whose engine is native. Without a target it proxies a small built-in one, to try things out.',
  )
  .version(version)
  .option('-t, --target <url>', 'where requests go, such as http://localhost:9000', url)
  .option('-p, --port <number>', 'port to listen on', port, 8000)
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--change-origin', 'make the Host field name the target', false)
  .option('--xfwd', 'add x-forwarded-* fields', false)
  .showHelpAfterError('(rs-proxy --help lists the options)')
  .action(async (options) => {
    try {
      await serve(options);
    } catch (error) {
      program.error(`error: ${error.message}`, { exitCode: 1 });
    }
  });

function url(text) {
  if (URL.canParse(text) && /^(https?|wss?):/.test(text)) return text;
  throw new InvalidArgumentError('Write it like http://localhost:9000.');
}

function port(text) {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('A port is a number from 0 to 65535.');
}

program.parseAsync();
