'use strict';

/** The package as it is published, under the names of those it stands in for; two copies and a link in one process. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { npm } = require('../../scripts/setup.js');
const { runChild } = require('../support/child.js');
const { closeAll } = require('../support/peers.js');

const ROOT = path.join(__dirname, '..', '..');
const NAMES = ['http-proxy', 'http-proxy-3', 'httpxy'];

let folder;

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'installed-'));
  const modules = path.join(folder, 'node_modules');
  const copies = NAMES.slice(0, 2).map((name) => path.join(modules, name));
  for (const copy of copies) fs.mkdirSync(copy, { recursive: true });
  const args = [...npm(), 'pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const [{ filename }] = JSON.parse(execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }));
  for (const copy of copies) {
    execFileSync('tar', ['-xzf', path.join(folder, filename), '-C', copy, '--strip-components=1']);
  }
  fs.symlinkSync(ROOT, path.join(modules, NAMES[2]), 'junction');
  installDependencies(modules);
  installPlatformPackage(modules);
  const lines = NAMES.map((name, index) => `import p${index} from '${name}';`);
  fs.writeFileSync(
    path.join(folder, 'import.mjs'),
    `${lines.join('\n')}\nexport const all = [${NAMES.map((_, index) => `p${index}`)}];\n`,
  );
}, 60_000);

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
afterEach(closeAll);

/** What npm would install beside it; nothing that tests alone have. */
function installDependencies(modules) {
  const { packages } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8'));
  for (const [place, { dev, optional }] of Object.entries(packages)) {
    if (place === '' || dev || optional) continue;
    const link = path.join(modules, path.relative('node_modules', place));
    fs.mkdirSync(path.dirname(link), { recursive: true });
    fs.symlinkSync(path.join(ROOT, place), link, 'junction');
  }
}

/** The package with the addon, as npm would install it for this platform. */
function installPlatformPackage(modules) {
  const native = path.join(ROOT, 'lib', 'native');
  const addon = fs.readdirSync(native).find((name) => name.endsWith('.node'));
  const platform = addon.split('.').at(-2);
  const place = path.join(modules, `rs-proxy-middleware-${platform}`);
  fs.mkdirSync(place);
  fs.copyFileSync(path.join(ROOT, 'npm', platform, 'package.json'), path.join(place, 'package.json'));
  fs.copyFileSync(path.join(native, addon), path.join(place, addon));
}

test('what is published works under other names, twice and through a link', async () => {
  const { code, stdout, stderr } = await runChild('installed.js', { args: [folder, ...NAMES] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const good = { status: 200, isSameImported: true, isOther: true, hasDeepPaths: true, isDeepSame: true };
  expect(JSON.parse(stdout)).toEqual(Object.fromEntries(NAMES.map((name) => [name, good])));
});

test('what is published holds the deep paths and the types', () => {
  const files = fs.readdirSync(path.join(folder, 'node_modules', 'http-proxy'), { recursive: true });
  expect(files).toEqual(
    expect.arrayContaining(
      [
        'index.d.mts',
        'index.d.ts',
        'index.mjs',
        'lib/fetch/proxy-fetch.js',
        'lib/http-proxy.js',
        'lib/http-proxy/common.js',
        'lib/http-proxy/index.js',
        'lib/http-proxy/passes/web-incoming.js',
        'lib/http-proxy/passes/web-outgoing.js',
        'lib/http-proxy/passes/ws-incoming.js',
        'lib/types/server-options.d.ts',
      ].map(path.normalize),
    ),
  );
});
