'use strict';

/** A resolver for names that end in `.test`, in the place of the C library's; see fixtures/resolver.c. Linux has it thus. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { execFileSync } = require('node:child_process');

/** @returns {{ env: Record<string, string>, remove: () => void }} the environment of processes that are to use it */
function fakeResolver() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'resolver-'));
  const library = path.join(folder, 'resolver.so');
  const source = path.join(__dirname, '..', 'fixtures', 'resolver.c');
  if (process.platform === 'linux') execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
  return { env: { LD_PRELOAD: library }, remove: () => fs.rmSync(folder, { recursive: true }) };
}

module.exports = { fakeResolver };
