'use strict';

/**
 * `npm run fuzz -- [--seconds N] [target …]`: every fuzz target for 20 seconds, one after the other.
 * What it finds to be worth keeping stays in target/fuzz-corpus; fuzz/corpus is only read.
 */

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { ROOT, StepError, ask, main, run } = require('./steps.js');
const { checkRust } = require('./setup.js');

function fuzz() {
  const { values, positionals } = parseArgs({
    options: { seconds: { type: 'string', default: '20' } },
    allowPositionals: true,
  });
  prepare();
  const known = ask('cargo', ['+nightly', 'fuzz', 'list'])?.split('\n').filter(Boolean) ?? [];
  if (known.length === 0) throw new StepError('cargo fuzz lists no target: is there a fuzz/Cargo.toml?');
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown) throw new StepError(`no fuzz target is called ${unknown}; there are ${known.join(', ')}`);
  const targets = positionals.length > 0 ? positionals : known;
  for (const target of targets) fuzzTarget(target, values.seconds);
}

function prepare() {
  checkRust();
  if (!ask('cargo', ['+nightly', '--version'])) {
    throw new StepError(
      'Fuzzing needs the nightly toolchain: rustup toolchain install nightly --profile minimal',
    );
  }
  if (!ask('cargo', ['fuzz', '--version'])) {
    run('Installing cargo-fuzz (once, a few minutes)', 'cargo', ['install', '--locked', 'cargo-fuzz']);
  }
}

function fuzzTarget(target, seconds) {
  const found = path.join(ROOT, 'target', 'fuzz-corpus', target);
  const seeds = path.join(ROOT, 'fuzz', 'corpus', target);
  fs.mkdirSync(found, { recursive: true });
  const corpus = fs.existsSync(seeds) ? [found, seeds] : [found];
  const limits = ['--', `-max_total_time=${seconds}`, '-rss_limit_mb=2048', '-timeout=10'];
  run(`Fuzzing ${target} for ${seconds} s`, 'cargo', [
    '+nightly',
    'fuzz',
    'run',
    target,
    ...corpus,
    ...limits,
  ]);
}

main(fuzz);
