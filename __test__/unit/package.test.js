'use strict';

/** package.json says what is true: files, platforms, versions, licences. */

const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { npm } = require('../../scripts/setup.js');

const ROOT = path.join(__dirname, '..', '..');
const PERMISSIVE = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT'];
/** Rust's name of a target, and what npm and the addon's file name call it. */
const PLATFORMS = {
  'x86_64-unknown-linux-gnu': { name: 'linux-x64-gnu', os: 'linux', cpu: 'x64', libc: 'glibc' },
  'aarch64-unknown-linux-gnu': { name: 'linux-arm64-gnu', os: 'linux', cpu: 'arm64', libc: 'glibc' },
  'x86_64-unknown-linux-musl': { name: 'linux-x64-musl', os: 'linux', cpu: 'x64', libc: 'musl' },
  'aarch64-unknown-linux-musl': { name: 'linux-arm64-musl', os: 'linux', cpu: 'arm64', libc: 'musl' },
  'x86_64-apple-darwin': { name: 'darwin-x64', os: 'darwin', cpu: 'x64' },
  'aarch64-apple-darwin': { name: 'darwin-arm64', os: 'darwin', cpu: 'arm64' },
  'x86_64-pc-windows-msvc': { name: 'win32-x64-msvc', os: 'win32', cpu: 'x64' },
};

const manifest = readJson('package.json');
const lock = readJson('package-lock.json');

describe('entry points', () => {
  const named = [
    manifest.main,
    manifest.module,
    manifest.types,
    ...pathsIn(manifest.exports),
    ...Object.values(manifest.bin),
    ...manifest.files.filter((pattern) => !pattern.startsWith('!')),
  ];

  test.each([...new Set(named)])('%s exists', (name) => {
    expect(fs.existsSync(path.join(ROOT, name))).toBe(true);
  });

  test('the types stand before the code in every condition of the exports map', () => {
    for (const condition of Object.values(manifest.exports['.'])) {
      expect(Object.keys(condition)[0]).toBe('types');
    }
  });

  test('what is published holds every entry point, and no addon, test or source of Rust', () => {
    const args = [...npm(), 'pack', '--dry-run', '--json', '--ignore-scripts'];
    const [{ files }] = JSON.parse(execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' }));
    const published = files.map((file) => file.path);
    const entries = [...pathsIn(manifest.exports), ...Object.values(manifest.bin)].map(path.posix.normalize);
    expect(published).toEqual(expect.arrayContaining([...entries, 'LICENSE', 'lib/native/binding.js']));
    expect(published.filter((name) => /\.node$|\.rs$|^(__test__|bench|scripts|target)\//.test(name))).toEqual(
      [],
    );
  });
});

describe('platforms', () => {
  const targets = manifest.napi.targets;

  test('there is a folder in npm for every target, and no other', () => {
    const names = targets.map((target) => PLATFORMS[target].name);
    expect(fs.readdirSync(path.join(ROOT, 'npm')).sort()).toEqual(names.sort());
  });

  test.each(targets)('%s is described as npm chooses it', (target) => {
    const { name, os, cpu, libc } = PLATFORMS[target];
    const binary = `${manifest.napi.binaryName}.${name}.node`;
    expect(readJson(`npm/${name}/package.json`)).toMatchObject({
      name: `${manifest.napi.packageName}-${name}`,
      version: manifest.version,
      main: binary,
      files: [binary],
      os: [os],
      cpu: [cpu],
      ...(libc ? { libc: [libc] } : {}),
      license: manifest.license,
      engines: manifest.engines,
    });
  });

  test('a fresh checkout does not ask for platform packages', () => {
    expect(manifest.optionalDependencies).toBeUndefined();
  });
});

describe('dependencies', () => {
  const production = Object.entries(lock.packages).filter(([name, { dev }]) => name !== '' && !dev);

  test.each(production)('%s has a permissive licence', (name, { license }) => {
    expect(PERMISSIVE).toContain(license);
  });

  test('every one is pinned', () => {
    const ranges = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(ranges.filter((range) => !/^(npm:.+@)?\d+\.\d+\.\d+$/.test(range))).toEqual([]);
  });

  test('the lock file names no place to download from', () => {
    const resolved = Object.entries(lock.packages).filter(([, entry]) => 'resolved' in entry);
    expect(resolved).toEqual([]);
  });

  test('nothing runs when the package is installed', () => {
    const hooks = ['preinstall', 'install', 'postinstall', 'prepare'];
    expect(hooks.filter((hook) => hook in manifest.scripts)).toEqual([]);
  });
});

test('npm and cargo agree on the version', () => {
  const [, version] = /^version = "(.+)"$/m.exec(fs.readFileSync(path.join(ROOT, 'Cargo.toml'), 'utf8'));
  expect([lock.version, lock.packages[''].version, version]).toEqual(Array(3).fill(manifest.version));
});

/** The files that an entry of the exports map stands for. */
function pathsIn(exported) {
  if (typeof exported !== 'string') return Object.values(exported).flatMap(pathsIn);
  const [folder, ending] = exported.split('*');
  if (ending === undefined) return [exported];
  const files = fs.readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile() && file.name.endsWith(ending))
    .map((file) => path.relative(ROOT, path.join(file.parentPath, file.name)).replaceAll(path.sep, '/'));
}

function readJson(name) {
  return JSON.parse(fs.readFileSync(path.join(ROOT, name), 'utf8'));
}
